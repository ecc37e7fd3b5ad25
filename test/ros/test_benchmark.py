import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("cyclonedds", reason="the benchmarks need cyclonedds")

from redness_model import write_model

from textseg_ros.benchmark.latency import TimedTransport, overhead_share, table
from textseg_ros.benchmark.machine import resident_mb
from textseg_ros.benchmark.soak import Outcome
from textseg_ros.results import LATENCY_STAGES


def _row(**values: float) -> dict[str, float]:
    return dict.fromkeys((*LATENCY_STAGES, "publish"), 0.0) | values


class SilentTransport:
    """Publishes nowhere."""

    messages: Any = None

    def publish(self, key: str, message: object) -> None:
        pass

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
    timed = TimedTransport(SilentTransport())
    latency = SimpleNamespace(**dict.fromkeys(LATENCY_STAGES, 3.0))

    for _ in range(2):
        for key in ("mask", "response", "objects", "centroid"):
            timed.publish(key, SimpleNamespace(latency=latency))
    timed.finish_row()
    timed.finish_row()

    assert len(timed.rows) == 2
    assert timed.rows[0]["encoder"] == 3.0
    assert timed.rows[0]["publish"] > 0.0


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

    filled = bytearray(b"x" * 50_000_000)

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
