from typing import Any

import pytest

from pipeline_kit.patterns.pooled_objects import Upkeep


class Thing:
    """An object to be pooled that tells what is done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []


def fail(thing: Thing) -> None:
    raise OSError("broken")


def upkeep_of(**functions: Any) -> Upkeep[Thing]:
    usual: dict[str, Any] = {
        "create": Thing,
        "check": lambda thing: thing.done.append("checked") or True,
        "reset": lambda thing: thing.done.append("reset"),
        "destroy": lambda thing: thing.done.append("destroyed"),
    }
    return Upkeep(**(usual | functions))


async def test_an_object_that_is_as_it_should_be_is_kept() -> None:
    upkeep = upkeep_of()
    thing = await upkeep.create()
    await upkeep.reset(thing)
    assert await upkeep.is_healthy(thing)
    assert thing.done == ["reset", "checked"]
    assert (upkeep.created, upkeep.destroyed) == (1, 0)


@pytest.mark.parametrize("check", [lambda thing: False, fail])
async def test_one_that_is_not_healthy_or_cannot_tell_is_destroyed(check: Any) -> None:
    upkeep = upkeep_of(check=check)
    thing = await upkeep.create()
    assert not await upkeep.is_healthy(thing)
    assert thing.done == ["destroyed"]
    assert upkeep.destroyed == 1


async def test_one_that_cannot_be_reset_is_destroyed_and_the_error_passes_through() -> None:
    upkeep = upkeep_of(reset=fail)
    thing = await upkeep.create()
    with pytest.raises(OSError, match="broken"):
        await upkeep.reset(thing)
    assert thing.done == ["destroyed"]


async def test_what_could_not_be_made_is_not_counted() -> None:
    upkeep = upkeep_of(create=lambda: fail(Thing()))
    with pytest.raises(OSError, match="broken"):
        await upkeep.create()
    assert upkeep.created == 0


@pytest.mark.parametrize("role", ["create", "check", "reset", "destroy"])
def test_what_is_no_function_is_refused_by_name(role: str) -> None:
    with pytest.raises(TypeError, match=f"{role} must be a function, got 3"):
        upkeep_of(**{role: 3})
