"""Ends a process quietly and soon by a signal, whatever it is doing."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, TypeVar

GRACE_S = 3.0
"""How long what is being done when a signal comes may go on; launch kills after ten seconds."""
_POLL_S = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Made = TypeVar("Made")


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set; call it before anything heavy is imported."""
    stop = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_until(condition: Callable[[], bool], stop: threading.Event, timeout_s: float) -> bool:
    """Wait for a condition; return whether it holds, else a stop or the time came first."""
    until_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= until_s or stop.wait(_POLL_S):
            return condition()
    return True


def made_unless_stopped(make: Callable[[], Made], stop: threading.Event) -> Made | None:
    """Return what is made in a thread of its own; None if it could not be made after a stop.

    What takes longer than `GRACE_S` after a stop, such as a library that builds an engine and
    hears of no signal, does not keep the process: it ends here and now.

    Raises:
        Exception: What `make` raises, unless a stop has come.
    """
    made: list[Made] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            made.append(make())
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=work, name="start", daemon=True)
    thread.start()
    wait_until(lambda: not thread.is_alive(), stop, float("inf"))
    thread.join(GRACE_S)
    if thread.is_alive():
        end_at_once()
    if faults and not stop.is_set():
        raise faults[0]
    return made[0] if made else None


def end_if_busy() -> None:
    """Take no more signals; end the process at once if a thread is still at work.

    Python would otherwise end under a library that is still computing, which may crash.
    """
    # Python gives signals back to the system when it ends; a second Ctrl-C then would turn a
    # quiet end into a killed one.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if threading.active_count() > 1:
        end_at_once()


def end_at_once() -> NoReturn:
    """End the process with status 0, without waiting for anything."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(0)
