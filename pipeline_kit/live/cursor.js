// The time cursor: play, pause, step, back, scrub, speed; by mouse, by touch and by keyboard.

const SPEEDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500];
const PLAY_SECONDS = 12;

class Cursor {
  // `onMove(time)` is called whenever the cursor has moved, `onPlay(playing)` when it starts or stops.
  constructor(onMove, onPlay) {
    Object.assign(this, { onMove, onPlay, time: 0, end: 1, events: [], playing: false, frame: 0 });
    this.play = element("button", { type: "button", class: "pw-main", onclick: () => this.toggle() });
    this.scrub = element("input", { type: "range", "aria-label": "time", class: "pw-scrub", oninput: () => {
      this.pause();
      this.moveTo(Number(this.scrub.value));
    } });
    this.clock = element("output", { class: "pw-clock" });
    this.speed = element("select", { "aria-label": "speed" },
      ...SPEEDS.map((speed) => element("option", { value: speed }, `${speed} ×`)));
    this.box = element("div", { class: "pw-controls", role: "toolbar", "aria-label": "time" },
      this.play, this.button("Back", -1), this.button("Step", 1), this.scrub, this.clock,
      element("label", {}, "speed ", this.speed));
    this.showPlaying(false);
  }

  button(label, way) {
    return element("button", { type: "button", onclick: () => this.step(way) }, label);
  }

  // Sets the run to move in: its end and the times at which something happens.
  load(events, end) {
    if (!this.events.length) {
      const wanted = end / PLAY_SECONDS;
      this.speed.value = SPEEDS.find((speed) => speed >= wanted) ?? SPEEDS.at(-1);
    }
    Object.assign(this, { events, end });
    Object.assign(this.scrub, { min: 0, max: end, step: "any" });
    this.moveTo(Math.min(this.time, end));
  }

  moveTo(time) {
    this.time = Math.min(Math.max(time, 0), this.end);
    this.scrub.value = this.time;
    this.clock.textContent = seconds(this.time);
    this.scrub.setAttribute("aria-valuetext", seconds(this.time));
    this.onMove(this.time);
  }

  step(way) {
    this.pause();
    const count = countUpTo(this.events, this.time);
    if (way > 0) return this.moveTo(this.events[count] ?? this.end);
    const here = this.events[count - 1] === this.time ? count - 2 : count - 1;
    return this.moveTo(this.events[here] ?? 0);
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.time >= this.end) this.moveTo(0);
    this.showPlaying(true);
    this.last = performance.now();
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    cancelAnimationFrame(this.frame);
    if (this.playing) this.showPlaying(false);
  }

  // With reduced motion the cursor jumps from event to event, at the same pace.
  tick(now) {
    const reached = this.time + ((now - this.last) / 1000) * Number(this.speed.value);
    const count = countUpTo(this.events, reached);
    const target = wantsNoMotion() ? (this.events[count - 1] ?? 0) : reached;
    if (target > this.time || reached >= this.end) {
      this.last = now - (wantsNoMotion() ? ((reached - target) / Number(this.speed.value)) * 1000 : 0);
      this.moveTo(target);
    }
    if (reached >= this.end) return this.pause();
    this.frame = requestAnimationFrame((later) => this.tick(later));
  }

  showPlaying(playing) {
    this.playing = playing;
    this.play.textContent = playing ? "Pause" : "Play";
    this.onPlay(playing);
  }

  // The keys of a player; a slider above keeps its own arrows, a button its own space bar.
  key(event) {
    const inside = event.target;
    if (inside.matches("select, [data-knob], summary")) return;
    if (event.key === " " && inside.matches("button")) return;
    const act = {
      " ": () => this.toggle(), ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
      Home: () => { this.pause(); this.moveTo(0); }, End: () => { this.pause(); this.moveTo(this.end); },
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }
}
