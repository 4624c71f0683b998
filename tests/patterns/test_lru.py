from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.expiry import Entry
from pipeline_kit.patterns.lru import LRU


def test_the_least_recently_used_makes_room() -> None:
    lru = LRU(3)
    for key in "abc":
        lru.put(key, Entry(key))
    lru.move_to_end("a")
    lru.put("d", Entry("d"))
    assert list(lru) == ["c", "a", "d"]
    assert lru.evictions == 1


STEPS = st.tuples(st.sampled_from(["use", "put", "forget"]), st.integers(0, 6))


@given(st.integers(1, 4), st.lists(STEPS, max_size=60))
def test_it_holds_the_most_recently_used_and_never_more_than_maxsize(
    maxsize: int, steps: list[tuple[str, int]]
) -> None:
    """After any steps it holds what a plain list, in order of use, would hold."""
    lru, expected, evictions = LRU(maxsize), list[int](), 0
    for what, key in steps:
        if what == "put":
            lru.put(key, Entry("result"))
        elif what == "use" and key in lru:
            lru.move_to_end(key)
        elif what == "forget":
            lru.pop(key, None)
        others = [other for other in expected if other != key]
        if what == "put" or (what == "use" and key in expected):
            others.append(key)
        evictions += len(others) > maxsize
        expected = others[-maxsize:] if what != "use" or key in expected else expected
        assert list(lru) == expected
        assert lru.evictions == evictions
