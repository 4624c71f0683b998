// The sliders above a figure. Each is a range input, so keyboard and screen reader know it.

function buildKnobs(model, onGesture = () => {}) {
  const box = element("div", { class: "pw-knobs" });
  let moving = false;

  function slider(knob) {
    const id = `pw-${Math.random().toString(36).slice(2)}`;
    const shown = element("output", { for: id });
    const show = (value) => {
      shown.textContent = knob.unit ? `${value} ${knob.unit}` : `${value}`;
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    const input = element("input", {
      id, type: "range", min: knob.low, max: knob.high, step: knob.step, value: knob.value,
      "data-knob": knob.name,
      oninput: () => {
        if (!moving) onGesture();
        moving = true;
        show(Number(input.value));
        model.set("values", { ...model.get("values"), [knob.name]: Number(input.value) });
        model.save_changes();
      },
      onchange: () => { moving = false; },
    });
    show(knob.value);
    return element("label", { for: id, class: "pw-knob" },
      element("span", {}, knob.name.replaceAll("_", " ")), input, shown);
  }

  function build() {
    const now = model.get("values");
    const knobs = model.get("knobs").map((k) => ({ ...k, value: now[k.name] ?? k.value }));
    box.replaceChildren(...knobs.map(slider));
    box.hidden = knobs.length === 0;
  }

  model.on("change:knobs", build);
  build();
  return { box, close: () => model.off("change:knobs", build) };
}
