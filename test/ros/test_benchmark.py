import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("cyclonedds", reason="the benchmarks need cyclonedds")

from recording import Clock
from redness_model import write_model

from textseg_core.memory import resident_mb
from textseg_ros.benchmark.latency import TimedTransport, overhead_share, table
from textseg_ros.benchmark.peer import end_of_peer
from textseg_ros.benchmark.soak import Outcome
from textseg_ros.results import LATENCY_STAGES


def _row(**values: float) -> dict[str, float]:
    return dict.fromkeys((*LATENCY_STAGES, "publish"), 0.0) | values


class SilentTransport:
    """Publishes nowhere; every message takes as many seconds as `seconds` says."""

    messages: Any = None

    def __init__(self) -> None:
        self.clock, self.seconds = Clock(), 1.0

    def publish(self, key: str, message: object) -> None:
        self.clock.now_s += self.seconds

    def now_ns(self) -> int:
        return 0

    def log(self, level: str, text: str) -> None:
        raise AssertionError(text)


def test_the_share_is_decode_convert_and_publish_of_a_result_without_the_waiting() -> None:
    # 1 + 4 + 5 of 110 - 20 + 5 + 5: publishing comes after `total` ends.
    row = _row(wait=20.0, decode=1.0, convert=4.0, total=115.0, publish=5.0)

    assert overhead_share([row]) == pytest.approx(0.1)


def test_the_table_adds_publishing_to_the_whole() -> None:
    lines = table([_row(total=40.0, publish=2.5)] * 3, [1.0, 2.0, 3.0]).splitlines()

    assert lines[2] == "| camera -> node | 2.00 | 2.90 |"
    assert lines[-1] == "| image in -> mask out | 42.50 | 42.50 |"


def test_a_row_ends_with_the_last_message_of_its_result() -> None:
    silent: Any = SilentTransport()
    timed = TimedTransport(silent, silent.clock)

    for turn in (1.0, 2.0):
        silent.seconds = turn
        latency = SimpleNamespace(**dict.fromkeys(LATENCY_STAGES, turn))
        for key in ("objects", "centroid", "mask", "latency"):
            timed.publish(key, SimpleNamespace(latency=latency))
    timed.finish_row()
    timed.finish_row()

    # Four messages of a second each, then four of two seconds.
    assert [(row["encoder"], row["publish"]) for row in timed.rows] == [(1.0, 4e3), (2.0, 8e3)]


@pytest.mark.parametrize(
    ("age_ms", "last_mb", "passed"),
    [(399.0, 101.9, True), (401.0, 100.0, False), (100.0, 102.1, False), (100.0, 97.0, False)],
)
def test_a_soak_fails_on_an_old_result_or_on_memory_that_moves(
    age_ms: float, last_mb: float, passed: bool
) -> None:
    outcome = Outcome((50.0, age_ms), {10.0: 100.0, 60.0: last_mb}, sent=3)

    assert outcome.passed is passed


def test_resident_memory_grows_by_what_is_filled() -> None:
    before_mb = resident_mb(os.getpid())

    # Pages of its own: the C library might answer from what earlier tests have freed.
    with mmap.mmap(-1, 50_000_000) as filled:
        filled.write(b"x" * len(filled))

        assert resident_mb(os.getpid()) - before_mb > 0.9 * len(filled) / 1e6


@pytest.mark.parametrize(
    ("module", "arguments", "told"),
    [
        ("latency", ["--frames", "15", "--rate", "10"], "| image in -> mask out |"),
        ("soak", ["--seconds", "2"], "memory of the node"),
    ],
)
def test_a_benchmark_runs_to_its_figures(
    tmp_path: Path, module: str, arguments: list[str], told: str
) -> None:
    model = write_model(tmp_path / "model")
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"/**:\n  ros__parameters:\n    weights: {model}\n")
    command = [sys.executable, "-m", f"textseg_ros.benchmark.{module}", *arguments]

    run = subprocess.run(
        [*command, "--params-file", str(settings)], capture_output=True, text=True, timeout=120.0
    )

    # A busy machine may miss a limit, which is status 1 with the figures all the same.
    assert run.returncode in (0, 1)
    assert told in run.stdout, run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("module", ["latency", "soak", "churn", "crowd", "endurance", "recovery"])
def test_a_benchmark_that_cannot_start_says_why_without_a_traceback(
    tmp_path: Path, module: str
) -> None:
    missing = tmp_path / "none.yaml"
    command = [sys.executable, "-m", f"textseg_ros.benchmark.{module}", "--params-file"]

    run = subprocess.run([*command, str(missing)], capture_output=True, text=True, timeout=60.0)

    assert run.returncode == 1
    assert f"{module}: " in run.stderr
    assert str(missing) in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("module", ["latency", "soak"])
def test_a_stopped_benchmark_ends_quietly_and_soon(tmp_path: Path, module: str) -> None:
    model = write_model(tmp_path / "model")
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"/**:\n  ros__parameters:\n    weights: {model}\n")
    length = ["--frames", "10000"] if module == "latency" else ["--seconds", "600"]
    command = [sys.executable, "-m", f"textseg_ros.benchmark.{module}", *length]
    with subprocess.Popen(
        [*command, "--params-file", str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        until_s = time.monotonic() + 150.0
        while len(children.read_text().split()) < (1 if module == "latency" else 2):
            assert time.monotonic() < until_s
            time.sleep(0.05)
        time.sleep(0.5)
        run.send_signal(signal.SIGTERM)
        _, told = run.communicate(timeout=100.0)

    assert run.returncode == 0
    assert "Traceback" not in told


def test_a_peer_that_does_not_end_is_given_up() -> None:
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, text=True) as peer:
        with pytest.raises(subprocess.TimeoutExpired):
            end_of_peer(peer, threading.Event(), 0.1)
        peer.kill()
