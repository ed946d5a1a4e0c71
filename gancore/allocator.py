"""What the allocator of the C library does with memory that a process has freed."""

import ctypes

__all__ = ["keep_freed_memory"]

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The numbers of two options in glibc's `malloc.h`."""
KEPT = 1 << 30
"""Bytes: blocks up to this size come from the heap, and up to as much stays free at its end."""


def keep_freed_memory() -> bool:
    """Keeps up to 1 GB of freed memory for the next allocations of this process, where the C library is
    glibc; says whether it does.

    Otherwise blocks of 32 MB or more and the free end of the heap go back to the system at once. A network
    then gets the memory of its maps anew in each layer, and the system fills each page with zeros first: an
    eighth of the time of some networks on a processor (`benchmarks/kept_memory.py`). The program `gancore`
    does this; a call in Python leaves the process as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or Windows, which has no such name
        return False
    # each option turns the adaptation of both off, so the first is needed for the second to help
    return bool(mallopt(MMAP_THRESHOLD, KEPT) and mallopt(TRIM_THRESHOLD, KEPT))
