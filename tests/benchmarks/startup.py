"""What `import pipeline_kit` takes beyond `import asyncio`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter

PAIRS = 20
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(program: str) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=_ENVIRONMENT)
    return perf_counter() - began


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    seconds("import asyncio, pipeline_kit")  # writes the .pyc files
    pairs = [
        (seconds("import asyncio, pipeline_kit"), seconds("import asyncio")) for _ in range(PAIRS)
    ]
    # The quickest of each: whatever else the machine does can only add to a process's start.
    with_kit, without = (min(times) for times in zip(*pairs, strict=True))
    extra = with_kit - without
    yield "import pipeline_kit, beyond import asyncio", f"{1000 * extra:.1f} ms", "under 10 ms"
