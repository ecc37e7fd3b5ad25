"""How much memory a process holds, and in pages of which size; Linux only."""

import ctypes
import os
from pathlib import Path

# <linux/prctl.h>.
_PR_SET_THP_DISABLE = 41


def resident_mb(process_id: int | None = None) -> float:
    """Return a process's resident memory in megabytes (10^6 bytes); this one's if None.

    Raises:
        OSError: If there is no such process, or the system does not tell.
    """
    owner = "self" if process_id is None else process_id
    pages = int(Path(f"/proc/{owner}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def use_small_pages() -> bool:
    """Keep this process and its children from huge pages; return whether the system can.

    Where transparent huge pages are on for all (`always`), the kernel looks through a process's
    memory for minutes to hours and makes each 2 MB of which anything is in use resident as a
    whole: memory grows by megabytes at a time, while the process asks for nothing. After this
    call it holds only what it has touched. For a process that runs for long, at its start: pages
    that are huge already stay so.

    Source:
        Linux, Documentation/admin-guide/mm/transhuge.rst; prctl(2), PR_SET_THP_DISABLE.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return False  # not Linux
    done: int = prctl(*map(ctypes.c_ulong, (_PR_SET_THP_DISABLE, 1, 0, 0, 0)))
    return done == 0
