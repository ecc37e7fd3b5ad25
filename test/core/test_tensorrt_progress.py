"""How far a build is, in numbers and words."""

import io
import logging
import threading
from types import SimpleNamespace

import pytest

from textseg_core.runtime.tensorrt.progress import BuildProgress, ProgressReport, make_monitor


def test_the_share_counts_nested_steps() -> None:
    progress = BuildProgress()
    progress.start("all", None, 4)
    progress.step("all", 0)
    assert progress.share == 0.25

    progress.start("part", "all", 2)
    progress.step("part", 0)

    # One of four steps, and half of the second.
    assert progress.share == 0.375
    assert progress.phase == "part"


def test_the_share_never_falls_and_ends_at_one() -> None:
    seen: list[float] = []
    progress = BuildProgress(lambda share, phase: seen.append(share))
    progress.start("all", None, 2)
    for name in ("first", "second"):
        progress.start(name, "all", 3)
        for step in range(3):
            progress.step(name, step)
        progress.finish(name)
    progress.finish("all")

    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert progress.phase == ""


def test_a_phase_that_ends_early_ends_its_steps() -> None:
    progress = BuildProgress()
    progress.start("all", None, 10)
    progress.step("all", 3)
    progress.finish("all")

    assert progress.share == 1.0


def test_a_second_build_step_after_cancel_says_stop() -> None:
    progress = BuildProgress()
    progress.start("all", None, 3)
    assert progress.step("all", 0)

    progress.cancel()

    assert not progress.step("all", 1)
    progress.finish("all")
    # What was stopped is not done.
    assert progress.share < 1.0


def test_unknown_phases_do_no_harm() -> None:
    progress = BuildProgress()
    progress.step("never started", 1)
    progress.finish("never started")

    assert progress.share == 0.0


def test_tensorrt_is_answered_through_its_own_class() -> None:
    class Monitor:
        pass

    progress = BuildProgress()
    monitor = make_monitor(SimpleNamespace(IProgressMonitor=Monitor), progress)
    monitor.phase_start("all", None, 2)

    assert isinstance(monitor, Monitor)
    assert monitor.step_complete("all", 0)
    assert progress.share == 0.5
    progress.cancel()
    assert not monitor.step_complete("all", 1)


class Terminal(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.drawn.set()


def test_a_terminal_gets_a_bar() -> None:
    progress, terminal = BuildProgress(), Terminal()
    progress.start("tactics", None, 4)
    progress.step("tactics", 0)

    with ProgressReport("head", progress, stream=terminal, every_s=0.01):
        assert terminal.drawn.wait(10)

    text = terminal.getvalue()
    assert "\r[######------------------] head: 25% after 0 s (tactics)" in text
    assert text.rstrip("\033[K\n").split("\r")[-1].startswith("head: done after")


def test_a_line_of_the_log_does_not_follow_the_bar() -> None:
    terminal, twice = Terminal(), threading.Event()

    class OnTerminal(logging.Handler):
        lines = 0

        def emit(self, record: logging.LogRecord) -> None:
            terminal.write(f"LOG {record.getMessage()}\n")
            self.lines += 1
            if self.lines == 2:
                twice.set()

    handler = OnTerminal()
    logger = logging.getLogger("textseg_core.runtime.tensorrt.progress")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with ProgressReport("head", BuildProgress(), stream=terminal, every_s=0.01):
            assert twice.wait(10)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    *before, _ = terminal.getvalue().split("LOG ")
    assert len(before) >= 2
    assert all(part.endswith(("\r\033[K", "\033[K\n")) for part in before)


def test_a_log_gets_a_line_again_and_again_without_any_step(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress, twice = BuildProgress(), threading.Event()
    progress.start("thinking", None, 2)

    class Count(logging.Handler):
        lines = 0

        def emit(self, record: logging.LogRecord) -> None:
            self.lines += "head: 0% after" in record.getMessage()
            if self.lines == 2:
                twice.set()

    handler = Count()
    logger = logging.getLogger("textseg_core.runtime.tensorrt.progress")
    logger.addHandler(handler)
    try:
        with (
            caplog.at_level(logging.INFO),
            ProgressReport("head", progress, stream=io.StringIO(), every_s=0.01),
        ):
            assert twice.wait(10)
    finally:
        logger.removeHandler(handler)


def test_a_failed_build_is_called_so_and_the_thread_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = threading.active_count()

    with (
        caplog.at_level(logging.INFO),
        pytest.raises(RuntimeError, match="no"),
        ProgressReport("head", BuildProgress(), stream=io.StringIO()),
    ):
        raise RuntimeError("no")

    assert caplog.records[-1].message.startswith("head: failed after")
    assert threading.active_count() == before
