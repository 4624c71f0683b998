"""What an answer prints: kept as far as anybody would read it."""

import io

_MOST = 2_000
"""Characters that are kept."""


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed, and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._room = _MOST
        self._lost = 0

    def write(self, text: str) -> int:
        """Take what is printed, however much it is."""
        if self._room > 0:
            self._kept.append(text[: self._room])
        self._lost += max(0, len(text) - max(0, self._room))
        self._room -= len(text)
        return len(text)

    def text(self) -> str:
        """Return what was kept, and how much was not."""
        more = f"\n… and {self._lost:,} more characters" if self._lost else ""
        return "".join(self._kept) + more
