// Panels over one time axis: where a time is in pixels, ticks, steps with their labels.

const LEFT = 104, RIGHT = 112;
const NO_BUFFERS = "no buffers: each item is handed over directly";

class TimeAxis {
  constructor(width, end) {
    this.end = end;
    this.from = LEFT;
    this.to = Math.max(width - RIGHT, LEFT + 100);
  }

  x(time) { return this.from + (Math.min(time, this.end) / this.end) * (this.to - this.from); }

  time(x) { return Math.min(1, Math.max(0, (x - this.from) / (this.to - this.from))) * this.end; }

  ticks() {
    const step = niceAbove(this.end / ((this.to - this.from) / 70), [1, 2, 5, 10]);
    return Array.from({ length: Math.floor(this.end / step + 1e-6) + 1 }, (_, i) => i * step);
  }
}

function drawTimeTicks(pen, axis, top, bottom, colours) {
  for (const tick of axis.ticks()) {
    const x = Math.round(axis.x(tick)) + 0.5;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 0.5;
    pen.beginPath();
    pen.moveTo(x, top);
    pen.lineTo(x, bottom);
    pen.stroke();
    write(pen, grouped(tick), x, bottom + 11, { colour: colours.quiet, align: "center" });
  }
  write(pen, "seconds", axis.to + 18, bottom + 11, { colour: colours.quiet });
}

// A panel of step functions: { title, most, note, guess, series: [{ steps, colour, label, capacity, ghost }] }.
function drawStepsPanel(pen, axis, top, height, panel, colours) {
  const y = (value) => top + height - (Math.min(value, panel.most) / panel.most) * (height - 6);
  write(pen, panel.title, LEFT - 30, top + height / 2 + 3, { colour: colours.ink, align: "right", room: LEFT - 34 });
  for (const value of [0, panel.most]) {
    write(pen, grouped(value), LEFT - 6, y(value) + (value ? 3 : -3), { colour: colours.quiet, align: "right" });
  }
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(axis.from, top + height + 0.5);
  pen.lineTo(axis.to, top + height + 0.5);
  pen.stroke();
  if (panel.note) {
    const wide = Math.min(noteWidth(pen, panel.note), axis.to - axis.from - 20) + 12;
    pen.fillStyle = colours.page;  // over the ticks
    pen.fillRect(axis.from + 4, top + height / 2 - 9, wide, 18);
    write(pen, panel.note, axis.from + 10, top + height / 2, { colour: colours.quiet, room: axis.to - axis.from - 20 });
  }
  for (const { ghost, ghostUntil } of panel.series) {
    if (ghost) drawSteps(pen, axis, y, ghost, colours.ghost, 0, ghostUntil);
  }
  panel.series.forEach((series, index) => drawSeries(pen, axis, y, series, index, panel.most));
  if (panel.guess !== undefined) drawGuess(pen, axis, y(panel.guess), panel, colours);
  drawSeriesLabels(pen, axis, y, panel.series, top, top + height, panel.most, colours);
}

// What the reader has said, at its height.
function drawGuess(pen, axis, height, { guess, most }, colours) {
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2;
  pen.setLineDash([7, 4]);
  pen.beginPath();
  pen.moveTo(axis.from, height);
  pen.lineTo(axis.to, height);
  pen.stroke();
  pen.setLineDash([]);
  const label = guess > most / 2 ? height + 10 : height - 10;
  write(pen, `you said: ${grouped(guess)}`, axis.from + 8, label, { colour: colours.ink, weight: 700 });
}

function noteWidth(pen, text) {
  pen.font = `400 12px ${FONT}`;
  return pen.measureText(text).width;
}

function drawSeries(pen, axis, y, series, index, most) {
  if (series.capacity && series.capacity <= most) {
    pen.strokeStyle = series.colour;
    pen.lineWidth = 1.2;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    pen.moveTo(axis.from, y(series.capacity) + 0.5);
    pen.lineTo(axis.to, y(series.capacity) + 0.5);
    pen.stroke();
    pen.setLineDash([]);
  }
  // Lines that coincide lie beside each other, so that none hides another.
  drawSteps(pen, axis, y, series.steps, series.colour, -1.5 * index, series.until);
}

function drawSteps(pen, axis, y, steps, colour, shift, until = Infinity) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(axis.from, y(0) + shift);
  let value = 0;
  steps.times.forEach((time, index) => {
    pen.lineTo(axis.x(time), y(value) + shift);
    value = steps.values[index];
    pen.lineTo(axis.x(time), y(value) + shift);
  });
  pen.lineTo(axis.x(Math.min(until, axis.end)), y(value) + shift);
  pen.stroke();
}

// Labels stand where their lines end, or at the capacity if it is in sight; those that would overlap are moved apart, from
// the bottom up, and back down where the uppermost would leave the panel.
function drawSeriesLabels(pen, axis, y, all, top, bottom, most, colours) {
  const labels = all.filter((series) => series.label).map((series) => ({
    ...series, at: y((series.capacity <= most && series.capacity) || series.steps.values.at(-1) || 0),
  })).sort((one, other) => other.at - one.at);
  let floor = bottom - 5, ceiling = top + 5;
  for (const label of labels) floor = (label.place = Math.min(label.at, floor)) - 15;
  for (const label of labels.toReversed()) ceiling = (label.place = Math.max(label.place, ceiling)) + 15;
  for (const { label, colour, place } of labels) {
    pen.fillStyle = colour;
    pen.fillRect(axis.to + 5, place - 4, 8, 8);
    write(pen, label, axis.to + 18, place, { colour: colours.ink, room: RIGHT - 20 });
  }
}
