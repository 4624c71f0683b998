// What every widget needs of the page it is on: elements, the theme, a sharp canvas, motion or none.

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  // JupyterLab takes arrows and letters as its own commands, unless the focused element says no.
  if (["button", "input", "select", "summary"].includes(tag) || "tabindex" in attributes) {
    node.dataset.lmSuppressShortcuts = "true";
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function isDark() {
  const light = document.body.dataset.jpThemeLight;
  if (light) return light === "false";
  return document.body.matches(".vscode-dark, .vscode-high-contrast")
    || matchMedia("(prefers-color-scheme: dark)").matches;
}

// The palette with the colours of the page's theme, which also become variables of the style sheet.
function coloursFor(palette, root) {
  const theme = isDark() ? palette.dark : palette.light;
  for (const [name, colour] of Object.entries(theme)) root.style.setProperty(`--pw-${name}`, colour);
  root.style.colorScheme = isDark() ? "dark" : "light";
  return { ...palette, ...theme };
}

// Calls `draw` whenever the theme or the width of `root` changes, or it comes into sight, because
// a page may skip the drawing of what nobody sees. Returns a function that ends it.
function watchPage(root, draw) {
  // JupyterLab hides the page while it changes its theme, and shows it again before the next frame:
  // what has no width then is drawn in that frame.
  const theme = new MutationObserver(() => { draw(); requestAnimationFrame(draw); });
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  const size = new ResizeObserver(draw);
  size.observe(root);
  const sight = new IntersectionObserver(draw);
  sight.observe(root);
  return () => { theme.disconnect(); size.disconnect(); sight.disconnect(); };
}

// Makes the canvas as wide as its parent and `height` pixels high, sharp on any screen.
function prepareCanvas(canvas, height) {
  const width = canvas.parentElement.clientWidth, scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return { pen, width };
}

function wantsNoMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";

function write(pen, text, x, y, { size = 12, colour, align = "left", weight = 400, room = Infinity }) {
  pen.font = `${weight} ${size}px ${FONT}`;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillText(shorten(pen, text, room), x, y);
}

function shorten(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && pen.measureText(text.slice(0, length) + "…").width > room) length -= 1;
  return text.slice(0, length) + "…";
}

// Stripes at 45 degrees: the texture of a worker that is blocked.
function hatch(pen, colour) {
  const tile = new OffscreenCanvas(8, 8), brush = tile.getContext("2d");
  brush.strokeStyle = colour;
  brush.lineWidth = 2;
  for (const shift of [-8, 0, 8]) {
    brush.moveTo(shift - 1, 9);
    brush.lineTo(shift + 9, -1);
  }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}

function diamond(pen, x, y, radius) {
  pen.beginPath();
  pen.moveTo(x, y - radius);
  pen.lineTo(x + radius, y);
  pen.lineTo(x, y + radius);
  pen.lineTo(x - radius, y);
  pen.closePath();
}

// How many of the sorted `times` are at or before `time`.
function countUpTo(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1; else high = middle;
  }
  return low;
}

function valueAt(steps, time) {
  const count = countUpTo(steps.times, time);
  return count ? steps.values[count - 1] : 0;
}

// The least of the `factors` times a power of ten that is not below `value`.
function niceAbove(value, factors = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  for (const factor of factors) {
    if (factor * power >= value * 0.9999) return factor * power;
  }
  return 10 * power;
}

function largest(values, least = 0) {
  return values.reduce((most, value) => Math.max(most, value), least);
}

function grouped(number) {
  return Number(number.toPrecision(6)).toLocaleString("en");
}

// A number of any size in little room: 1234 as it is, 123456 as "123K".
function compact(number) {
  return number < 1e5 ? `${number}` : new Intl.NumberFormat("en", { notation: "compact" }).format(number);
}

function seconds(time) {
  return `${Number(time.toPrecision(4)).toString()} s`;
}

// The colour of a stage, and the one to write on it.
function hue(colours, place) {
  const at = place % colours.stages.length;
  return { colour: colours.stages[at], ink: colours.stageInk[at] };
}
