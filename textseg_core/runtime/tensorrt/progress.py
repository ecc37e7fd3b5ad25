"""Tells how far the build of an engine is: shares of one to a callback, a terminal and a log."""

import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, TextIO

#: A build may think for minutes about one step: what is going on is said this often all the same.
LOG_EVERY_S = 5.0
_BAR = 24

_log = logging.getLogger(__name__)


class BuildProgress:
    """The phases of one build, counted; safe to call from the builder's threads.

    Attributes:
        cancelled: Whether the build is to stop, at the next step that it reports.
        error: What the listener raised, which stops the build; TensorRT would swallow it.
    """

    def __init__(self, listener: Callable[[float, str], None] = lambda share, phase: None) -> None:
        self.cancelled = False
        self.error: Exception | None = None
        self._listener = listener
        self._lock = threading.Lock()
        # By name: the phase around it, its steps, and those that are done. In order of start.
        self._phases: dict[str, tuple[str | None, int, int]] = {}
        self._share = 0.0

    @property
    def share(self) -> float:
        """How much is done, in [0, 1]; never less than before."""
        return self._share

    @property
    def phase(self) -> str:
        """What is being done; empty before and after."""
        with self._lock:
            return next(reversed(self._phases), "")

    def cancel(self) -> None:
        """Stop the build at its next step."""
        self.cancelled = True

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """Begin a phase of so many steps, a part of one step of its parent."""
        with self._lock:
            self._phases[name] = (parent, max(1, steps), 0)
        self._tell(name)

    def step(self, name: str, step: int) -> bool:
        """Count step number `step` as done; return whether to go on."""
        with self._lock:
            if name in self._phases:
                parent, steps, done = self._phases[name]
                self._phases[name] = (parent, steps, min(steps, max(done, step + 1)))
        self._tell(name)
        return not self.cancelled

    def finish(self, name: str) -> None:
        """End a phase, also one whose steps were not all reported."""
        with self._lock:
            ended = self._phases.pop(name, None)
            if ended is not None and ended[0] not in self._phases and not self.cancelled:
                self._share = 1.0
        self._tell(name)

    def _tell(self, name: str) -> None:
        with self._lock:
            self._share = max(self._share, self._measure())
        if self.error is not None:
            return
        try:
            self._listener(self._share, name)
        except Exception as error:
            self.error = error
            self.cancel()

    def _measure(self) -> float:
        """Return the done share of the outermost phase, with the part of its step in progress."""
        share = 0.0
        for parent, steps, done in reversed(self._phases.values()):
            share = min(1.0, (done + share * (done < steps)) / steps)
            if parent not in self._phases:
                return share
        return share


def make_monitor(module: Any, progress: BuildProgress) -> Any:
    """Return TensorRT's `IProgressMonitor` that tells `progress`.

    Args:
        module: The bindings.
        progress: Told from the builder's threads.
    """

    class _Monitor(module.IProgressMonitor):  # type: ignore[misc]  # known at run time only
        def __init__(self) -> None:
            module.IProgressMonitor.__init__(self)

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            progress.start(name, parent, steps)

        def step_complete(self, name: str, step: int) -> bool:
            return progress.step(name, step)

        def phase_finish(self, name: str) -> None:
            progress.finish(name)

    return _Monitor()


class ProgressReport:
    """Shows a build while it runs: a bar on a terminal, else a log line every 5 seconds.

    A context manager; its thread ends with it.
    """

    def __init__(
        self,
        title: str,
        progress: BuildProgress,
        *,
        stream: TextIO | None = None,
        every_s: float = LOG_EVERY_S,
    ) -> None:
        self._title = title
        self._progress = progress
        self._stream = sys.stderr if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._log_every_s = every_s
        self._ended = threading.Event()
        self._started = monotonic()
        self._thread = threading.Thread(target=self._run, name="build progress", daemon=True)

    def __enter__(self) -> "ProgressReport":
        self._started = monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        spent = monotonic() - self._started
        ending = "done" if error is None else "failed"
        if self._is_terminal:
            self._stream.write(f"\r{self._title}: {ending} after {spent:.1f} s\033[K\n")
            self._stream.flush()
        _log.info("%s: %s after %.1f s", self._title, ending, spent)

    def _run(self) -> None:
        logged = monotonic()
        while not self._ended.wait(min(0.1, self._log_every_s)):
            if self._is_terminal:
                self._draw()
            if monotonic() - logged >= self._log_every_s:
                logged = monotonic()
                if self._is_terminal:
                    self._stream.write("\r\033[K")  # or the line would follow the bar
                    self._stream.flush()
                _log.info("%s", self._line())

    def _line(self) -> str:
        spent = monotonic() - self._started
        phase = self._progress.phase
        return (
            f"{self._title}: {self._progress.share:.0%} after {spent:.0f} s"
            f"{f' ({phase})' if phase else ''}"
        )

    def _draw(self) -> None:
        full = round(self._progress.share * _BAR)
        bar = "#" * full + "-" * (_BAR - full)
        self._stream.write(f"\r[{bar}] {self._line()}\033[K")
        self._stream.flush()
