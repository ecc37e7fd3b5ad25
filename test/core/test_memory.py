"""Memory that a process is given unasked: shown in processes of its own."""

import mmap
import subprocess
import sys

import pytest

_HUGE = 2 << 20

# Touches one byte in each of eight 2 MB, has the kernel do at once what it does in the background
# where huge pages are on for all (madvise(2), MADV_COLLAPSE), and prints the megabytes grown by.
_PROBE = f"""
import ctypes, mmap, sys
from textseg_core.memory import resident_mb, use_small_pages
libc = ctypes.CDLL(None)
libc.prctl(41, 0, 0, 0, 0)  # PR_SET_THP_DISABLE: whatever our parent has set
if sys.argv[1] == "small":
    assert use_small_pages()
HUGE, COLLAPSE = {_HUGE}, 25
block = mmap.mmap(-1, 9 * HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
start = ctypes.addressof(ctypes.c_char.from_buffer(block))
aligned = range(-(-start // HUGE) * HUGE, start + 9 * HUGE - HUGE + 1, HUGE)[:8]
block.madvise(mmap.MADV_NOHUGEPAGE)  # or the first touch may make the page huge
for at in aligned:
    block[at - start] = 1
libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(9 * HUGE), 14)  # MADV_HUGEPAGE undoes it
before = resident_mb()
for at in aligned:
    libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(HUGE), COLLAPSE)
print(resident_mb() - before)
"""


def grown_mb(pages: str) -> float:
    run = subprocess.run(
        [sys.executable, "-c", _PROBE, pages], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


@pytest.mark.skipif(not hasattr(mmap, "MADV_NOHUGEPAGE"), reason="huge pages are Linux's")
def test_memory_that_is_not_in_use_becomes_resident_with_huge_pages_only() -> None:
    usual = grown_mb("usual")
    if usual < 1.0:
        pytest.skip("this kernel makes no huge pages when asked (Linux 6.1 or newer does)")

    # Eight pages of 4 kB become eight of 2 MB: 511/512 of 16.78 MB.
    assert usual == pytest.approx(16.74, abs=1.0)
    assert grown_mb("small") == pytest.approx(0.0, abs=0.5)
