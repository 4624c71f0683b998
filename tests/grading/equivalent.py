"""Mutants whose mistake nobody could see, by exercise, each with the reason."""

_ONLY_COMPARED = "it is a mark: it matters only whether it is another number than before"
_NO_DELAY = "with a token in the bucket the delay is 0 or less, which is none"
_PAST = "any time in the past is as good"

EQUIVALENT: dict[str, dict[str, str]] = {
    "ex06_rate_limiting": {
        "in `if self.tokens < 1:`: if self.tokens < 1: … → if True: …": _NO_DELAY,
        "in `if self.tokens < 1:`: self.tokens < 1 → self.tokens <= 1": _NO_DELAY,
        "in `if self.tokens < 1:`: 1 → 2": _NO_DELAY,
        "self.fill() → pass": "only the second: what the bucket owes, the next call fills in",
    },
    "ex07_metrics": {
        'in `"throughput": out / (clock() - start) if out else 0.0,`: '
        "clock() - start → clock() + start": "the loop's clock begins at 0 in each graded run",
    },
    "ex08_backpressure": {
        "in `first, second, third, done = (Channel(high) for _ in range(4))`: "
        "Channel(high) → Channel(high + 1)": "the gate lets no more than `high` in",
    },
    "ex09_circuit_breaker": {
        "in `failures, rest_until = 0, 0.0`: 0.0 → -1.0": _PAST,
        "in `times_opened = 0`: 0 → 1": _ONLY_COMPARED,
        "in `times_opened = 0`: 0 → -1": _ONLY_COMPARED,
        "times_opened += 1 → times_opened -= 1": _ONLY_COMPARED,
        "in `times_opened += 1`: 1 → 2": _ONLY_COMPARED,
    },
    "ex10_caching": {
        "in `hits = misses = 0`: 0 → 1": "they are set to 0 once more after the warm-up",
        "in `hits = misses = 0`: 0 → -1": "likewise; where that second line is mutated, it shows",
    },
}
