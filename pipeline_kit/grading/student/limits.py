"""The limits that the operating system keeps for the grader, where it can do so."""

import sys

_GREATEST_FILE = 2**20
"""Bytes that may be written to a file, such as standard error."""


def limit(memory: int) -> None:
    """Have great files refused, and more memory.

    Args:
        memory: bytes of memory that the process may use beyond what is in use now.
    """
    if sys.platform == "win32":  # the grader watches the memory besides
        return
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (_GREATEST_FILE, _GREATEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm") as statistics:
            in_use = int(statistics.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + memory, in_use + memory))
