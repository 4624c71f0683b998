"""What `import pipeline_kit` takes beyond `import asyncio`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter

PAIRS = 15
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(program: str) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=_ENVIRONMENT)
    return perf_counter() - began


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    seconds("import asyncio, pipeline_kit")  # writes the .pyc files
    extra = median(
        seconds("import asyncio, pipeline_kit") - seconds("import asyncio") for _ in range(PAIRS)
    )
    yield "import pipeline_kit, beyond import asyncio", f"{1000 * extra:.1f} ms", "under 10 ms"
