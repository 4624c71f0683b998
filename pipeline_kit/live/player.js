// A recorded run under one time cursor: sliders, the strip, the chart, the controls, the words.

const MOST_ROWS = 1000;

class PlayerView {
  constructor(model, root) {
    Object.assign(this, { model, root, ghost: null, limits: { end: 0, depth: 0, rate: 0 }, strip: new Strip() });
    // While it plays, nobody wants each moment read out.
    const hush = (playing) => this.live?.setAttribute("aria-live", playing ? "off" : "polite");
    this.cursor = new Cursor(() => this.moved(), hush);
    this.knobs = buildKnobs(model, () => { this.ghost = model.get("picture"); });
    this.build();
    this.load();
    this.cursor.moveTo(model.get("picture").moment);
  }

  build() {
    this.title = element("div", { class: "pw-title" });
    this.error = element("div", { class: "pw-error", role: "alert" });
    this.stripCanvas = element("canvas", { "aria-hidden": "true" });
    this.chartCanvas = element("canvas", { "aria-hidden": "true" });
    this.line = element("div", { class: "pw-cursor" });
    const drag = (event) => this.drag(event);
    this.chart = element("div", { class: "pw-chart", onpointerdown: drag, onpointermove: drag },
      this.chartCanvas, this.line);
    this.said = element("div", { class: "pw-said" });
    this.balance = element("div", { class: "pw-balance" });
    this.law = element("div", { class: "pw-law" });
    this.live = element("span", { "aria-live": "polite" });
    this.goals = goalsList();
    this.words = element("p", { class: "pw-words" });
    this.table = element("details", { class: "pw-data", ontoggle: () => this.fillTable() },
      element("summary", {}, "Data"), element("div"));
    this.cover = element("div", { class: "pw-cover" });
    this.body = element("div", {}, element("div", { class: "pw-strip" }, this.stripCanvas), this.chart, this.cursor.box,
      element("div", { class: "pw-now" }, this.balance, this.law, this.live), this.goals, this.words, this.table);
    this.root.append(this.title, this.said, this.cover, this.knobs.box, this.error, this.body);
    this.root.addEventListener("keydown", (event) => { if (!this.covered) this.cursor.key(event); });
    this.root.addEventListener("pointerdown", (event) => {
      if (event.target.matches("canvas, .pw-chart, .pw-cursor")) this.root.focus({ preventScroll: true });
    });
  }

  get covered() {
    const prediction = this.model.get("prediction");
    return Boolean(prediction) && !prediction.locked;
  }

  // Takes over a new run: all that does not depend on the cursor.
  load() {
    const picture = this.picture = this.model.get("picture");
    if (!picture.stages.length) this.ghost = null;
    this.limits = growLimits(this.limits, picture, this.model.get("until"));
    this.title.textContent = this.covered ? this.model.get("prediction").question : picture.title;
    this.root.setAttribute("aria-label", this.title.textContent);
    this.error.textContent = [picture.error, picture.note].filter(Boolean).join(" ");
    this.words.textContent = picture.description;
    showGoals(this.goals, picture.goals);
    this.cover.textContent = "The run is covered until you have locked in your prediction.";
    this.cover.hidden = !this.covered;
    const guess = this.model.get("prediction");
    this.said.textContent = guess?.locked && !isTime(guess) ? `You said: ${guess.value} ${guess.unit}` : "";
    this.body.hidden = this.covered || !picture.stages.length;
    this.knobs.box.hidden = this.covered || !this.model.get("knobs").length;
    this.error.hidden = this.covered || !this.error.textContent;
    this.cursor.load(eventTimes(picture), Math.max(picture.makespan, 1e-9));
    this.fillTable();
    this.drawAll();
  }

  drawAll() {
    this.colours = coloursFor(this.model.get("palette"), this.root);
    if (this.body.hidden || !this.root.clientWidth) return;
    const { pen, width } = prepareCanvas(this.chartCanvas, chartHeight(this.picture, this.colours));
    const guess = this.model.get("prediction");
    const prediction = guess?.locked && guess.value !== null ? guess : null;
    if (isTime(prediction)) this.limits.end = Math.max(this.limits.end, niceAbove(guess.value * 1.02));
    if (isRate(prediction)) this.limits.rate = Math.max(this.limits.rate, niceAbove(guess.value));
    this.axis = drawChart(pen, width, { ...this, prediction }, this.colours);
    this.height = Strip.height(width, this.picture.stages);
    this.stage = prepareCanvas(this.stripCanvas, this.height);
    this.strip.at.clear();
    this.moved();
  }

  moved() {
    if (!this.axis || this.body.hidden) return;
    const time = this.cursor.time;
    this.scene = sceneAt(this.picture, time, this.colours);
    const balance = balanceAt(this.picture, time, this.scene);
    this.balance.textContent = `${balance.text} ${balance.holds ? "✓" : "✗"}`;
    this.law.textContent = tellLittle(littleAt(this.picture, time));
    this.live.textContent = tellScene(this.scene, time);
    this.line.style.transform = `translateX(${this.axis.x(time)}px)`;
    cancelAnimationFrame(this.frame);
    this.last = performance.now();
    this.glide(this.last, wantsNoMotion() || !this.strip.at.size ? 1 : 0.15);
  }

  // Draws the strip, again and again until all circles are where they belong.
  glide(now, part = 1 - Math.exp(-Math.max(0, now - this.last) / 70)) {
    this.last = now;
    const { pen, width } = this.stage;
    const moving = this.strip.draw(pen, width, this.height, this.scene, this.colours, { glide: part });
    if (moving) this.frame = requestAnimationFrame((later) => this.glide(later));
  }

  drag(event) {
    if (!(event.buttons & 1)) return;
    this.cursor.pause();
    this.cursor.moveTo(this.axis.time(event.clientX - this.chart.getBoundingClientRect().left));
  }

  fillTable() {
    if (!this.table.open) return;
    const { item, place, worker, state, start, end } = this.picture.spans;
    const name = (at) => (at < 0 ? "source" : this.picture.stages[at].name);
    const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, `${cell}`)));
    const states = ["waiting", "working", "blocked"];
    const time = (value) => (value === null ? "" : Number(value.toFixed(6)));
    const rows = item.slice(0, MOST_ROWS).map((number, i) => row(
      [number, name(place[i]), worker[i], states[state[i]], time(start[i]), time(end[i])], "td"));
    const head = row(["item", "stage", "worker", "state", "from (s)", "to (s)"], "th");
    const note = item.length > MOST_ROWS
      ? `The first ${MOST_ROWS} of ${item.length} rows; table(figure.trace) has all.` : "";
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    this.table.lastChild.replaceChildren(table, note);
  }
}

function eventTimes(picture) {
  const times = new Set([0, ...picture.spans.start, ...picture.spans.end, ...picture.out, picture.makespan]);
  times.delete(null);
  return Float64Array.from(times).sort();
}

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group", tabindex: 0 });
  el.append(root);
  const view = new PlayerView(model, root);
  const load = () => view.load();
  model.on("change:picture", load);
  model.on("change:prediction", load);
  const stopWatching = watchPage(root, () => view.drawAll());
  return () => {
    view.cursor.pause();
    view.knobs.close();
    model.off("change:picture", load);
    model.off("change:prediction", load);
    stopWatching();
  };
}

export default { render };
