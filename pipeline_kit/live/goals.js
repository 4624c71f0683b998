// The goals under a figure, each with a tick or an empty circle, and in words whether it is reached.

function goalsList(attributes = {}) {
  return element("ul", { class: "pw-goals", "aria-label": "goals", ...attributes });
}

function showGoals(list, goals) {
  const state = (goal) => goal.error || (goal.reached ? " reached" : " not yet");
  list.replaceChildren(...goals.map((goal) => element("li", { class: goal.reached ? "pw-reached" : "" },
    element("span", { "aria-hidden": "true" }, goal.reached ? "✓" : "○"), ` ${goal.text}`,
    element("span", { class: "pw-goal-state" }, state(goal)))));
  list.hidden = goals.length === 0;
}
