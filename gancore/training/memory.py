"""How much memory this process needed."""

import sys
from importlib import import_module


def peak_memory_mb() -> int | None:
    """The largest amount of memory that this process has held, in megabytes of 10⁶ bytes; None where the
    system does not tell, as on Windows.
    """
    try:
        resource = import_module("resource")
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * unit / 1e6)
