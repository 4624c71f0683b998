"""The colours and textures of every picture, in one place for Python and for the browser.

Hue says which stage, texture says what a worker does, and vermilion says loss and nothing else. The
colours are those of a set that colour-blind people can tell apart (Okabe and Ito, 2008) that stand
out 3 : 1 against a white page as well as against a dark one.
"""

from dataclasses import asdict, dataclass
from typing import Any

STAGES = ("#0072B2", "#009E73", "#CC79A7")
"""Hues of the first three stages; further stages begin again, and the label tells them apart."""

LOSS = "#D55E00"
"""Vermilion, for an item that failed or was dropped, always with a ✕."""

NEUTRAL = "#767676"
"""The source, the sink, and whatever belongs to no stage."""

INKS = ("#FFFFFF", "#1A1A1A")
"""What to write with on a coloured ground: whichever of the two stands out more."""

ITEMS = ("#7CC7F2", "#F0E442", "#D5D5D5", "#C9B3EC")
"""Fills of the circles that are items, in turn; each carries its number in `ITEM_INK`."""

ITEM_INK = "#1A1A1A"
"""Outline and number of an item, on any of the fills."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours that depend on the page."""

    page: str
    """The background."""
    ink: str
    """Text and axes."""
    quiet: str
    """Text of less weight: units, ticks, hints."""
    line: str
    """Grid and outlines of what is empty; decoration, no information in it."""
    ghost: str
    """The run before this one."""


LIGHT = Theme(page="#FFFFFF", ink="#1F1F1F", quiet="#5C5C5C", line="#C4C4C4", ghost="#B0B0B0")
DARK = Theme(page="#111111", ink="#EDEDED", quiet="#B5B5B5", line="#555555", ghost="#6E6E6E")


def stage_colour(index: int) -> str:
    """Return the hue of the stage at `index`, counted from 0 on the left."""
    return STAGES[index % len(STAGES)]


def ink_on(ground: str) -> str:
    """Return the colour in which text is best read on `ground`."""
    return max(INKS, key=lambda ink: contrast(ink, ground))


def as_data() -> dict[str, Any]:
    """Return the palette as plain values, which is how it gets to the browser."""
    return {
        "stages": STAGES,
        "loss": LOSS,
        "stageInk": tuple(ink_on(colour) for colour in STAGES),
        "neutral": NEUTRAL,
        "neutralInk": ink_on(NEUTRAL),
        "items": ITEMS,
        "itemInk": ITEM_INK,
        "light": asdict(LIGHT),
        "dark": asdict(DARK),
    }


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours `#RRGGBB`, from 1 (the same) to 21 (black on white).

    The formula is that of the Web Content Accessibility Guidelines 2.2.
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
