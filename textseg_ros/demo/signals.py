"""Ends a process quietly: a signal sets an event, and the process returns from its loop."""

import signal
import threading
import time
from collections.abc import Callable

_POLL_S = 0.02


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set; call it before anything heavy is imported."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_until(condition: Callable[[], bool], stop: threading.Event, timeout_s: float) -> bool:
    """Wait for a condition; return whether it holds, else a stop or the time came first."""
    until_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= until_s or stop.wait(_POLL_S):
            return condition()
    return True
