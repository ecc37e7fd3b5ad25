"""The thread that answers: it takes work from the scheduler until that has stopped."""

import threading
from collections.abc import Callable

from textseg_ros.report import Report
from textseg_ros.scheduler import Scheduler, Work, refuse


class AnsweringThread:
    """Answers one image after the other; whatever an image does, the next is answered.

    Args:
        scheduler: Hands out the work.
        answer: Answers it.
        report: Where faults are told.
    """

    def __init__(
        self, scheduler: Scheduler, answer: Callable[[Work], None], report: Report
    ) -> None:
        self._scheduler = scheduler
        self._answer = answer
        self._report = report
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the scheduler must have been started."""
        self._thread = threading.Thread(target=self._run, name="segmentation", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end, once the scheduler has stopped; return whether it has come.

        Args:
            timeout_s: Longest wait for the image in work.
        """
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            if not thread.is_alive():
                self._thread = None
        return self._thread is None

    @property
    def has_died(self) -> bool:
        """Whether it has ended though nobody stopped it."""
        return self._thread is not None and not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._scheduler.take()) is not None:
            self._do(work)

    def _do(self, work: Work) -> None:
        try:
            self._answer(work)
        except BaseException as error:
            refuse(work.requests, error)
            if not isinstance(error, Exception):
                raise
            # The thread must outlive whatever a frame does to it.
            text = f"frame lost: {type(error).__name__}: {error}"
            self._report.tell("frame lost", "error", text)
