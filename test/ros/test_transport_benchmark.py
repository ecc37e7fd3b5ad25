import re
import subprocess
import sys

import pytest
from dds_peers import loopback_settings  # noqa: F401  # skips where cyclonedds is missing

from textseg_ros.benchmark.transport import latency_table


def test_the_table_states_median_and_95th_percentile() -> None:
    latencies_ms = [float(value) for value in range(1, 22)]

    line = latency_table(latencies_ms, frames_sent=25)

    assert line == "21 of 25 frames, median 11.00 ms, p95 20.00 ms, max 21.00 ms"


def test_no_frames_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no frame arrived"):
        latency_table([], frames_sent=5)


def test_images_pass_between_two_processes_without_multicast() -> None:
    command = [sys.executable, "-m", "textseg_ros.benchmark.transport"]

    run = subprocess.run(
        [*command, "--frames", "5", "--rate", "20", "--reliable"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    assert re.search(r"[45] of 5 frames, median \d+\.\d\d ms", run.stdout)
