"""Fresh parameters for each check, from a seed that is shown, so that a run can be repeated.

Why not by hypothesis, which draws and then shrinks? A grade has other needs than a test. It must be
the same for the same answer and seed, whatever was graded before: hypothesis remembers failures
from run to run. It must come within a second: hypothesis looks at a hundred examples where a check
here builds the two or three worlds in which its claim can fail, whatever the numbers. And it needs
no shrinking, because the worlds are small from the start.
"""

import random


class Draw(random.Random):
    """Random numbers for one check; the same seed and check give the same numbers.

    Args:
        seed: the seed that the grader prints.
        check: the name of the check, so that each has numbers of its own.
    """

    def __init__(self, seed: int, check: str) -> None:
        super().__init__(f"{seed} {check}")

    def items(self, least: int = 7, most: int = 11) -> list[int]:
        """Return between `least` and `most` different items, all above 0."""
        return self.sample(range(10, 100), self.randint(least, most))

    def beat(self) -> float:
        """Return a time in seconds that is exact as a binary fraction."""
        return self.choice([0.25, 0.5, 1.0, 2.0, 4.0])
