"""Async tests run on a virtual clock: exact, the same every time, and never waiting for real."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

import pytest
from hypothesis import settings

from pipeline_kit import virtual_time

settings.register_profile("exact", deadline=None, derandomize=True)
settings.load_profile("exact")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    test: Callable[..., Any] = pyfuncitem.obj
    if not iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    virtual_time.run(lambda: test(**arguments))
    return True
