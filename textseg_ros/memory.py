"""How much memory this process holds."""

import os
import threading
from pathlib import Path

_STATM = Path("/proc/self/statm")
_MIB = 1 << 20


def resident_mib() -> float | None:
    """Return the memory that the process holds, MiB; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):  # not Linux
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


def thread_count() -> int:
    """Return how many threads Python knows of."""
    return threading.active_count()
