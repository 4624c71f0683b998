// The chart of a recorded run: a lane per worker, queue depths, throughput; with the run before this
// one in grey, and the reader's prediction.

const HEADROOM = 22, DEPTHS = 84, RATES = 62, SPACE = 26;

// Limits of the axes. They grow when a run needs it and never shrink, so that runs can be compared.
function growLimits(limits, picture, until) {
  const depths = picture.stages.flatMap((stage) => [...stage.depth.values, stage.capacity <= 50 ? stage.capacity : 0]);
  return {
    end: until ?? Math.max(limits.end, niceAbove(picture.makespan * 1.02)),
    depth: Math.max(limits.depth, niceAbove(largest(depths, 1))),
    rate: Math.max(limits.rate, niceAbove(largest(picture.throughput.values, 0.1))),
  };
}

// Where a prediction belongs: on the axis of time, at a height of the last panel, or in words only.
function isTime(prediction) { return prediction?.unit === "s"; }

function isRate(prediction) { return Boolean(prediction?.unit.endsWith("/s")); }

function lanesOf(picture, colours) {
  const lanes = [{ place: -1, worker: 0, label: "source", colour: colours.neutral, ink: colours.neutralInk }];
  picture.stages.slice(0, -1).forEach((stage, place) => {
    for (let worker = 0; worker < stage.workers; worker += 1) {
      const label = stage.workers > 1 ? `${stage.name} ${worker}` : stage.name;
      lanes.push({ place, worker, label, ...hue(colours, place) });
    }
  });
  return lanes;
}

function laneHeight(lanes) { return lanes.length > 12 ? 16 : 22; }

function chartHeight(picture, colours) {
  const lanes = lanesOf(picture, colours);
  return HEADROOM + lanes.length * laneHeight(lanes) + SPACE / 2 + DEPTHS + SPACE / 2 + RATES + SPACE;
}

function drawChart(pen, width, { picture, ghost, limits, prediction }, colours) {
  const lanes = lanesOf(picture, colours), high = laneHeight(lanes);
  const axis = new TimeAxis(width, limits.end);
  const depthTop = HEADROOM + lanes.length * high + SPACE / 2, rateTop = depthTop + DEPTHS + SPACE / 2;
  const bottom = rateTop + RATES;
  drawTimeTicks(pen, axis, HEADROOM, bottom, colours);
  lanes.forEach((lane, row) => drawLane(pen, axis, HEADROOM + row * high, high, lane, picture, ghost, colours));
  drawLosses(pen, axis, high, lanes, picture, colours);
  drawStepsPanel(pen, axis, depthTop, DEPTHS, depthPanel(picture, ghost, limits, colours), colours);
  const rate = ratePanel(picture, ghost, limits, colours);
  if (isRate(prediction)) rate.guess = prediction.value;
  drawStepsPanel(pen, axis, rateTop, RATES, rate, colours);
  const marks = [{ time: picture.makespan, name: "end", colour: colours.ink }];
  if (ghost) marks.push({ time: ghost.makespan, name: "before", colour: colours.ghost });
  if (isTime(prediction)) marks.push({ time: prediction.value, name: "you said", colour: colours.ink, bold: true });
  drawMarks(pen, axis, bottom, marks, colours);
  return axis;
}

function drawLane(pen, axis, top, high, lane, picture, ghost, colours) {
  write(pen, lane.label, LEFT - 8, top + high / 2, { colour: colours.ink, align: "right", room: LEFT - 12 });
  if (lane.place >= 0) {  // starved is what lies beneath: an empty outline
    pen.strokeStyle = colours.quiet;
    pen.lineWidth = 0.75;
    pen.strokeRect(axis.from, top + 3, axis.x(picture.makespan) - axis.from, high - 6);
  }
  const stripes = hatch(pen, lane.colour);
  const marks = picture.marks.filter((mark) => mark.place === lane.place && mark.worker === lane.worker);
  forSpans(picture, lane, (state, item, start, end) => {
    const from = axis.x(start), wide = axis.x(end) - from;
    const bar = [from, top + 3, wide > 5 ? wide - 1 : wide + 0.4, high - 6];  // no seams in a crowd
    pen.fillStyle = state === 1 ? lane.colour : colours.page;
    pen.fillRect(...bar);
    if (state === 2) {
      pen.fillStyle = stripes;
      pen.fillRect(...bar);
    }
    const again = state === 1 ? retryIn(marks, item, start, end) : null;
    const solid = again === null ? wide : axis.x(again) - from;
    if (again !== null) drawRetry(pen, from + solid, top + 3, wide - solid, high - 6, lane, colours);
    if (state === 1 && solid > 6 + 7 * `${item}`.length) {
      write(pen, `${item}`, from + solid / 2, top + high / 2 + 0.5, { colour: lane.ink, align: "center" });
    }
  });
  for (const { kind, time } of marks) {
    if (kind !== "retry") drawDiamond(pen, axis.x(time), top + high / 2, kind, lane, colours);
  }
  if (!ghost) return;
  pen.fillStyle = colours.ghost;
  forSpans(ghost, lane, (state, item, start, end) => {
    if (state === 1) pen.fillRect(axis.x(start), top + high - 2.5, axis.x(end) - axis.x(start) - 0.5, 2.5);
  });
}

// When, while a worker was at an item, it tried again for the first time; null if it never did.
function retryIn(marks, item, start, end) {
  const again = marks.find((mark) => mark.kind === "retry" && mark.item === item && start <= mark.time && mark.time < end);
  return again ? again.time : null;
}

function drawRetry(pen, x, y, width, height, lane, colours) {
  pen.fillStyle = colours.page;
  pen.fillRect(x, y, width - 1, height);
  pen.strokeStyle = lane.colour;
  pen.lineWidth = 2;
  pen.setLineDash([4, 3]);
  pen.strokeRect(x + 1, y + 1, width - 3, height - 2);
  pen.setLineDash([]);
}

// An answer without a call: full from a cache, hollow if it is a substitute.
function drawDiamond(pen, x, y, kind, lane, colours) {
  diamond(pen, x, y, 6);
  pen.fillStyle = kind === "hit" ? lane.colour : colours.page;
  pen.fill();
  pen.strokeStyle = kind === "hit" ? colours.page : lane.colour;
  pen.lineWidth = 1.5;
  pen.stroke();
}

// Calls `visit` for what a worker did: working (1) or blocked (2).
function forSpans({ spans, makespan }, lane, visit) {
  for (let i = 0; i < spans.item.length; i += 1) {
    if (spans.place[i] === lane.place && spans.worker[i] === lane.worker && spans.state[i] > 0) {
      visit(spans.state[i], spans.item[i], spans.start[i], spans.end[i] ?? makespan);
    }
  }
}

// In a crowd only some of the crosses are drawn, or they would hide the lane and each other.
function drawLosses(pen, axis, high, lanes, picture, colours) {
  const free = lanes.map(() => -Infinity);
  for (const loss of picture.losses) {
    const row = lanes.findIndex((lane) => lane.place === loss.place && lane.worker === loss.worker);
    const x = axis.x(loss.time), y = HEADROOM + (row + 0.5) * high;
    if (x < free[row]) continue;
    free[row] = x + 14;
    pen.lineCap = "round";
    for (const [width, colour] of [[6, colours.page], [3, colours.loss]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(x - 5, y - 5);
      pen.lineTo(x + 5, y + 5);
      pen.moveTo(x + 5, y - 5);
      pen.lineTo(x - 5, y + 5);
      pen.stroke();
    }
    pen.lineCap = "butt";
  }
}

function depthPanel(picture, ghost, limits, colours) {
  const series = picture.stages.map((stage, place) => {
    const sink = place === picture.stages.length - 1;
    return {
      steps: stage.depth, capacity: stage.capacity, until: picture.makespan, ghostUntil: ghost?.makespan,
      colour: sink ? colours.neutral : hue(colours, place).colour,
      ghost: ghost?.stages[place]?.depth,
      label: stage.capacity === 0 ? "" : sink ? "results" : `→ ${stage.name}`,
    };
  });
  const queues = series.filter((one) => one.capacity !== 0);
  const note = queues.length ? "" : NO_BUFFERS;
  return { title: "queued", most: limits.depth, series: queues, note };
}

function ratePanel(picture, ghost, limits, colours) {
  const { throughput, makespan } = picture;
  const series = {
    steps: throughput, until: makespan, colour: colours.ink, label: `over ${seconds(throughput.window)}`,
    ghost: ghost?.throughput, ghostUntil: ghost?.makespan,
  };
  return { title: "items/s out", most: limits.rate, series: [series] };
}

// Moments on the time axis with their names on top, which move aside where they would overlap.
function drawMarks(pen, axis, bottom, marks, colours) {
  let free = 0;
  for (const { time, name, colour, bold } of marks.sort((one, other) => one.time - other.time)) {
    const x = Math.round(axis.x(time)) + 0.5;
    pen.strokeStyle = colour;
    pen.lineWidth = bold ? 2 : 1;
    pen.setLineDash(bold ? [7, 4] : [2, 3]);
    pen.beginPath();
    pen.moveTo(x, HEADROOM - 4);
    pen.lineTo(x, bottom);
    pen.stroke();
    pen.setLineDash([]);
    const label = `${name}: ${seconds(time)}`, weight = bold ? 700 : 400;
    pen.font = `${weight} 12px ${FONT}`;
    const half = pen.measureText(label).width / 2, centre = Math.max(x, free + half);
    write(pen, label, centre, HEADROOM - 12, { colour: colours.ink, align: "center", weight });
    free = centre + half + 10;
  }
}
