// Two runs one above the other on the same axes, under one time cursor; where they part is marked.

const QUEUES = 58, HEADING = 24, BELOW = 34;  // heights in pixels

class CompareView {
  constructor(model, root) {
    Object.assign(this, { model, root, limits: { end: 0, depth: 0, rate: 0 } });
    const hush = (playing) => this.now?.setAttribute("aria-live", playing ? "off" : "polite");
    this.cursor = new Cursor(() => this.moved(), hush);
    this.knobs = buildKnobs(model);
    this.build();
    this.load();
    this.toDifference();
  }

  build() {
    this.title = element("div", { class: "pw-title" });
    this.error = element("div", { class: "pw-error", role: "alert" });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.line = element("div", { class: "pw-cursor" });
    const drag = (event) => this.drag(event);
    this.chart = element("div", { class: "pw-chart", onpointerdown: drag, onpointermove: drag }, this.canvas, this.line);
    this.jump = element("button", { type: "button", onclick: () => this.toDifference() }, "First difference");
    this.cursor.box.insertBefore(this.jump, this.cursor.scrub);
    this.sentence = element("p", { class: "pw-difference" });
    this.now = element("div", { class: "pw-now", "aria-live": "polite" });
    this.goals = goalsList();
    this.words = element("div", { class: "pw-words" });
    this.table = element("details", { class: "pw-data", ontoggle: () => this.fillTable() },
      element("summary", {}, "Data"), element("div"));
    this.body = element("div", {}, this.chart, this.cursor.box, this.sentence, this.now);
    this.root.append(this.title, this.knobs.box, this.error, this.body, this.goals, this.words, this.table);
    this.root.addEventListener("keydown", (event) => this.cursor.key(event));
    this.root.addEventListener("pointerdown", (event) => {
      if (event.target.matches("canvas, .pw-chart, .pw-cursor")) this.root.focus({ preventScroll: true });
    });
  }

  // Takes over two new runs: all that does not depend on the cursor.
  load() {
    const picture = this.picture = this.model.get("picture");
    for (const run of picture.runs) this.limits = growLimits(this.limits, run, this.model.get("until"));
    this.title.textContent = picture.title;
    const findings = picture.runs.map(({ title }, i) => `${picture.labels[i]}: ${title}.`);
    this.root.setAttribute("aria-label", [`${picture.title}.`, picture.sentence, ...findings].join(" "));
    const told = picture.runs.map(({ error, note }, i) => [error, note].filter(Boolean).map((text) => `${picture.labels[i]}: ${text}`));
    this.error.textContent = told.flat().join("\n");
    this.error.hidden = !this.error.textContent;
    this.sentence.textContent = picture.sentence;
    this.jump.disabled = picture.difference === null;
    showGoals(this.goals, picture.goals);
    this.words.replaceChildren(...picture.runs.map(({ description }, i) => (description
      ? element("p", { class: "pw-words" }, `${picture.labels[i]}: ${description}`) : "")));
    this.body.hidden = picture.runs.every((run) => !run.stages.length);
    const times = picture.runs.map((run) => [...eventTimesOf(run)]).flat();
    this.cursor.load(Float64Array.from(new Set(times)).sort(), Math.max(...picture.runs.map((run) => run.makespan), 1e-9));
    this.fillTable();
    this.draw();
  }

  toDifference() {
    this.cursor.pause();
    this.cursor.moveTo(this.picture.difference ?? this.picture.runs[0].moment);
  }

  draw() {
    this.colours = coloursFor(this.model.get("palette"), this.root);
    if (this.body.hidden || !this.root.clientWidth) return;
    const runs = this.picture.runs.filter((run) => run.stages.length);
    const queues = runs.some(({ stages }) => stages.some(({ capacity }) => capacity !== 0)) ? QUEUES : 0;
    const heights = runs.map((run) => halfHeight(run, queues, this.colours));
    const { pen, width } = prepareCanvas(this.canvas, heights.reduce((sum, height) => sum + height));
    this.axis = new TimeAxis(width, this.limits.end);
    runs.forEach((run) => {
      const label = this.picture.labels[this.picture.runs.indexOf(run)];
      drawHalf(pen, this.axis, run, { label, queues, difference: this.picture.difference, limits: this.limits }, this.colours);
      pen.translate(0, heights[runs.indexOf(run)]);
    });
    this.moved();
  }

  moved() {
    if (!this.axis || this.body.hidden) return;
    const time = this.cursor.time, { runs, labels } = this.picture;
    this.line.style.transform = `translateX(${this.axis.x(time)}px)`;
    this.now.replaceChildren(...runs.map((run, i) => {
      if (!run.stages.length) return "";
      const scene = sceneAt(run, time, this.colours), balance = balanceAt(run, time, scene);
      return element("div", {}, element("strong", {}, `${labels[i]}: `), tellScene(scene, time),
        element("span", { class: "pw-balance" }, ` ${balance.text} ${balance.holds ? "✓" : "✗"}`));
    }));
  }

  drag(event) {
    if (!(event.buttons & 1)) return;
    this.cursor.pause();
    this.cursor.moveTo(this.axis.time(event.clientX - this.chart.getBoundingClientRect().left));
  }

  // A row for each item: when it was out of either run.
  fillTable() {
    if (!this.table.open) return;
    const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, `${cell}`)));
    const ends = this.picture.runs.map(lastOf);
    const items = [...new Set(ends.flatMap((end) => [...end.keys()]))].sort((one, other) => one - other);
    const head = row(["item", ...this.picture.labels.map((label) => `last seen, ${label} (s)`)], "th");
    const rows = items.map((item) => row([item, ...ends.map((end) => end.has(item) ? Number(end.get(item).toFixed(6)) : "")], "td"));
    this.table.lastChild.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }
}

// The last moment at which each item is inside, which is when it comes out or is lost.
function lastOf({ spans, makespan }) {
  const last = new Map();
  spans.item.forEach((item, i) => last.set(item, Math.max(last.get(item) ?? 0, spans.end[i] ?? makespan)));
  return last;
}

function eventTimesOf(run) {
  return [0, ...run.spans.start, ...run.spans.end.filter((end) => end !== null), ...run.out, run.makespan];
}

function halfHeight(run, queues, colours) {
  const lanes = lanesOf(run, colours);
  return HEADING + HEADROOM + lanes.length * laneHeight(lanes) + queues + BELOW;
}

// One run: its label and finding, its lanes, and its queues if either run has any; the same parts as
// in the chart of a player.
function drawHalf(pen, axis, run, { label, queues, difference, limits }, colours) {
  const lanes = lanesOf(run, colours), high = laneHeight(lanes), bottom = HEADROOM + lanes.length * high + queues;
  pen.font = `600 13px ${FONT}`;
  const wide = pen.measureText(label).width;
  write(pen, label, 2, 12, { colour: colours.ink, size: 13, weight: 600 });
  write(pen, run.title, 12 + wide, 12, { colour: colours.quiet, room: axis.to + RIGHT - wide - 20 });
  pen.save();
  pen.translate(0, HEADING);
  drawTimeTicks(pen, axis, HEADROOM, bottom, colours);
  lanes.forEach((lane, row) => drawLane(pen, axis, HEADROOM + row * high, high, lane, run, null, colours));
  drawLosses(pen, axis, high, lanes, run, colours);
  if (queues) drawStepsPanel(pen, axis, bottom - queues + 8, queues - 8, depthPanel(run, null, limits, colours), colours);
  const marks = [{ time: run.makespan, name: "end", colour: colours.ink }];
  if (difference !== null) marks.push({ time: difference, name: "first difference", colour: colours.ink, bold: true });
  drawMarks(pen, axis, bottom, marks, colours);
  pen.restore();
}

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group", tabindex: 0 });
  el.append(root);
  const view = new CompareView(model, root);
  const load = () => view.load();
  model.on("change:picture", load);
  const stopWatching = watchPage(root, () => view.draw());
  return () => {
    view.cursor.pause();
    view.knobs.close();
    model.off("change:picture", load);
    stopWatching();
  };
}

export default { render };
