// A Parsons problem: lines on the left, the reader's program on the right.
//
// A click or Enter moves a line to the other list. Dragging, the arrow keys and the two small
// buttons move it within the program. The kernel judges; here nothing knows what is right.

const element = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// Text with what stands in `backticks` as code.
const rich = (text) =>
  text.split("`").map((part, index) => (index % 2 ? element("code", { textContent: part }) : part));

function render({ model, el }) {
  const lines = model.get("lines");
  const pool = element("ol", { className: "pk-lines" });
  const program = element("ol", { className: "pk-lines pk-program" });
  const verdict = element("div", { className: "pk-verdict" });
  verdict.setAttribute("role", "status");
  let dragged = null;

  const placed = () => model.get("program");
  const place = (order, focus) => {
    model.set("verdict", {});
    model.set("program", order);
    model.save_changes();
    const target = el.querySelector(`[data-line="${focus}"] .pk-line`);
    if (target) target.focus();
  };
  const without = (line) => placed().filter((other) => other !== line);
  const insert = (line, at) => place(without(line).toSpliced(at, 0, line), line);
  const toggle = (line) =>
    placed().includes(line) ? place(without(line), line) : insert(line, placed().length);
  const move = (line, by) => {
    const to = placed().indexOf(line) + by;
    if (to >= 0 && to < placed().length) insert(line, to);
  };

  const onKey = (event, line) => {
    const inside = placed().includes(line);
    const act = {
      ArrowUp: () => inside && move(line, -1),
      ArrowDown: () => inside && move(line, +1),
      ArrowRight: () => inside || toggle(line),
      ArrowLeft: () => inside && toggle(line),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const mover = (line, by, sign, name) => {
    const button = element("button", { textContent: sign, className: "pk-mover" });
    button.setAttribute("aria-label", `${name}: ${lines[line].trim()}`);
    button.onclick = () => move(line, by);
    return button;
  };

  const row = (line, position) => {
    const inside = position !== null;
    const text = element("button", { className: "pk-line", textContent: lines[line] });
    const where = inside ? `line ${position + 1} of your program` : "not in your program";
    text.setAttribute("aria-label", `${lines[line].trim()}, ${where}`);
    text.onclick = () => toggle(line);
    text.onkeydown = (event) => onKey(event, line);
    const item = element("li", { draggable: true }, text);
    item.dataset.line = line;
    if (inside) item.append(mover(line, -1, "↑", "Up"), mover(line, +1, "↓", "Down"));
    if (inside && model.get("verdict").line === position) item.classList.add("pk-wrong");
    item.ondragstart = (event) => {
      dragged = line;
      event.dataTransfer.setData("text/plain", lines[line]);
      event.stopPropagation();
    };
    return item;
  };

  // Where in the program a drop at this height puts the dragged line.
  const slotAt = (y) => {
    const others = [...program.children].filter((item) => +item.dataset.line !== dragged);
    const below = others.findIndex((item) => {
      const box = item.getBoundingClientRect();
      return y < box.top + box.height / 2;
    });
    return below < 0 ? others.length : below;
  };
  const accept = (list, drop) => {
    list.ondragover = (event) => dragged !== null && event.preventDefault();
    list.ondrop = (event) => {
      if (dragged === null) return;
      event.preventDefault();
      event.stopPropagation();
      drop(dragged, event.clientY);
      dragged = null;
    };
  };
  accept(program, (line, y) => insert(line, slotAt(y)));
  accept(pool, (line) => place(without(line), line));

  const draw = () => {
    const order = placed();
    const left = lines.map((_, line) => line).filter((line) => !order.includes(line));
    program.replaceChildren(...order.map(row));
    pool.replaceChildren(...left.map((line) => row(line, null)));
    const { text = "", right } = model.get("verdict");
    verdict.replaceChildren(...rich(text));
    verdict.classList.toggle("pk-right", right === true);
  };
  model.on("change:program", draw);
  model.on("change:verdict", draw);

  const check = element("button", { className: "pk-check", textContent: "Check" });
  check.onclick = () => model.send({ program: placed() });
  const column = (title, list) => {
    list.setAttribute("aria-label", title);
    return element("div", { className: "pk-column" }, element("h4", { textContent: title }), list);
  };
  const hint = "Click a line, or press Enter, to move it across; drag, or use ↑ ↓, to order.";
  el.classList.add("pk-parsons");
  el.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrow keys
  el.append(
    element("div", { className: "pk-title" }, ...rich(model.get("title"))),
    element("div", { className: "pk-hint", textContent: hint }),
    element("div", { className: "pk-columns" }, column("Lines", pool), column("Your program", program)),
    element("div", { className: "pk-foot" }, check, verdict),
  );
  draw();
  return () => {
    model.off("change:program", draw);
    model.off("change:verdict", draw);
  };
}

export default { render };
