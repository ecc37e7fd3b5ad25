"""The processes of a run: started together, ended together, none left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_END_S = 15.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Member:
    """One process and its name in messages."""

    name: str
    process: "subprocess.Popen[bytes]"


class Crew:
    """Starts Python modules as processes of their own.

    Each is in a session of its own, so that Ctrl-C reaches only us and we end them in order; if
    we are killed, the system ends them.

    Args:
        environment: Of every process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._members: list[Member] = []
        self._libc = ctypes.CDLL(None)

    def start(self, name: str, module: str, arguments: Sequence[str], log: Path | None) -> None:
        """Start a module.

        Args:
            name: For messages.
            module: As for `python -m`.
            arguments: Its command line.
            log: File for what it writes on stdout and stderr; None for our own.
        """
        command = [sys.executable, "-m", module, *arguments]
        parent = os.getpid()

        def die_with_parent() -> None:
            # Until the new program runs, our own handler would swallow the signal.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(0)

        out = None if log is None else log.open("wb")
        try:
            process = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        finally:
            if out is not None:
                out.close()
        self._members.append(Member(name, process))

    def ended(self, name: str) -> int | None:
        """Return the exit status of a process; None while it runs."""
        return next(m.process.poll() for m in self._members if m.name == name)

    def failed(self) -> str | None:
        """Return what a process that ended on its own with an error was, None if none did."""
        for member in self._members:
            if member.process.poll():
                return f"{member.name} ended with status {member.process.returncode}"
        return None

    def stop(self) -> list[str]:
        """End all processes that still run; return what did not end with status 0."""
        running = [member for member in self._members if member.process.poll() is None]
        for member in running:
            member.process.terminate()
        until_s = time.monotonic() + _END_S
        for member in running:
            _wait_or_kill(member.process, max(0.0, until_s - time.monotonic()))
        return [
            f"{member.name} ended with status {member.process.returncode}"
            for member in self._members
            if member.process.returncode
        ]


def _wait_or_kill(process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
