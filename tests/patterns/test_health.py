from typing import Any

import pytest

from pipeline_kit.patterns.health import Health, OutlierEjection


def test_a_worker_is_ejected_for_longer_each_time_up_to_a_limit() -> None:
    health = Health(OutlierEjection(base_ejection_time=30, max_ejection_time=70))
    assert [health.eject(now) - now for now in (0, 100, 200, 300)] == [30, 60, 70, 70]
    assert health.ejections == 4


def test_it_returns_when_its_time_is_over() -> None:
    health = Health(OutlierEjection(base_ejection_time=30))
    health.eject(5)
    assert [health.is_ejected(now) for now in (5, 34.9, 35)] == [True, True, False]


def test_only_failures_in_a_row_count() -> None:
    health = Health(OutlierEjection(consecutive_failures=3))
    assert [health.failed(), health.failed()] == [False, False]
    health.consecutive_failures = 0  # a success
    assert [health.failed() for _ in range(4)] == [False, False, True, True]
    health.eject(0)
    assert [health.failed() for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"consecutive_failures": 0},
            "consecutive_failures must be a whole number, 1 or",
        ),
        ({"base_ejection_time": 0}, "base_ejection_time must be above 0 seconds, got 0"),
        ({"max_ejection_time": -1}, "max_ejection_time must be above 0 seconds, got -1"),
        ({"max_ejection_percent": 101}, "from 0 to 100, got 101; use 0 to never eject"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OutlierEjection(**settings)
