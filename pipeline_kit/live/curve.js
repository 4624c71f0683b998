// A curve of a measure against a knob. Each point is a run: a click opens it, and so do the arrow
// keys and Enter. A run that failed is a cross at the bottom.

const CURVE_HEIGHT = 210, MARGIN = { left: 64, right: 26, top: 22, bottom: 40 }, REACH = 30;

class CurveView {
  constructor(model, root) {
    Object.assign(this, { model, root, at: model.get("opened") });
    this.build();
    this.load();
  }

  build() {
    this.title = element("div", { class: "pw-title" });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.chart = element("div", {
      class: "pw-curve", role: "slider", tabindex: 0,
      onkeydown: (event) => this.key(event),
      onpointermove: (event) => this.moveTo(this.nearest(event)),
      onpointerleave: () => this.moveTo(this.model.get("opened")),
      onclick: (event) => this.open(this.nearest(event)),
    }, this.canvas);
    this.words = element("p", { class: "pw-words", "aria-live": "polite" });
    this.table = element("details", { class: "pw-data" }, element("summary", {}, "Data"), element("div"));
    this.cover = element("div", { class: "pw-cover" }, "The runs are covered until you have locked in your prediction.");
    this.body = element("div", {}, this.chart, this.words, this.table);
    this.root.append(this.title, this.cover, this.body);
  }

  get covered() {
    const prediction = this.model.get("prediction");
    return Boolean(prediction) && !prediction.locked;
  }

  // What the reader has predicted, if it can stand on the axis.
  get guess() {
    const prediction = this.model.get("prediction");
    return prediction?.locked && prediction.unit === this.model.get("curve").unit ? prediction.value : null;
  }

  get points() { return this.model.get("curve").points; }

  load() {
    const { knob, label, description } = this.model.get("curve");
    this.title.textContent = this.covered ? this.model.get("prediction").question : this.model.get("title");
    this.root.setAttribute("aria-label", this.covered ? this.title.textContent : description);
    this.body.hidden = this.covered;
    this.cover.hidden = !this.covered;
    for (const [name, value] of Object.entries({ min: 0, max: this.points.length - 1 })) {
      this.chart.setAttribute(`aria-value${name}`, value);
    }
    this.chart.setAttribute("aria-label", `${label} against ${plain(knob)}; Enter opens the run`);
    this.fillTable();
    this.show();
  }

  // The point under the pointer or chosen by keys; it is marked, but not open yet.
  moveTo(at) {
    if (at === this.at) return;
    this.at = at;
    this.show();
  }

  open(at) {
    this.moveTo(at);
    this.model.set("opened", at);
    this.model.save_changes();
    this.show();
  }

  key(event) {
    const last = this.points.length - 1;
    const act = {
      ArrowRight: () => this.moveTo(Math.min(last, this.at + 1)), ArrowLeft: () => this.moveTo(Math.max(0, this.at - 1)),
      Home: () => this.moveTo(0), End: () => this.moveTo(last),
      Enter: () => this.open(this.at), " ": () => this.open(this.at),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  nearest(event) {
    const x = event.clientX - this.chart.getBoundingClientRect().left;
    const away = this.points.map((point) => Math.abs(this.x(point.value) - x));
    return away.indexOf(Math.min(...away));
  }

  show() {
    const open = this.model.get("opened"), here = this.points[this.at];
    const hint = this.at === open ? "This run is open below." : "Click, or press Enter, to open its run.";
    this.words.textContent = `${this.say(here)}. ${hint}`;
    this.chart.setAttribute("aria-valuenow", this.at);
    this.chart.setAttribute("aria-valuetext", this.say(here));
    this.draw();
  }

  say({ value, measure, error }) {
    const { knob, unit } = this.model.get("curve"), where = `at ${plain(knob)} ${round(value)}`;
    return measure === null ? `The run ${where} failed: ${error}` : `${round(measure)} ${unit} ${where}`.replace("  ", " ");
  }

  draw() {
    const colours = coloursFor(this.model.get("palette"), this.root);
    if (this.covered || !this.root.clientWidth) return;
    const { pen, width } = prepareCanvas(this.canvas, CURVE_HEIGHT);
    const values = this.points.map((point) => point.value), [low, high] = [values[0], values.at(-1)];
    const most = niceAbove(largest([this.guess ?? 0, ...this.points.map((point) => point.measure ?? 0)]) || 1);
    const across = width - MARGIN.left - MARGIN.right, down = CURVE_HEIGHT - MARGIN.top - MARGIN.bottom;
    this.x = (value) => MARGIN.left + ((value - low) / (high - low)) * across;
    this.y = (measure) => MARGIN.top + down - (measure / most) * down;
    this.drawAxes(pen, width, most, values, colours);
    if (this.guess !== null) this.drawGuess(pen, width, colours);
    this.drawLine(pen, colours);
    this.points.forEach((point, at) => this.drawPoint(pen, point, at, colours));
  }

  drawAxes(pen, width, most, values, colours) {
    const { knob, label, unit } = this.model.get("curve"), bottom = this.y(0);
    write(pen, unit ? `${label} (${unit})` : label, MARGIN.left - 40, 9, { colour: colours.ink, weight: 600 });
    pen.strokeStyle = colours.line;
    for (const tick of [0, most / 2, most]) {
      const y = Math.round(this.y(tick)) + 0.5;
      pen.lineWidth = tick ? 0.5 : 1;
      stroke(pen, [[MARGIN.left, y], [width - MARGIN.right, y]]);
      write(pen, grouped(tick), MARGIN.left - 14, y, { colour: colours.quiet, align: "right" });
    }
    let free = -Infinity;
    for (const value of values) {
      if (this.x(value) < free) continue;
      write(pen, `${round(value)}`, this.x(value), bottom + 14, { colour: colours.quiet, align: "center" });
      free = this.x(value) + REACH;
    }
    const middle = (MARGIN.left + width - MARGIN.right) / 2;
    write(pen, plain(knob), middle, bottom + 31, { colour: colours.ink, align: "center", weight: 600 });
  }

  drawGuess(pen, width, colours) {
    const y = this.y(this.guess), { unit } = this.model.get("curve");
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.setLineDash([7, 4]);
    stroke(pen, [[MARGIN.left, y], [width - MARGIN.right, y]]);
    pen.setLineDash([]);
    write(pen, `you said: ${round(this.guess)} ${unit}`, MARGIN.left + 8, y - 9, { colour: colours.ink, weight: 700 });
  }

  drawLine(pen, colours) {
    pen.strokeStyle = colours.stages[0];
    pen.lineWidth = 2;
    const place = ({ value, measure }) => [this.x(value), this.y(measure)];
    this.points.slice(1).forEach((point, at) => {
      const ends = [this.points[at], point];
      if (ends.every((end) => end.measure !== null)) stroke(pen, ends.map(place));
    });
  }

  drawPoint(pen, { value, measure }, at, colours) {
    const [x, y] = [this.x(value), this.y(measure ?? 0)], open = at === this.model.get("opened");
    if (measure === null) {
      pen.strokeStyle = colours.loss;
      pen.lineWidth = 3;
      stroke(pen, [[x - 5, y - 5], [x + 5, y + 5]]);
      stroke(pen, [[x + 5, y - 5], [x - 5, y + 5]]);
    } else {
      pen.fillStyle = open ? colours.stages[0] : colours.page;
      pen.strokeStyle = colours.stages[0];
      pen.lineWidth = 2;
      disc(pen, x, y, open ? 7 : 4);
    }
    if (at !== this.at) return;
    pen.fillStyle = "transparent";
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 1.5;
    disc(pen, x, y, 11);
  }

  fillTable() {
    const { knob, label, unit } = this.model.get("curve");
    const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, `${cell}`)));
    const head = row([plain(knob), unit ? `${label} (${unit})` : label], "th");
    const rows = this.points.map(({ value, measure, error }) => row([round(value), measure === null ? error : round(measure)], "td"));
    this.table.lastChild.replaceChildren(
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }
}

function stroke(pen, corners) {
  pen.beginPath();
  corners.forEach(([x, y]) => pen.lineTo(x, y));
  pen.stroke();
}

function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}

function plain(name) { return name.replaceAll("_", " "); }

function round(value) { return Number(value.toPrecision(4)); }

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group" });
  el.append(root);
  const view = new CurveView(model, root);
  const load = () => view.load(), opened = () => view.moveTo(model.get("opened"));
  model.on("change:curve", load);
  model.on("change:opened", opened);
  model.on("change:prediction", load);
  const stopWatching = watchPage(root, () => view.draw());
  return () => {
    model.off("change:curve", load);
    model.off("change:opened", opened);
    model.off("change:prediction", load);
    stopWatching();
  };
}

export default { render };
