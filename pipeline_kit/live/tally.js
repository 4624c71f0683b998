// A tally: a square for each run of a search, filled if the run failed. A click opens a run, and so
// do the arrow keys; two buttons lead from one failure to another.

const SQUARE = { least: 12, most: 18 };

class TallyView {
  constructor(model, root) {
    Object.assign(this, { model, root });
    this.knobs = buildKnobs(model);
    this.build();
    this.load();
  }

  build() {
    this.title = element("div", { class: "pw-title" });
    this.said = element("div", { class: "pw-said" });
    this.cover = element("div", { class: "pw-cover" },
      "The runs are covered until you have locked in your prediction.");
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.chart = element("div", {
      class: "pw-curve", role: "slider", tabindex: 0, "aria-label": "schedule", "aria-valuemin": 0,
      onkeydown: (event) => this.key(event), onclick: (event) => this.open(this.under(event)),
    }, this.canvas);
    const button = (text, act) => element("button", { type: "button", onclick: act }, text);
    this.buttons = element("div", { class: "pw-controls", role: "toolbar", "aria-label": "failures" },
      button("Shortest failure", () => this.open(this.tally.shortest)),
      button("Next failure", () => this.open(this.next(true))),
      button("Next that passes", () => this.open(this.next(false))));
    this.words = element("p", { class: "pw-words", "aria-live": "polite" });
    this.goals = goalsList();
    this.root.append(this.title, this.said, this.cover, this.knobs.box, this.chart, this.buttons, this.words, this.goals);
  }

  get tally() { return this.model.get("tally"); }

  get at() { return this.model.get("opened"); }

  load() {
    const covered = !this.tally.failed;
    this.title.textContent = this.model.get("title");
    this.said.textContent = this.model.get("said");
    this.root.setAttribute("aria-label", this.title.textContent);
    this.cover.hidden = !covered;
    for (const part of [this.knobs.box, this.chart, this.buttons, this.words]) part.hidden = covered;
    this.knobs.box.hidden ||= !this.model.get("knobs").length;
    showGoals(this.goals, covered ? [] : this.model.get("goals"));
    if (covered) return;
    const failures = this.tally.failed.filter(Boolean).length;
    const [shortest, another, passes] = this.buttons.children;
    shortest.disabled = another.disabled = !failures;
    passes.disabled = failures === this.tally.failed.length;
    this.chart.setAttribute("aria-valuemax", this.tally.failed.length - 1);
    this.show();
  }

  open(number) {
    if (number === null || number === undefined) return;
    this.model.set("opened", number);
    this.model.save_changes();
    this.show();
  }

  // The next run after the open one, round in a circle, that failed or did not.
  next(failed) {
    const all = this.tally.failed, from = this.at + 1;
    return [...all.keys()].map((step) => (from + step) % all.length).find((number) => all[number] === failed);
  }

  key(event) {
    const { failed, across } = this.tally, last = failed.length - 1;
    const way = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -last, End: last }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.open(Math.min(last, Math.max(0, this.at + way)));
  }

  under(event) {
    const box = this.chart.getBoundingClientRect(), { across, failed } = this.tally;
    const column = Math.min(across - 1, Math.floor((event.clientX - box.left) / this.side));
    const number = Math.floor((event.clientY - box.top) / this.side) * across + column;
    return Math.min(failed.length - 1, Math.max(0, number));
  }

  show() {
    const { failed, steps, seconds: times } = this.tally, at = this.at;
    const said = `Schedule ${at} ${failed[at] ? "fails" : "passes"}: ${steps[at]} steps, ${seconds(times[at])}. It is open below.`;
    this.words.textContent = said;
    this.chart.setAttribute("aria-valuenow", at);
    this.chart.setAttribute("aria-valuetext", said);
    this.draw();
  }

  draw() {
    const colours = coloursFor(this.model.get("palette"), this.root);
    if (this.chart.hidden || !this.root.clientWidth) return;
    const { failed, across } = this.tally;
    this.side = Math.min(SQUARE.most, Math.max(SQUARE.least, Math.floor(this.chart.clientWidth / across)));
    const { pen } = prepareCanvas(this.canvas, Math.ceil(failed.length / across) * this.side + 6);
    failed.forEach((bad, number) => this.drawSquare(pen, number, bad, colours));
  }

  drawSquare(pen, number, bad, colours) {
    const { across } = this.tally, side = this.side, inner = side - 6;
    const [x, y] = [(number % across) * side + 3, Math.floor(number / across) * side + 3];
    pen.lineWidth = 1;
    pen.strokeStyle = bad ? colours.ink : colours.quiet;
    pen.fillStyle = bad ? colours.ink : "transparent";
    pen.fillRect(x, y, inner, inner);
    pen.strokeRect(x + 0.5, y + 0.5, inner - 1, inner - 1);
    if (number !== this.at) return;
    pen.lineWidth = 2;
    pen.strokeStyle = colours.stages[0];
    pen.strokeRect(x - 2, y - 2, inner + 4, inner + 4);
  }
}

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group" });
  el.append(root);
  const view = new TallyView(model, root);
  const load = () => view.load();
  const watched = ["tally", "title", "said", "goals", "opened"].map((name) => `change:${name}`);
  for (const event of watched) model.on(event, load);
  const stopWatching = watchPage(root, () => view.draw());
  return () => {
    view.knobs.close();
    for (const event of watched) model.off(event, load);
    stopWatching();
  };
}

export default { render };
