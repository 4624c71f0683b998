"""Knobs: the values a reader can change with a slider, and the user's code reads by name.

explore(make, buffer=(0, 20, 1, 2), delay=(0.1, 1.0, 0.1, 0.4, "s"))

def make(knobs):
    ... knobs.buffer ... knobs.delay ...
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isclose
from typing import Any, Self

MOST_KNOBS = 6

KnobSpec = tuple[float, float, float, float] | tuple[float, float, float, float, str]
"""Lowest value, highest value, step, value to begin with, and perhaps a unit."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One slider.

    Raises:
        ValueError: the range is empty, the step is not above 0, or `value` is not on the grid
            `low`, `low + step`, …, `high`.
    """

    name: str
    low: float
    high: float
    step: float
    value: float
    """What the slider stands at in the beginning."""
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"knob {self.name!r} goes from {self.low!r} to {self.high!r}: "
                "the first number must be below the second"
            )
        if not self.step > 0:
            raise ValueError(f"knob {self.name!r} must have a step above 0, got {self.step!r}")
        if self.snap(self.value) != self.value:
            raise ValueError(
                f"knob {self.name!r} cannot stand at {self.value!r}: from {self.low!r} to "
                f"{self.high!r} in steps of {self.step!r}, the nearest is {self.snap(self.value)!r}"
            )

    def snap(self, value: float) -> float:
        """Return the value on the grid that is nearest to `value`; an int on a grid of ints."""
        steps = round((min(max(value, self.low), self.high) - self.low) / self.step)
        on_grid = self.low + steps * self.step
        if isclose(on_grid, value, rel_tol=1e-9, abs_tol=1e-12):
            on_grid = value
        whole = all(isinstance(number, int) for number in (self.low, self.step, self.value))
        return int(on_grid) if whole else round(on_grid, 9)

    def as_data(self) -> dict[str, Any]:
        """Return the knob as plain values for the browser."""
        return asdict(self)


class Knobs:
    """The values the sliders stand at now, as attributes: `knobs.delay`."""

    def __init__(self, knobs: Mapping[str, Knob]) -> None:
        self._knobs = knobs
        self._values: dict[str, float] = {name: knob.value for name, knob in knobs.items()}

    @classmethod
    def fixed(cls, values: Mapping[str, float]) -> Self:
        """Return knobs that have no sliders and stand at `values`."""
        knobs = cls({})
        knobs._values = dict(values)
        return knobs

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "none"
            raise AttributeError(f"there is no knob {name!r}; there are: {known}") from None

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"Knobs({values})"

    def set(self, values: Mapping[str, float]) -> None:
        """Move knobs to `values`, each to the nearest place on its grid."""
        for name, value in values.items():
            if name in self._knobs:
                self._values[name] = self._knobs[name].snap(value)

    def values(self) -> dict[str, float]:
        """Return all values by name."""
        return dict(self._values)

    def as_data(self) -> list[dict[str, Any]]:
        """Return the knobs as plain values for the browser, each with where it stands now."""
        return [
            {**knob.as_data(), "value": self._values[knob.name]} for knob in self._knobs.values()
        ]


def make_knobs(specs: Mapping[str, KnobSpec]) -> Knobs:
    """Make knobs from their specifications by name.

    Raises:
        TypeError: a specification is not a tuple of four numbers and perhaps a unit.
        ValueError: there are more than six knobs, or one makes no sense (see `Knob`).
    """
    if len(specs) > MOST_KNOBS:
        raise ValueError(
            f"a figure has at most {MOST_KNOBS} knobs, got {len(specs)}: {', '.join(specs)}"
        )
    return Knobs({name: _make_knob(name, spec) for name, spec in specs.items()})


def _make_knob(name: str, spec: KnobSpec) -> Knob:
    numbers, unit = spec[:4], spec[4:]
    if len(numbers) < 4 or not all(isinstance(number, int | float) for number in numbers):
        raise TypeError(
            f"knob {name!r} must be (lowest, highest, step, value) or "
            f"(lowest, highest, step, value, unit), got {spec!r}"
        )
    return Knob(name, *numbers, *unit)
