"""Mutants whose mistake nobody could see, by exercise, each with the reason."""

EQUIVALENT: dict[str, dict[str, str]] = {}
