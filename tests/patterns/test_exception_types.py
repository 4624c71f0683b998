import asyncio
from typing import Any

import pytest

from pipeline_kit.patterns.exception_types import as_exceptions


def test_one_class_or_several_become_a_tuple() -> None:
    assert as_exceptions("on", OSError) == (OSError,)
    assert as_exceptions("on", (OSError, KeyError)) == (OSError, KeyError)
    assert as_exceptions("on", ()) == ()


@pytest.mark.parametrize(
    "given",
    [asyncio.CancelledError, BaseException, KeyboardInterrupt, (OSError, GeneratorExit)],
)
def test_what_must_not_be_held_back_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="on must be an Exception class or a tuple of them, got"):
        as_exceptions("on", given)


@pytest.mark.parametrize("given", ["OSError", OSError("an instance"), [OSError], None, 3])
def test_what_is_no_exception_class_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="cancellations and the like cannot be handled, they pass"):
        as_exceptions("ignore_exceptions", given)
