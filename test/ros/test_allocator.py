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


# Frees 8 MB below a block that stays; tells how much fell then, and after it was asked for.
_GIVE_BACK = """
import os
from textseg_ros.allocator import give_unused_memory_back, keep_image_buffers
def resident_bytes():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
assert keep_image_buffers()
block = bytearray(b"x" * 8_000_000)
above = bytearray(b"x" * 8_000_000)
before = resident_bytes()
del block
freed = resident_bytes()
assert give_unused_memory_back()
print(before - freed, freed - resident_bytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the function is glibc's")
def test_what_is_free_goes_back_to_the_system_when_asked_for() -> None:
    run = subprocess.run([sys.executable, "-c", _GIVE_BACK], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    at_once, later = map(int, run.stdout.split())
    assert at_once < 1_000_000
    assert later > 7_000_000


# Two threads, both alive, hold 8 MB one after the other; tells what the second one cost.
_THREADS = """
import os, threading
from textseg_ros.allocator import keep_image_buffers
def resident_bytes():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
assert keep_image_buffers()
over = threading.Event()
def hold():
    done = threading.Event()
    def work():
        bytearray(b"x" * 8_000_000)
        done.set()
        over.wait()
    threading.Thread(target=work).start()
    done.wait()
hold()
before = resident_bytes()
hold()
print(resident_bytes() - before)
over.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_what_one_thread_gave_back_serves_another() -> None:
    run = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 1_000_000


# Starts the node as far as its opening, there tells of its pages and ends.
_START = """
import ctypes, sys
ctypes.CDLL(None).prctl(41, 0, 0, 0, 0)  # PR_SET_THP_DISABLE: whatever our parent has set
from textseg_ros import dds_process, dds_transport
def open_node(_):
    print(next(line for line in open("/proc/self/status") if line.startswith("THP_enabled")))
    raise RuntimeError("seen")
dds_transport.open_node = open_node
sys.exit(dds_process.run([]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="huge pages are Linux's")
def test_the_node_starts_without_huge_pages() -> None:
    pytest.importorskip("cyclonedds", reason="the node without ROS needs cyclonedds")

    run = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True)

    assert run.stdout.split() == ["THP_enabled:", "0"], run.stderr
