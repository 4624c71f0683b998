"""A world in which stages fail with some items, each failure of one kind or another."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World

KINDS = ("BadRecordError", "ServiceDownError")
"""Names of the types of errors with which stages fail here."""


@dataclass(frozen=True, kw_only=True)
class FaultyWorld(World):
    """A world in which stages fail with some items."""

    faults: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """For a stage: the items with which it fails, and the name of the error's type."""


class FaultyPlay(Play):
    """One performance of a `FaultyWorld`."""

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._faults = world.faults

    def _failure(self, stage: str, item: int) -> str:
        if self._kind_of_failure(stage, item):
            return f"{stage} cannot work on this item (made up by the grader)"
        return super()._failure(stage, item)

    def _kind_of_failure(self, stage: str, item: int) -> str:
        return self._faults.get(stage, {}).get(item, "")
