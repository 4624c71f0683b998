"""Whole numbers: how many workers, items or attempts; checked where somebody passes them.

`True` is none, although Python counts it as 1: whoever writes `workers=True` has taken a number for
a switch, and should hear of it.
"""


def is_whole(number: object) -> bool:
    """Tell whether `number` is a whole one."""
    return isinstance(number, int) and not isinstance(number, bool)


def check_whole(
    argument: str, number: int, *, least: int = 1, of: str = "", remedy: str = ""
) -> None:
    """Raise a `ValueError` that names `argument` unless `number` is whole, and `least` or more.

    Args:
        argument: its name, as the caller knows it.
        number: what was passed for it.
        least: the lowest number that makes sense.
        of: what is counted, such as `"items"`.
        remedy: what to do instead, for the message.
    """
    if not is_whole(number) or number < least:
        what = f"a whole number of {of}" if of else "a whole number"
        remedy = f"; {remedy}" if remedy else ""
        raise ValueError(f"{argument} must be {what}, {least} or more, got {number!r}{remedy}")
