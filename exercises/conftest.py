"""Makes `pytest exercises/` grade the answers; all that it does is in `pipeline_kit.grading`."""

from pipeline_kit.grading.plugin import (  # noqa: F401 - pytest finds hooks and fixtures by name
    answer,
    draw,
    pytest_addoption,
    pytest_configure,
    pytest_ignore_collect,
    pytest_pyfunc_call,
    pytest_report_header,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
