// A live run: it follows the samples that come in, 30 a second, and passes on sliders and buttons.

const DOTS_UP_TO = 30;  // items per second; above, circles would be a blur, and flow is shown
const STARTING = "Starting …";

// The scene for the strip, from counters alone. In a pipeline of single workers items stay in order,
// so the counters even tell which item is where; with more workers it is a good guess.
function sceneOf(sample, stages, running, colours) {
  const flowing = sample.throughput > DOTS_UP_TO;
  const queue = (at) => {
    const depth = Math.max(0, sample.depth[at]), first = sample.taken[at];
    const few = depth <= 40 && !flowing;
    return { capacity: stages[at].capacity, depth, most: stages[at].most,
      items: few ? Array.from({ length: depth }, (_, i) => first + i) : null };
  };
  const workers = (at) => Array.from({ length: stages[at].workers }, (_, n) => {
    const blocked = sample.blocked[at], busy = blocked + sample.working[at];
    if (n >= busy) return { state: "starved", item: null };
    return { state: n < blocked ? "blocked" : "working", item: flowing ? null : sample.taken[at] - busy + n };
  });
  const last = stages.length - 1;
  return {
    flowing,
    source: { state: "idle", item: null, count: sample.entered, label: "in" },
    stages: stages.slice(0, -1).map((stage, at) => ({
      ...hue(colours, at), name: stage.name, queue: queue(at), workers: workers(at), lost: sample.lost[at] + sample.dropped[at],
      note: at === sample.bottleneck && running ? "bottleneck" : "",
    })),
    sink: { state: "idle", label: "out", count: sample.taken[last], queue: queue(last) },
  };
}

class DashboardView {
  constructor(model, root) {
    Object.assign(this, { model, root, strip: new Strip(), dirty: true, spoken: performance.now() - 3000 });
    this.samples = [...model.get("history")];
    this.knobs = buildKnobs(model);
    this.build();
    this.showStatus();
    this.showGoals();
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  build() {
    const button = (label, press) => element("button", { type: "button", onclick: () => this.press(press) }, label);
    this.title = element("div", { class: "pw-title" });
    this.start = button("Start", () => "start");
    this.start.classList.add("pw-main");
    this.pause = button("Pause", () => (this.state === "paused" ? "resume" : "pause"));
    this.stop = button("Stop", () => "stop");
    this.status = element("span", { class: "pw-status", role: "status" });
    this.error = element("div", { class: "pw-error", role: "alert" });
    this.stripCanvas = element("canvas", { "aria-hidden": "true" });
    this.chartCanvas = element("canvas", { "aria-hidden": "true" });
    this.balance = element("div", { class: "pw-balance" });
    this.goals = goalsList({ "aria-live": "polite" });
    this.words = element("p", { class: "pw-words", "aria-live": "polite" });
    this.root.append(this.title, this.knobs.box,
      element("div", { class: "pw-controls", role: "toolbar", "aria-label": "run" },
        this.start, this.pause, this.stop, this.status),
      this.error, element("div", {}, this.stripCanvas), element("div", {}, this.chartCanvas), this.balance, this.goals,
      this.words);
  }

  add(sample) {
    if (sample.time <= (this.samples.at(-1)?.time ?? -1)) this.forget();
    this.samples.push(sample);
    this.dirty = true;
  }

  replace() {
    this.samples = [...this.model.get("history")];
    if (!this.samples.length) this.forget();
    this.dirty = true;
  }

  // Another run begins: what was said of the one before holds no longer, and after 1 s there is more to say.
  forget() {
    Object.assign(this, { samples: [], spoken: performance.now() - 3000 });
    this.words.textContent = STARTING;
  }

  get state() { return this.model.get("status").state; }

  press(which) { this.model.send({ press: which() }); }

  showStatus() {
    const { state, message } = this.model.get("status"), going = state === "running" || state === "paused";
    this.start.textContent = going ? "Restart" : "Start";
    this.pause.textContent = state === "paused" ? "Resume" : "Pause";
    this.pause.disabled = this.stop.disabled = !going;
    this.status.textContent = state === "failed" ? state : message || state;
    this.error.textContent = state === "failed" ? message : "";
    this.error.hidden = !this.error.textContent;
    this.dirty = true;
  }

  showGoals() { showGoals(this.goals, this.model.get("goals")); }

  // Once per frame of the screen: the strip always while something moves, the rest when it changed.
  tick(now) {
    this.frame = requestAnimationFrame((later) => this.tick(later));
    const pace = 300 / Math.max(5, this.samples.at(-1)?.throughput ?? 0);  // ms; done before the next item comes
    const part = wantsNoMotion() ? 1 : 1 - Math.exp(-Math.max(0, now - (this.last ?? now)) / pace);
    this.last = now;
    const changed = this.dirty;
    if (changed) this.draw();
    if (!this.scene || !(changed || this.moving || (this.scene.flowing && this.state === "running"))) return;
    if (this.scene.flowing && !wantsNoMotion()) this.strip.flow += part * 6;
    const { pen, width } = this.stage;
    this.moving = this.strip.draw(pen, width, this.height, this.scene, this.colours, { glide: part });
  }

  draw() {
    if (!this.root.clientWidth) return;
    this.dirty = false;
    const { samples } = this, stages = this.model.get("stages"), sample = samples.at(-1);
    if (this.resized || !this.colours) this.colours = coloursFor(this.model.get("palette"), this.root);
    this.title.textContent = this.model.get("title") || this.model.get("status").summary
      || this.finding(samples, stages);
    this.root.setAttribute("aria-label", this.title.textContent);
    if (!sample || !stages.length) return;
    this.scene = sceneOf(sample, stages, this.state === "running", this.colours);
    this.height = Strip.height(this.stripCanvas.parentElement.clientWidth, stages);
    if (!this.stage || this.resized) this.stage = prepareCanvas(this.stripCanvas, this.height);
    this.drawLines(samples, stages);
    this.resized = false;
    this.say(sample, stages);
  }

  drawLines(samples, stages) {
    if (!this.lines || this.resized) this.lines = prepareCanvas(this.chartCanvas, 200);
    const { pen, width } = this.lines, colours = this.colours, times = samples.map((sample) => sample.time);
    pen.clearRect(0, 0, width, 200);
    const axis = new TimeAxis(width, niceAbove(Math.max(5, times.at(-1))));
    const until = times.at(-1), most = (values) => niceAbove(largest(values, 1));
    const depths = stages.map((stage, at) => ({
      steps: { times, values: samples.map((sample) => sample.depth[at]) }, until, capacity: stage.capacity,
      colour: at < stages.length - 1 ? hue(colours, at).colour : colours.neutral,
      label: at < stages.length - 1 ? `→ ${stage.name}` : "results",
    })).filter((series) => series.capacity !== 0);
    const rates = samples.map((sample) => sample.throughput);
    drawTimeTicks(pen, axis, 6, 176, colours);
    const heights = depths.flatMap((one) => [one.capacity ?? 0, ...one.steps.values]);
    const now = `${grouped(Math.round(rates.at(-1)))} now`;
    const rate = { steps: { times, values: rates }, until, colour: colours.ink, label: now };
    drawStepsPanel(pen, axis, 6, 90, {
      title: "queued", series: depths, most: most(heights), note: depths.length ? "" : NO_BUFFERS,
    }, colours);
    drawStepsPanel(pen, axis, 108, 68, { title: "items/s out", series: [rate], most: most(rates) }, colours);
  }

  finding(samples, stages) {
    const sample = samples.at(-1);
    if (!sample) return STARTING;
    const slowest = stages[sample.bottleneck]
      ? `bottleneck: ${stages[sample.bottleneck].name}` : "no bottleneck to be seen";
    const rate = sample.throughput < 10 ? sample.throughput.toFixed(1) : grouped(Math.round(sample.throughput));
    return `${rate} items/s; ${slowest}`;
  }

  // The balance at each sample; the sentence for those who listen only every few seconds.
  say(sample, stages) {
    const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
    const out = sample.taken.at(-1), lost = sum(sample.lost), filtered = sum(sample.filtered), dropped = sum(sample.dropped);
    const some = (count, name) => (count ? ` + ${grouped(count)} ${name}` : "");
    const done = `${grouped(out)} out${some(filtered, "filtered")}${some(dropped, "dropped")} + ${lost} failed`;
    const parts = `${done} + ${sample.entered - out - filtered - dropped - lost} in flight`;
    this.balance.textContent = `${grouped(sample.entered)} in = ${parts}`;
    const running = this.state === "running";
    if (running && performance.now() - this.spoken < 4000) return;
    this.spoken = performance.now();
    const depths = stages.slice(0, -1).map((stage, at) => `${sample.depth[at]} queued before ${stage.name}`);
    const told = this.model.get("status").summary || `After ${seconds(sample.time)}: ${this.finding([sample], stages)}`;
    this.words.textContent = `${told}; ${depths.join(", ")}.`;
  }
}

// When the saved picture is renewed, JupyterLab puts a new view in the place of the old one. The
// focus goes along, or whoever works by keyboard would lose their place when a run ends.
let focused = -1;

function keepFocus(root) {
  const controls = [...root.querySelectorAll("button, input")];
  root.addEventListener("focusin", (event) => { focused = controls.indexOf(event.target); });
  root.addEventListener("focusout", (event) => { if (event.relatedTarget) focused = -1; });
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) controls[focused]?.focus({ preventScroll: true });
  });
}

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group", tabindex: 0 });
  el.append(root);
  const view = new DashboardView(model, root);
  const sampled = (sample) => view.add(sample), renewed = () => view.replace(), status = () => view.showStatus();
  const goals = () => view.showGoals();
  model.on("msg:custom", sampled);
  model.on("change:history", renewed);
  model.on("change:status", status);
  model.on("change:goals", goals);
  keepFocus(root);
  model.send({ press: "catch up" });  // this view may have come late
  const stopWatching = watchPage(root, () => {
    Object.assign(view, { resized: true, dirty: true });
  });
  return () => {
    cancelAnimationFrame(view.frame);
    view.knobs.close();
    stopWatching();
    model.off("msg:custom", sampled);
    model.off("change:history", renewed);
    model.off("change:status", status);
    model.off("change:goals", goals);
  };
}

export default { render };
