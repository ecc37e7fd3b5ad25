"""How much memory a process holds; Linux only."""

import os
from pathlib import Path


def resident_mb(process_id: int | None = None) -> float:
    """Return a process's resident memory in megabytes (10^6 bytes); this one's if None.

    Raises:
        OSError: If there is no such process, or the system does not tell.
    """
    owner = "self" if process_id is None else process_id
    pages = int(Path(f"/proc/{owner}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
