"""Predict: a question with a number for an answer, locked in before the run is seen.

    guess = predict("Three stages of 0.1 s each, one item. When does it come out?", unit="s")
    explore(make, prediction=guess, …)  # covered until the answer is locked; then both are drawn
    guess.again("Four stages of 0.5 s, one item?", answer=2.0, because="One item takes its time.")

Who commits to a number before the run is shown learns more from it than who only watches (Crouch et
al., Classroom demonstrations, 2004). So a locked answer stays, even if its cell is run again.
"""

from collections.abc import Callable, Mapping
from html import escape
from math import isfinite
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped] # it has no hints

from pipeline_kit.live.answer import SURE, Answer, Solution, parse_number
from pipeline_kit.live.form import form_bundle, notice, rich

Callback = Callable[["Prediction"], object]

_locked: dict[str, Answer] = {}
"""What has been answered in this kernel, by question: a cell that runs again shows its answer."""


def predict(
    question: str,
    unit: str = "s",
    *,
    answer: float | None = None,
    because: str = "",
    mistakes: Mapping[float, str] | None = None,
) -> "Prediction":
    """Ask for a number. The form shows itself when it is the last line of a cell.

    Args:
        question: the question; words in `backticks` are shown as code.
        unit: the unit of the answer, such as `"s"` or `"items/s"`.
        answer: the right answer, to be told as soon as one is locked in; without it the form tells
            nothing, because the run will.
        because: the sentence that goes with the right answer.
        mistakes: for wrong answers that many give, what lies behind each.

    Raises:
        ValueError: the question is empty, or there are comments but no `answer` to comment on.
    """
    if not question.strip():
        raise ValueError("question must say what to predict, got an empty one")
    if answer is None and (because or mistakes):
        raise ValueError("because and mistakes comment on an answer: give answer=… too")
    solution = None if answer is None else Solution(answer, because, mistakes or {})
    return Prediction(question, unit, solution)


class Prediction:
    """What `predict` returns: a question, and the answer once it is locked in."""

    def __init__(
        self,
        question: str,
        unit: str,
        solution: Solution | None = None,
        earlier: "Prediction | None" = None,
    ) -> None:
        self.question = question
        """What is asked."""
        self.unit = unit
        """The unit of the answer."""
        self._solution = solution
        self._earlier = earlier
        self._callbacks: list[Callback] = []
        self._answer = _locked.get(question)
        self._form = _Form(self)
        if self._answer:
            self._form.close(self._verdict())

    @property
    def value(self) -> float | None:
        """The number that was locked in; None before."""
        return self._answer.value if self._answer else None

    @property
    def sure(self) -> str | None:
        """How sure its author was, one of `SURE`; None before."""
        return self._answer.sure if self._answer else None

    @property
    def locked(self) -> bool:
        """Whether there is an answer, which can no longer be changed."""
        return self._answer is not None

    def lock(self, value: float, sure: str = SURE[0]) -> None:
        """Lock `value` in, as the button of the form does.

        Raises:
            RuntimeError: an answer is locked in already.
            ValueError: `value` is not a finite number, or `sure` is not one of `SURE`.
        """
        if self._answer:
            raise RuntimeError(
                f"{self._answer.value:g} {self.unit} is locked in; restart the kernel to begin anew"
            )
        if not isfinite(value):
            raise ValueError(f"value must be a finite number, got {value!r}")
        if sure not in SURE:
            raise ValueError(f"sure must be one of {', '.join(map(repr, SURE))}; got {sure!r}")
        self._answer = _locked[self.question] = Answer(value, sure)
        self._form.close(self._verdict())
        for callback in self._callbacks:
            callback(self)

    def on_lock(self, callback: Callback) -> None:
        """Call `callback(prediction)` when an answer is locked in, at once if one is already."""
        if self.locked:
            callback(self)
        else:
            self._callbacks.append(callback)

    def again(
        self,
        question: str,
        *,
        answer: float,
        because: str = "",
        mistakes: Mapping[float, str] | None = None,
    ) -> "Prediction":
        """Ask the question again with new numbers, beside what was answered the first time.

        The arguments are those of `predict`.
        """
        return Prediction(question, self.unit, Solution(answer, because, mistakes or {}), self)

    def _verdict(self) -> str:
        assert self._answer
        given = f"Locked in: {self._answer.value:g} {self.unit} ({self._answer.sure})."
        if self._solution:
            return f"{given} {self._solution.comment(self._answer, self.unit)}"
        return f"{given} The run will tell."

    def _looking_back(self) -> str:
        if self._earlier is None or self._earlier.value is None:
            return ""
        return (
            f"The first time you said {self._earlier.value:g} {self.unit} ({self._earlier.sure})."
        )

    def __repr__(self) -> str:
        state = f"{self.value:g} {self.unit}, {self.sure}" if self.locked else "not locked in yet"
        return f"Prediction({self.question!r}: {state})"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return form_bundle(self._form.box, "Predict", self.question, "Run this cell to answer.")


class _Form:
    """The widgets of a prediction: number, how sure, button, and a line that answers."""

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        self._number = widgets.Text(
            placeholder="a number",
            tooltip=f"Your answer in {prediction.unit}",
            layout=widgets.Layout(width="9em"),
        )
        self._sure = widgets.ToggleButtons(
            options=SURE, value=None, style=widgets.ToggleButtonsStyle(button_width="7em")
        )
        self._button = widgets.Button(description="Lock in", button_style="primary", icon="lock")
        self._notice = widgets.HTML(notice(prediction._looking_back()))
        unit = widgets.HTML(f"{escape(prediction.unit)},")
        row = widgets.HBox([self._number, unit, self._sure, self._button])
        row.layout.flex_flow = "row wrap"
        row.layout.align_items = "center"
        self._button.on_click(self._press)
        self.box = widgets.VBox([widgets.HTML(rich(prediction.question)), row, self._notice])

    def close(self, message: str) -> None:
        """Show the answer that is locked in, and take no other."""
        self._number.value = f"{self._prediction.value:g}"
        self._sure.value = self._prediction.sure
        for part in (self._number, self._sure, self._button):
            part.disabled = True
        self._button.description = "Locked"
        looking_back = self._prediction._looking_back()
        self._notice.value = notice(f"{looking_back} {message}".strip())

    def _press(self, _: object) -> None:
        # What goes wrong in a widget's callback is shown nowhere, unless it is put on the form.
        try:
            value = parse_number(self._number.value, self._prediction.unit)
            if self._sure.value is None:
                raise ValueError("Choose how sure you are; both are locked in together.")
            if not self._prediction.locked:
                self._prediction.lock(value, self._sure.value)
        except Exception as error:
            self._notice.value = notice(str(error) or type(error).__name__, alert=True)
