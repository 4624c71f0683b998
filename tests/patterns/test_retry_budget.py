import asyncio
from asyncio import sleep
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.patterns.retry_budget import RetryBudget


def spend_all(budget: RetryBudget) -> int:
    spent = 0
    while budget.try_spend():
        spent += 1
    return spent


async def test_each_call_adds_its_share_to_the_minimum() -> None:
    budget = RetryBudget(0.2, minimum=3)
    for _ in range(20):
        budget.note_call()
    assert budget.balance == 7
    assert spend_all(budget) == 7
    assert budget.balance == 0


async def test_shares_add_up_exactly() -> None:
    budget = RetryBudget(0.29, minimum=0)
    for _ in range(100):
        budget.note_call()
    assert 0.29 * 100 < 29
    assert spend_all(budget) == 29


async def test_calls_and_retries_are_forgotten_after_the_window() -> None:
    budget = RetryBudget(1, minimum=2, window=10)
    budget.note_call()
    assert spend_all(budget) == 3
    await sleep(8.9)
    assert spend_all(budget) == 0
    await sleep(1.1)
    assert spend_all(budget) == 2


@given(
    st.sampled_from([0, 0.1, 0.2, 0.3, 0.5, 1, 2]),
    st.integers(0, 5),
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=80),
)
def test_retries_are_at_most_their_share_of_the_calls_and_the_minimum(
    share: float, minimum: int, steps: list[tuple[int, bool]]
) -> None:
    """At each retry: retries in the window <= share x calls in the window + minimum; and no less.

    The window is the current tenth of it and the nine before.
    """

    async def main() -> None:
        budget, calls, retries, tenth = RetryBudget(share, minimum=minimum), [], [], 0
        for wait, is_call in steps:
            await sleep(wait / 10)
            tenth = int(asyncio.get_running_loop().time() + 1e-9)
            if is_call:
                budget.note_call()
                calls.append(tenth)
                continue
            inside = [sum(time > tenth - 10 for time in times) for times in (calls, retries)]
            allowed = round(share * inside[0], 9) + minimum >= inside[1] + 1
            assert budget.try_spend() == allowed
            retries += [tenth] * allowed

    virtual_time.run(main)


async def test_it_starts_anew_on_another_event_loop() -> None:
    budget = RetryBudget(0, minimum=2)
    await sleep(5)
    assert spend_all(budget) == 2

    async def main() -> int:
        return spend_all(budget)

    assert await asyncio.to_thread(virtual_time.run, main) == 2


def test_impossible_budgets_are_refused() -> None:
    for share in (-0.1, nan, inf):
        with pytest.raises(ValueError, match="share must be 0 retries a call or more, and finite"):
            RetryBudget(share)
    with pytest.raises(ValueError, match="minimum must be a whole number of retries, 0 or more"):
        RetryBudget(minimum=-1)
    with pytest.raises(ValueError, match="window must be above 0 seconds and finite, got 0"):
        RetryBudget(window=0)
