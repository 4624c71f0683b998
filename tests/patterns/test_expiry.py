from math import inf
from typing import Any

import pytest

from pipeline_kit.patterns.expiry import Entry, Expiry


def expiry(**options: Any) -> Expiry:
    usual = {"ttl": 10, "ttl_jitter": 0, "stale_while_revalidate": 0, "negative_ttl": 0, "seed": 1}
    return Expiry(**(usual | options))


def test_a_result_is_fresh_for_its_ttl_and_then_usable_for_a_while() -> None:
    entry = expiry(stale_while_revalidate=3).of_result("result", ttl=10, now=100)
    assert (entry.result, entry.fresh_until, entry.usable_until) == ("result", 110, 113)


def test_jitter_takes_up_to_its_share_of_the_ttl_away_and_differs() -> None:
    jittered = expiry(ttl_jitter=0.2)
    ttls = [jittered.draw_ttl() for _ in range(1000)]
    assert 8 <= min(ttls) < 8.1
    assert 9.9 < max(ttls) <= 10
    assert ttls == [again.draw_ttl() for again in [expiry(ttl_jitter=0.2)] for _ in range(1000)]


def test_a_failure_is_kept_only_if_so_wished() -> None:
    error = OSError("down")
    assert expiry().of_failure(error, now=100) is None
    entry = expiry(negative_ttl=2).of_failure(error, now=100)
    assert entry
    assert (entry.error, entry.fresh_until, entry.usable_until) == (error, 102, 102)


def test_an_entry_is_usable_for_at_least_as_long_as_it_is_fresh() -> None:
    assert Entry("result").usable_until == inf
    assert Entry("result", fresh_until=5).usable_until == 5
    assert Entry("result", fresh_until=5, usable_until=7).usable_until == 7


def test_an_error_is_remembered_with_the_traceback_it_had() -> None:
    with pytest.raises(OSError, match="down") as caught:
        raise OSError("down")
    entry = Entry(None, error=caught.value)
    assert entry.traceback is caught.tb
