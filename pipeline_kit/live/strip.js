// The strip: the pipeline at one moment, from the source on the left to the sink on the right.
//
// It draws a scene: { source, stages: [{ name, colour, ink, queue, workers, done, lost }], sink },
// where a queue is { capacity, depth, items } (items are numbers, the first to leave first, or null
// if they are too many to follow) and a worker is { state, item }.

const END = 54, BOX = 66, CELL = 34, MOST_CELLS = 6, MOST_SLOTS = 20, MOST_ROWS_OF_SLOTS = 3;
const LARGE = { side: 28, radius: 12.5 }, SMALL = { side: 14, radius: 5.5 };  // slots, with circles

class Strip {
  constructor() {
    this.at = new Map();  // where each circle is now, to let it glide to where it belongs
    this.flow = 0;
  }

  static gap(width, stages) {
    return (width - 2 - 2 * END - (stages.length - 1) * BOX) / stages.length;
  }

  // Height of a strip of these stages, the sink among them.
  static height(width, stages) {
    const cells = Math.max(1, ...stages.map((stage) => Math.min(stage.workers, MOST_CELLS)));
    const slots = stages.filter((stage) => stage.capacity && stage.capacity <= MOST_SLOTS)
      .map((stage) => slotsFor(stage.capacity, Strip.gap(width, stages)));
    return Math.max(cells * CELL + 96, ...slots.map(({ rows, side }) => rows * side + 56));
  }

  // Draws the scene; returns whether something still glides, so that another frame is wanted.
  draw(pen, width, height, scene, colours, { glide = 0 } = {}) {
    pen.clearRect(0, 0, width, height);
    Object.assign(this, { pen, colours, middle: height / 2 + 2, targets: new Map(), looks: scene.looks ?? new Map() });
    const gap = Strip.gap(width, [...scene.stages, scene.sink]);
    let x = 1;
    this.drawEnd(x, "source", scene.source);
    x += END;
    for (const stage of scene.stages) {
      this.drawQueue(x, gap, stage.queue, stage.colour, scene.flowing);
      this.drawStage(x + gap, stage, gap);
      x += gap + BOX;
    }
    this.drawQueue(x, gap, scene.sink.queue, colours.neutral, scene.flowing);
    this.drawEnd(x + gap, "sink", scene.sink);
    return this.drawItems(glide, x + gap + END / 2);
  }

  drawEnd(x, name, end) {
    const { pen, colours, middle } = this;
    this.box(x, middle - CELL / 2, END, CELL, colours.neutral, end.state);
    write(pen, name, x + END / 2, middle - CELL / 2 - 13, { colour: colours.ink, align: "center", weight: 600 });
    write(pen, end.label, x + END / 2, middle + CELL / 2 + 13, { colour: colours.quiet, align: "center" });
    if (end.count !== undefined) {
      const look = { colour: colours.ink, align: "center", size: 14, weight: 600 };
      write(pen, compact(end.count), x + END / 2, middle, look);
    } else if (end.item !== null) {
      this.targets.set(end.item, [x + END / 2, middle, LARGE.radius]);
    }
  }

  drawStage(x, stage, gap) {
    const { pen, colours, middle } = this, centre = x + BOX / 2;
    const shown = stage.workers.slice(0, MOST_CELLS);
    const top = middle - (shown.length * CELL) / 2, bottom = top + shown.length * CELL;
    shown.forEach((worker, row) => {
      const y = top + row * CELL, high = CELL - (shown.length > 1 ? 3 : 0);
      this.box(x, y, BOX, high, stage.colour, worker.state);
      if (worker.item !== null) this.targets.set(worker.item, [centre, y + high / 2, LARGE.radius]);
    });
    const look = { align: "center", room: BOX + gap - 8 };
    write(pen, stage.name, centre, top - 13, { ...look, colour: colours.ink, weight: 600 });
    write(pen, summary(stage.workers), centre, bottom + 13, { ...look, colour: colours.quiet });
    if (stage.note) {  // above the name, as the count of what is lost may stand below
      write(pen, stage.note, centre, top - 30, { colour: colours.ink, align: "center", weight: 700 });
    }
    if (stage.lost) {
      write(pen, `✕ ${stage.lost} lost`, centre, bottom + 30, { colour: colours.loss, align: "center", weight: 700 });
    }
  }

  // A rounded square whose texture says what the worker does.
  box(x, y, width, height, colour, state) {
    const { pen, colours } = this;
    pen.beginPath();
    pen.roundRect(x + 1, y + 1, width - 2, height - 2, 7);
    if (state === "working") pen.fillStyle = colour;
    if (state === "blocked") pen.fillStyle = hatch(pen, colour);
    if (state === "working" || state === "blocked") pen.fill();
    pen.strokeStyle = state === "starved" || state === "idle" ? colours.quiet : colour;
    pen.lineWidth = state === "starved" || state === "idle" ? 1 : 2;
    pen.stroke();
  }

  drawQueue(x, gap, queue, colour, flowing) {
    const bounded = queue.capacity !== null;
    if (bounded && queue.capacity === 0) this.drawArrow(x, gap, flowing);
    else if (bounded && queue.capacity <= MOST_SLOTS) this.drawSlots(x, gap, queue, colour);
    else this.drawBar(x, gap, queue, colour);
  }

  drawArrow(x, gap, flowing) {
    const { pen, colours, middle } = this, [from, to] = [x + 6, x + gap - 6];
    pen.strokeStyle = pen.fillStyle = colours.quiet;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.setLineDash(flowing ? [6, 5] : []);
    pen.lineDashOffset = -this.flow;
    pen.moveTo(from, middle);
    pen.lineTo(to - 6, middle);
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(to, middle);
    pen.lineTo(to - 8, middle - 4.5);
    pen.lineTo(to - 8, middle + 4.5);
    pen.fill();
  }

  // The next to leave is at the top right; the slots are there even when empty.
  drawSlots(x, gap, queue, colour) {
    const { pen, colours, middle } = this;
    const { columns, rows, side, radius } = slotsFor(queue.capacity, gap);
    const left = x + (gap - columns * side) / 2;
    for (let slot = 0; slot < queue.capacity; slot += 1) {
      const cx = left + (columns - (slot % columns) - 0.5) * side;
      const cy = middle + (Math.floor(slot / columns) - (rows - 1) / 2) * side;
      pen.beginPath();
      pen.roundRect(cx - side / 2 + 1, cy - side / 2 + 1, side - 2, side - 2, side / 6);
      pen.strokeStyle = colours.quiet;
      pen.lineWidth = side === LARGE.side ? 1 : 0.75;
      pen.stroke();
      if (slot >= queue.depth) continue;
      if (queue.items) this.targets.set(queue.items[slot], [cx, cy, radius]);
      else { pen.fillStyle = colour; pen.fill(); }
    }
    const full = queue.depth === queue.capacity && gap > 90 ? "full: " : "";
    const label = `${full}${queue.depth} of ${queue.capacity}`, below = middle + (rows * side) / 2 + 13;
    write(pen, label, x + gap / 2, below, { colour: colours.quiet, align: "center" });
  }

  drawBar(x, gap, queue, colour) {
    const { pen, colours, middle } = this, [left, width, high] = [x + 8, gap - 16, 20];
    const most = queue.capacity ?? Math.max(queue.most ?? 0, 20);
    const fill = Math.min(1, queue.depth / most) * (width - 2);
    pen.fillStyle = colour;
    pen.fillRect(left + width - 1 - fill, middle - high / 2 + 1, fill, high - 2);
    pen.strokeStyle = colours.quiet;
    pen.lineWidth = 1;
    pen.strokeRect(left, middle - high / 2, width, high);
    const bound = queue.unknown ? " waiting" : queue.capacity === null ? ", no bound" : ` of ${queue.capacity}`;
    const label = `${queue.depth}${bound}`;
    write(pen, label, x + gap / 2, middle + high / 2 + 13, { colour: colours.quiet, align: "center" });
  }

  // Moves each circle a part (`glide`, from 0 for none to 1 for all) of the way, and draws it.
  drawItems(glide, sinkX) {
    let moving = false;
    for (const [item, [x, y]] of this.at) {
      if (this.targets.has(item)) continue;
      const leaving = glide < 1 && x < sinkX - 4 && x > sinkX - END - BOX - 4 * LARGE.side;
      if (leaving) this.targets.set(item, [sinkX, y, 0]);
      else this.at.delete(item);
    }
    for (const [item, target] of this.targets) {
      const from = this.at.get(item) ?? [Math.max(END / 2, target[0] - 2 * LARGE.side), this.middle, 0];
      const next = target.map((wanted, i) => from[i] + (wanted - from[i]) * glide);
      const arrived = Math.hypot(next[0] - target[0], next[1] - target[1]) < 0.5;
      this.at.set(item, arrived ? target : next);
      moving ||= !arrived;
      this.drawItem(item, ...this.at.get(item));
    }
    return moving;
  }

  drawItem(item, x, y, radius) {
    const { pen, colours } = this;
    const look = this.looks.get(item);
    if (look === "diamond") diamond(pen, x, y, radius * 1.2);
    else {
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fillStyle = colours.items[item % colours.items.length];
    pen.fill();
    pen.strokeStyle = colours.itemInk;
    pen.lineWidth = look === "dashed" ? 2.4 : 1.2;
    pen.setLineDash(look === "dashed" ? [4, 3] : []);
    pen.stroke();
    pen.setLineDash([]);
    if (radius < 10) return;  // too small for a number that can be read
    write(pen, `${item % 1000}`, x, y + 0.5, { colour: colours.itemInk, align: "center" });
  }
}

// How the slots of a channel are laid out: large, with numbered items, if they fit in a few rows.
function slotsFor(capacity, gap) {
  for (const size of [LARGE, SMALL]) {
    const columns = Math.max(1, Math.min(capacity, Math.floor((gap - 6) / size.side)));
    const rows = Math.ceil(capacity / columns);
    if (rows <= MOST_ROWS_OF_SLOTS || size === SMALL) return { columns, rows, ...size };
  }
}

function summary(workers) {
  if (workers.length === 1) return workers[0].state;
  const count = (state) => workers.filter((worker) => worker.state === state).length;
  return ["working", "blocked", "starved"].filter(count).map((state) => `${count(state)} ${state}`).join(", ");
}
