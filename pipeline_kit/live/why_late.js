// One item's way through a run: the times of all items, its own way, and who was in the way.

const BARS = 70, WAY = 30, GAP = 30;  // heights in pixels
const LATE_STATES = ["waiting", "working", "blocked"];

class LateView {
  constructor(model, root) {
    Object.assign(this, { model, root, picture: model.get("picture"), items: model.get("items") });
    this.numbers = this.items.map(({ item }) => item);
    this.times = this.items.map(({ parts }) => (parts.length ? parts.at(-1).end - parts[0].start : 0));
    this.build();
    this.load();
  }

  build() {
    this.sentence = element("div", { class: "pw-title", "aria-live": "polite" });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    const point = (event) => this.point(event);
    this.chart = element("div", { class: "pw-items", onpointerdown: point, onpointermove: point }, this.canvas);
    this.slider = element("input", {
      type: "range", class: "pw-scrub", "aria-label": "item", min: 0, max: this.numbers.length - 1, step: 1,
      oninput: () => this.choose(Number(this.slider.value)),
    });
    this.shown = element("output", { class: "pw-clock" });
    const button = (label, act) => element("button", { type: "button", onclick: act }, label);
    const controls = element("div", { class: "pw-controls", role: "toolbar", "aria-label": "item" },
      button("Longest", () => this.choose(this.times.indexOf(largest(this.times)))),
      button("Back", () => this.choose(this.index - 1)), button("Next", () => this.choose(this.index + 1)),
      this.slider, this.shown);
    this.table = element("details", { class: "pw-data", ontoggle: () => this.fillTable() },
      element("summary", {}, "Data"), element("div"));
    const note = element("p", { class: "pw-words" }, this.model.get("note"));
    this.root.append(this.sentence, this.chart, controls, ...(note.textContent ? [note] : []), this.table);
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  choose(index) {
    const item = this.numbers[Math.min(Math.max(index, 0), this.numbers.length - 1)];
    if (item === this.model.get("item")) return;
    this.model.set("item", item);
    this.model.save_changes();
    this.load();
  }

  // Takes over the item that is chosen, by the reader or in Python.
  load() {
    this.index = this.numbers.indexOf(this.model.get("item"));
    this.chosen = this.items[this.index];
    this.slider.value = this.index;
    this.slider.setAttribute("aria-valuetext", `item ${this.chosen.item}`);
    this.shown.textContent = `item ${this.chosen.item}`;
    this.sentence.textContent = this.chosen.sentence;
    this.root.setAttribute("aria-label", `Why was item ${this.chosen.item} late?`);
    this.fillTable();
    this.draw();
  }

  draw() {
    this.colours = coloursFor(this.model.get("palette"), this.root);
    if (!this.root.clientWidth) return;
    const lanes = lanesOf(this.picture, this.colours), high = laneHeight(lanes);
    const top = BARS + GAP + WAY + 8, bottom = top + lanes.length * high;
    const { pen, width } = prepareCanvas(this.canvas, bottom + SPACE);
    this.axis = new TimeAxis(width, niceAbove(this.picture.makespan * 1.02));
    this.drawBars(pen);
    drawTimeTicks(pen, this.axis, BARS + GAP, bottom, this.colours);
    this.drawWay(pen, BARS + GAP);
    this.drawLoss(pen, BARS + GAP);
    lanes.forEach((lane, row) => this.drawLane(pen, lane, top + row * high, high));
  }

  // How long each item took: the part in which it was worked on is solid, the rest an outline.
  drawBars(pen) {
    const { axis, colours } = this, most = niceAbove(largest(this.times, 1e-9)), base = BARS - 4;
    const wide = (axis.to - axis.from) / this.items.length;
    write(pen, "took", LEFT - 30, BARS / 2, { colour: colours.ink, align: "right", room: LEFT - 34 });
    write(pen, `${grouped(most)} s`, LEFT - 6, 10, { colour: colours.quiet, align: "right" });
    this.items.forEach(({ item, parts }, index) => {
      const chosen = index === this.index, x = axis.from + index * wide + wide * 0.1;
      const worked = parts.filter((part) => part.state === 1).reduce((sum, part) => sum + part.end - part.start, 0);
      const tall = (time) => (time / most) * (base - 8);
      pen.fillStyle = chosen ? colours.ink : colours.neutral;
      pen.strokeStyle = chosen ? colours.ink : colours.quiet;
      pen.lineWidth = chosen ? 2 : 1;
      pen.fillRect(x, base - tall(worked), wide * 0.8, tall(worked));
      pen.strokeRect(x, base - tall(this.times[index]), wide * 0.8, tall(this.times[index]));
      if (wide > 22 || chosen) write(pen, `${item}`, x + wide * 0.4, base + 11, { colour: colours.ink, align: "center", weight: chosen ? 700 : 400 });
    });
  }

  drawWay(pen, top) {
    const { axis, colours } = this;
    write(pen, `item ${this.chosen.item}`, LEFT - 8, top + WAY / 2, { colour: colours.ink, align: "right", weight: 700, room: LEFT - 12 });
    for (const part of this.chosen.parts) {
      const sink = part.place === this.picture.stages.length - 1;
      const look = part.place < 0 || sink ? { colour: colours.neutral, ink: colours.neutralInk } : hue(colours, part.place);
      const from = axis.x(part.start), wide = Math.max(1, axis.x(part.end) - from - 1);
      this.drawState(pen, [from, top + 3, wide, WAY - 6], part.state, look.colour);
      const label = `${LATE_STATES[part.state]} ${seconds(part.end - part.start)}`;
      pen.font = `600 12px ${FONT}`;
      const room = pen.measureText(label).width + 8;
      if (wide < room) continue;
      if (part.state === 2) {
        pen.fillStyle = colours.page;
        pen.fillRect(from + wide / 2 - room / 2, top + 7, room, WAY - 14);
      }
      write(pen, label, from + wide / 2, top + WAY / 2, { colour: part.state === 1 ? look.ink : colours.ink, align: "center", weight: 600 });
    }
  }

  // A cross where the item was lost, if it was.
  drawLoss(pen, top) {
    const losses = this.picture.losses.filter(({ item }) => item === this.chosen.item);
    pen.save();
    pen.translate(0, top - HEADROOM);
    drawLosses(pen, this.axis, WAY, losses, { losses }, this.colours);
    pen.restore();
  }

  drawState(pen, bar, state, colour) {
    pen.fillStyle = state === 1 ? colour : this.colours.page;
    pen.fillRect(...bar);
    if (state === 2) {
      pen.fillStyle = hatch(pen, colour);
      pen.fillRect(...bar);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.strokeRect(...bar);
  }

  // The chosen item in its colour, those in its way in black or white, the rest as outlines.
  drawLane(pen, lane, top, high) {
    const { axis, colours, chosen } = this;
    write(pen, lane.label, LEFT - 8, top + high / 2, { colour: colours.ink, align: "right", room: LEFT - 12 });
    forSpans(this.picture, lane, (state, item, start, end) => {
      const from = axis.x(start), wide = Math.max(1, axis.x(end) - from - 1), bar = [from, top + 3, wide, high - 6];
      const inTheWay = chosen.parts.some((part) => start < part.end && end > part.start
        && part.behind.some(([place, items]) => place === lane.place && items.includes(item)));
      const own = item === chosen.item;
      if (own || inTheWay) this.drawState(pen, bar, state, own ? lane.colour : colours.ink);
      else {
        pen.strokeStyle = colours.line;
        pen.lineWidth = 0.75;
        pen.strokeRect(...bar);
      }
      if (wide < 18 || state === 2) return;
      const ink = own ? lane.ink : inTheWay ? colours.page : colours.quiet;
      write(pen, `${item}`, from + wide / 2, top + high / 2 + 0.5, { colour: ink, align: "center" });
    });
  }

  point(event) {
    if (!(event.buttons & 1)) return;
    const place = event.clientX - this.chart.getBoundingClientRect().left - this.axis.from;
    const height = event.clientY - this.chart.getBoundingClientRect().top;
    if (height > BARS + 8) return;
    this.choose(Math.floor((place / (this.axis.to - this.axis.from)) * this.items.length));
    this.root.focus({ preventScroll: true });
  }

  key(event) {
    if (event.target.matches("input, summary") || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: this.index + 1, ArrowLeft: this.index - 1, Home: 0, End: this.items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(to);
  }

  fillTable() {
    if (!this.table.open) return;
    const name = (place) => (place < 0 ? "source" : this.picture.stages[place].name);
    const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, `${cell}`)));
    const time = (value) => Number(value.toFixed(6));
    const head = row(["stage", "state", "from (s)", "to (s)", "in the way"], "th");
    const rows = this.chosen.parts.map((part) => row(
      [name(part.place), LATE_STATES[part.state], time(part.start), time(part.end), part.behind.map(([place, items]) => `${items.join(", ")} at ${name(place)}`).join("; ")], "td"));
    this.table.lastChild.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }
}

function render({ model, el }) {
  const root = element("div", { class: "pw", role: "group", tabindex: 0 });
  el.append(root);
  const view = new LateView(model, root);
  const load = () => view.load();
  model.on("change:item", load);
  const stopWatching = watchPage(root, () => view.draw());
  return () => {
    model.off("change:item", load);
    stopWatching();
  };
}

export default { render };
