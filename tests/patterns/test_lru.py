from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.lru import LRU, Entry


def test_the_least_recently_used_makes_room() -> None:
    lru = LRU(3)
    for key in "abc":
        lru.put(key, Entry(key, 10))
    assert lru.get("a", 0) is not None
    lru.put("d", Entry("d", 10))
    assert list(lru) == ["c", "a", "d"]
    assert lru.evictions == 1


def test_an_entry_is_usable_until_its_time_and_then_gone() -> None:
    lru = LRU(3)
    lru.put("a", Entry("result", 5, usable_until=7))
    entry = lru.get("a", 6.99)
    assert entry is not None
    assert (entry.result, entry.fresh_until) == ("result", 5)
    assert lru.get("a", 7) is None
    assert len(lru) == 0
    assert lru.evictions == 0


def test_what_is_forgotten_is_gone() -> None:
    lru = LRU(3)
    lru.put("a", Entry("a", 10))
    lru.put("b", Entry("b", 10))
    lru.forget("a")
    lru.forget("never there")
    assert list(lru) == ["b"]
    lru.clear()
    assert len(lru) == 0


STEPS = st.tuples(st.sampled_from(["get", "put", "forget"]), st.integers(0, 6), st.integers(0, 3))


@given(st.integers(1, 4), st.lists(STEPS, max_size=60))
def test_it_holds_the_most_recently_used_and_never_more_than_maxsize(
    maxsize: int, steps: list[tuple[str, int, int]]
) -> None:
    """After any steps it holds what a plain list, in order of use, would hold."""
    lru, now, evictions = LRU(maxsize), 0, 0
    expected: list[tuple[int, int]] = []  # key and time of expiry, the latest used last
    for what, key, wait in steps:
        now += wait
        found = [(k, until) for k, until in expected if k == key]
        others = [(k, until) for k, until in expected if k != key]
        if what == "put":
            lru.put(key, Entry("result", now + 5))
            expected = [*others, (key, now + 5)]
            evictions += len(expected) > maxsize
            expected = expected[-maxsize:]
        elif what == "forget":
            lru.forget(key)
            expected = others
        else:
            usable = [(k, until) for k, until in found if now < until]
            assert (lru.get(key, now) is not None) == bool(usable)
            expected = [*others, *usable]
        assert list(lru) == [key for key, _ in expected]
        assert lru.evictions == evictions
