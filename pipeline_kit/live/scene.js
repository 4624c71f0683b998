// What a recorded run looks like at one time: the scene that the strip draws, and a sentence on it.

const WAITING = 0, WORKING = 1;

function sceneAt(picture, time, colours) {
  const now = { queues: picture.stages.map(() => []), workers: new Map(), inside: new Set() };
  const { item, place, worker, state, start, end } = picture.spans;
  for (let i = 0; i < item.length; i += 1) {
    if (start[i] > time || time >= (end[i] ?? Infinity)) continue;
    now.inside.add(item[i]);
    const doing = state[i] === WORKING ? "working" : "blocked";
    if (state[i] === WAITING) now.queues[place[i]].push([start[i], item[i]]);
    else now.workers.set(`${place[i]}/${worker[i]}`, { state: doing, item: item[i] });
  }
  const queue = (stage, at) => {
    const waiting = now.queues[at].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return { capacity: stage.capacity, unknown: stage.unknown, depth: valueAt(stage.depth, time),
      most: largest(stage.depth.values), items: waiting.map(([, number]) => number) };
  };
  const idle = { state: "starved", item: null };
  const sink = picture.stages.at(-1), last = picture.stages.length - 1;
  return {
    source: { item: null, state: "idle", label: "", ...now.workers.get("-1/0") },
    stages: picture.stages.slice(0, -1).map((stage, at) => ({
      ...hue(colours, at), name: stage.name, queue: queue(stage, at),
      lost: picture.losses.filter((loss) => loss.place === at && loss.time <= time).length,
      workers: Array.from({ length: stage.workers }, (_, n) => now.workers.get(`${at}/${n}`) ?? idle),
    })),
    sink: { state: "idle", label: "out", count: countUpTo(picture.out, time), queue: queue(sink, last) },
    inside: now.inside.size,
    looks: looksAt(picture, time, now.workers),
  };
}

// How items look other than plain circles: a diamond if it was answered without a call, dashed while
// a call for it is made once more.
function looksAt(picture, time, workers) {
  const looks = new Map();
  for (const mark of picture.marks) {
    if (mark.time > time) break;
    const at = workers.get(`${mark.place}/${mark.worker}`), retried = mark.kind === "retry";
    if (!retried) looks.set(mark.item, "diamond");
    else if (at?.item === mark.item && at.state === "working") looks.set(mark.item, "dashed");
  }
  return looks;
}

// in = out + dropped + failed + in flight; each of the five is counted by itself. Items that a
// stage has filtered are neither out nor lost, and are only mentioned where there are some.
function balanceAt(picture, time, scene) {
  const lost = (kind) => picture.losses.filter((loss) => loss.kind === kind && loss.time <= time).length;
  const entered = countUpTo(picture.entered, time);
  const filtered = picture.filtered.length ? { filtered: countUpTo(picture.filtered, time) } : {};
  const parts = { out: scene.sink.count, ...filtered, dropped: lost("dropped"), failed: lost("failed"), "in flight": scene.inside };
  const sum = Object.values(parts).reduce((one, other) => one + other, 0);
  const text = Object.entries(parts).map(([name, count]) => `${count} ${name}`).join(" + ");
  return { holds: sum === entered, text: `${entered} in ${sum === entered ? "=" : "≠"} ${text}` };
}

// Little's law, L = λW: the items inside on average are those that enter per second times the seconds
// each spends inside. It holds over any stretch of time, however items arrive, as long as none is
// lost sight of. L is added up from where items were (spans), W from when they came and went.
function littleAt({ spans, entered, out, filtered, losses }, time) {
  const before = (times) => times.filter((one) => one <= time);
  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
  const came = before(entered), went = before([...out, ...filtered, ...losses.map((loss) => loss.time)]);
  const inside = sum(spans.start.map((start, i) => Math.max(0, Math.min(spans.end[i] ?? time, time) - start)));
  const stayed = sum(went) + (came.length - went.length) * time - sum(came);
  return { count: came.length, L: inside / time, rate: came.length / time, W: stayed / came.length };
}

function tellLittle({ count, L, rate, W }) {
  if (!count || !Number.isFinite(rate)) return "";
  const short = (number) => Number(number.toPrecision(3)), holds = Math.abs(L - rate * W) <= 1e-6 * Math.max(1, L);
  const [sign, mark] = holds ? ["=", "✓"] : ["≠", "✗"];
  return `On average so far: L ${short(L)} inside ${sign} λ ${short(rate)} in per second × W ${short(W)} s inside ${mark}`;
}

const listed = (names) => new Intl.ListFormat("en-GB").format(names.map(String));

function tellScene(scene, time) {
  const stages = scene.stages.map((stage) => {
    const busy = stage.workers.filter((worker) => worker.item !== null);
    const items = (state) => busy.filter((worker) => worker.state === state).map((worker) => worker.item);
    const says = [["works on", items("working")], ["is blocked with", items("blocked")]];
    const some = says.filter(([, held]) => held.length).map(([does, held]) => `${does} ${listed(held)}`);
    const doing = some.join(" and ") || "is starved";
    const { depth, capacity } = stage.queue;
    const full = capacity && depth >= capacity ? " (full)" : "";
    return capacity === 0 ? `${stage.name} ${doing}` : `${depth} queued${full} before ${stage.name}, which ${doing}`;
  });
  return `At ${seconds(time)}: ${stages.join("; ")}.`;
}
