"""Measure the kit: `make bench`. Ratios come from one run, so a slow machine does not matter.

python tests/benchmarks              all of it, about three minutes
python tests/benchmarks throughput   one part
"""

import sys

import grading
import layers
import libraries
import observation
import sliders
import startup
import throughput
import virtual

PARTS = {
    "throughput": throughput.measure,
    "layers": layers.measure,
    "libraries": libraries.measure,
    "virtual": virtual.measure,
    "startup": startup.measure,
    "observation": observation.measure,
    "sliders": sliders.measure,
    "grading": grading.measure,
}


def main() -> None:
    """Measure the parts that are asked for, and print a line for each figure."""
    wanted = sys.argv[1:] or list(PARTS)
    print(f"Python {sys.version.split()[0]}")
    for part in wanted:
        for what, figure, target in PARTS[part]():
            print(f"{what:<66} {figure:>22}   target: {target}", flush=True)


if __name__ == "__main__":
    main()
