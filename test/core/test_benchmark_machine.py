import subprocess
import sys

from textseg_core.benchmark.machine import Watch

# A child that leaves its work to a child of its own, which has not ended when it is looked at.
BUSY = """
import time
while time.process_time() < 0.5:
    pass
print("done", flush=True)
input()
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_the_work_of_living_descendants_is_not_that_of_others() -> None:
    watch = Watch()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, BUSY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        usage = watch.usage()
        child.communicate("\n")

    assert usage.own * usage.seconds * len(watch._cores) >= 0.45
