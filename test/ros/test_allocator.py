import platform
import subprocess
import sys

import pytest

# Frees a block of 8 MB and tells by how much resident memory fell.
_PROBE = """
import os, sys
from textseg_ros.allocator import keep_image_buffers
def resident_bytes():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
if sys.argv[1] == "keep":
    assert keep_image_buffers()
block = bytearray(b"x" * 8_000_000)
before = resident_bytes()
del block
print(before - resident_bytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
@pytest.mark.parametrize(("argument", "kept"), [("keep", True), ("default", False)])
def test_a_freed_image_stays_in_the_process_only_where_wanted(argument: str, kept: bool) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _PROBE, argument], capture_output=True, text=True, check=True
    )

    assert (int(run.stdout) < 1_000_000) is kept
