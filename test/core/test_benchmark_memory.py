"""Memory over many frames: what counts as growth, and a short real run."""

import mmap
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from textseg_core.benchmark import memory
from textseg_core.benchmark.machine import QUIET, Usage, Watch
from textseg_core.benchmark.memory import QUERIES, Look, growth, main, measure
from textseg_core.memory import resident_mb
from textseg_core.segmenter import Segmenter


class Leaking:
    """Keeps a megabyte of every frame."""

    def __init__(self, kept_bytes: int) -> None:
        self.kept: list[Any] = []
        self.asked: list[int] = []
        self._bytes = kept_bytes

    def segment_many(self, image: Any, texts: list[str]) -> None:
        self.asked.append(len(texts))
        # Pages of its own: the allocator might hand out what an earlier test gave back.
        buffer = mmap.mmap(-1, self._bytes)
        buffer.write(b"x" * self._bytes)
        self.kept.append(buffer)


def test_growth_compares_the_medians_of_both_ends() -> None:
    # A single high look at either end changes nothing.
    assert growth([900, 100, 100, 100, 100, 50, 110, 110, 110, 110, 770]) == pytest.approx(0.1)


def test_growth_of_few_looks_keeps_the_ends_apart() -> None:
    assert growth([100.0, 104.0]) == pytest.approx(0.04)


def test_a_leak_is_seen() -> None:
    leaking = Leaking(1_000_000)

    looks = measure(cast(Segmenter, leaking), 60, every=10)

    assert [look.frame for look in looks] == [10, 20, 30, 40, 50, 60]
    assert looks[-1].resident_mb - looks[0].resident_mb == pytest.approx(50.0, abs=10.0)
    assert set(leaking.asked) == set(QUERIES)


def test_memory_of_another_process_is_its_own() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            taken = resident_mb(other.pid)
        finally:
            other.kill()

    assert 0 < taken < 10 < resident_mb()


def test_a_short_run_of_the_shipped_network_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "use_small_pages", lambda: True)  # the tests' own stay as they are
    arguments = ["--frames", "4", "--warm-up", "1", "--every", "1"]

    status = main([*arguments, "--write", str(tmp_path / "memory.md")])

    page = capsys.readouterr().out
    assert status in (0, 1)  # so few frames are still warming up
    assert "resident memory from frame 1 to 4" in page
    assert (tmp_path / "memory.md").read_text(encoding="utf-8").strip() == page.strip()


@pytest.mark.parametrize(
    ("last_mb", "video_mb", "status"),
    [(101.9, None, 0), (102.1, None, 1), (97.9, None, 1), (100.0, 50.0, 0), (100.0, 51.1, 1)],
)
def test_memory_that_moves_by_more_than_two_percent_fails(
    last_mb: float, video_mb: float | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [
        Look(10, 300.0, 10.0),  # while it warms up
        Look(20, 100.0, None if video_mb is None else 50.0),
        Look(30, last_mb, video_mb),
    ]
    monkeypatch.setattr(memory, "use_small_pages", lambda: True)
    monkeypatch.setattr(memory, "measure", lambda *_, **__: looks)
    monkeypatch.setattr(Segmenter, "load", lambda **_: None)

    assert main(["--frames", "40", "--warm-up", "20", "--every", "10"]) == status


def test_too_few_frames_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--frames", "100"]) == 1
    assert "--frames must be beyond --warm-up" in capsys.readouterr().err


def test_resident_memory_follows_what_another_process_holds() -> None:
    # A process of its own: this one may still own what earlier tests gave back.
    code = "print(flush=True); input(); held = b'x' * 50_000_000; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        before = resident_mb(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        after = resident_mb(process.pid)
        process.kill()

    assert after - before == pytest.approx(50.0, abs=10.0)


def test_a_machine_is_quiet_while_others_use_a_tenth_at_most() -> None:
    assert Usage(others=QUIET, own=0.5, seconds=1.0).quiet
    assert not Usage(others=QUIET + 0.01, own=0.5, seconds=1.0).quiet


def test_own_work_does_not_count_as_others() -> None:
    watch = Watch()
    total = 0
    began_s = time.process_time()  # a share may stay small: others work too, on many cores
    while time.process_time() < began_s + 0.2 or watch.usage().seconds < 0.3:
        total += sum(range(10_000))

    usage = watch.usage()
    assert 0.0 < usage.own <= 1.1
    assert 0.0 <= usage.others <= 1.1
