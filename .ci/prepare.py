#!/usr/bin/env python3
"""Sets up .venv with one locked set of packages, then runs a command in the repository.

Usage: `prepare.py SET [-- COMMAND ...]`, SET is `demo` or `check`. Needs nothing but Python. What
is set up already is not set up again. After a command it prints the wall time of both together and
the megabytes that pip downloaded.
"""

# An older Python than we support must get as far as being told so.
from __future__ import annotations

import ctypes.util
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCKS = ROOT / ".ci" / "requirements"
SETS = ("demo", "check")
OLDEST, NEWEST = (3, 10), (3, 13)
_UNITS = {"bytes": 1e-6, "B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
_DOWNLOADING = re.compile(r"^\s*Downloading \S+ \(([\d.]+) (bytes|B|kB|MB|GB)\)")
# What some tests need of the system, and what is said where it cannot be had.
SYSTEM_PACKAGES = {
    "libosmesa6": "the rendering test is skipped without OSMesa or EGL",
    "chromium": "the tests of the page in a browser are skipped without Chromium",
}
_INTERRUPTED = 130
_END_S = 10.0


def unsuitable(version: tuple[int, ...], system: str, machine: str) -> str | None:
    """Return why cyclonedds has no wheel for this Python, with the way out; None if it has."""
    if not OLDEST <= version[:2] <= NEWEST:
        found = ".".join(map(str, version[:2]))
        return (
            f"Python {found} has no wheels of cyclonedds, which carries the ROS 2 messages here; "
            "they exist for Python 3.10 to 3.13: make PYTHON=python3.12, or use the rclpy node of "
            "a ROS 2 installation (README: In a ROS 2 graph)"
        )
    if system != "Linux" or machine not in ("x86_64", "AMD64"):
        return (
            f"{system} {machine} has no wheels of cyclonedds, which carries the ROS 2 messages "
            "here; they exist for Linux x86_64. Use the rclpy node of a ROS 2 installation there "
            "(README: In a ROS 2 graph)"
        )
    return None


def missing_venv(version: tuple[int, ...]) -> str | None:
    """Return the one line that mends a Python without venv or ensurepip; None if it has both."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "this Python cannot make a virtual environment; install what Debian keeps apart: "
            f"sudo apt-get install -y python{version[0]}.{version[1]}-venv"
        )
    return None


def missing_system_packages() -> list[str]:
    """Return the packages of the system, of `SYSTEM_PACKAGES`, that tests would miss."""
    have = {
        "libosmesa6": ctypes.util.find_library("OSMesa") is not None,
        "chromium": any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    }
    return [name for name in SYSTEM_PACKAGES if not have[name]]


def install_system_packages(names: list[str], may: bool) -> list[str]:
    """Install packages of the system; return what is left to say, a line for each that is missing.

    Args:
        names: Of `SYSTEM_PACKAGES`.
        may: Whether packages may be installed.
    """
    may = bool(names) and may and _apt_get("update")
    return [
        f"{SYSTEM_PACKAGES[name]}: sudo apt-get install -y {name}"
        for name in names
        if not (may and _apt_get("install", "-y", "--no-install-recommends", name))
    ]


def _apt_get(*arguments: str) -> bool:
    done = subprocess.run(["apt-get", *arguments], check=False, capture_output=True)
    return done.returncode == 0


def downloaded_mb(line: str) -> float:
    """Return the megabytes that a line of pip's output says it downloads; 0 for other lines."""
    found = _DOWNLOADING.match(line)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else 0.0


def fingerprint(name: str) -> str:
    """Return what the installed set depends on, as one word."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCKS / f"{name}.txt", ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(name: str) -> float:
    """Install a set into .venv unless it is there; return the megabytes downloaded."""
    lock, stamp = LOCKS / f"{name}.txt", VENV / f"installed-{name}"
    wanted = fingerprint(name)
    python = VENV / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return 0.0
    print(f"setting up .venv with .ci/requirements/{name}.txt ...", flush=True)
    fits = python.exists() and _version_of(python) == sys.version_info[:2]
    _run_child([sys.executable, "-m", "venv", *([] if fits else ["--clear"]), str(VENV)])
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    megabytes = _run_child([*pip, "--progress-bar", "off", "--requirement", str(lock)])
    megabytes += _run_child([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    stamp.write_text(wanted)
    return megabytes


def _version_of(python: Path) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([str(python), "-c", code], stdout=subprocess.PIPE, check=False)
    return tuple(int(part) for part in answer.stdout.split())


def _run_child(command: list[str]) -> float:
    """Run venv or pip; show its output only if it fails. Returns the megabytes downloaded.

    It gets a session of its own, so that an interrupt ends it with what it started.
    """
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=str(ROOT),
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if _DOWNLOADING.match(line):
                    print("  " + line.strip(), flush=True)
        except BaseException:
            _end_session(process)
            raise
    if process.returncode:
        sys.stderr.writelines(lines[-40:])
        raise RuntimeError(
            f"{command[2]} failed with status {process.returncode}; above are its last lines. If "
            "it could not reach the registry, set PIP_INDEX_URL or a proxy and run make again"
        )
    return sum(map(downloaded_mb, lines))


def _end_session(process: subprocess.Popen[str]) -> None:
    """End a process that leads a session, and all of the session."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        pass
    except ProcessLookupError:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _interrupt(*_: object) -> None:
    """Act on the first signal; another must not disturb the tidying up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(command: list[str]) -> int:
    """Run a command to its end; a signal to us is left to it to act on."""
    with subprocess.Popen(command, cwd=str(ROOT)) as process:

        def pass_on(number: int, _: FrameType | None) -> None:
            # The terminal sends Ctrl-C to the whole group, so only SIGTERM needs passing on.
            if number == signal.SIGTERM:
                process.terminate()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, pass_on)
        return process.wait()


def main(arguments: list[str]) -> int:
    """Set up, run, and say what it took; return the exit status.

    After an interrupted set-up it is 0 if a command was to follow, which ends the job; 130 if
    not, so that make does not go on with a set-up that is not there.
    """
    started_s = time.monotonic()
    if not arguments or arguments[0] not in SETS or arguments[1:2] not in ([], ["--"]):
        print(f"usage: prepare.py {'|'.join(SETS)} [-- COMMAND ...]", file=sys.stderr)
        return 2
    fault = unsuitable(sys.version_info[:2], platform.system(), platform.machine())
    fault = fault or missing_venv(sys.version_info[:2])
    if fault:
        print(f"make: {fault}", file=sys.stderr)
        return 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        if arguments[0] == "check":
            may = os.geteuid() == 0 and shutil.which("apt-get") is not None
            for hint in install_system_packages(missing_system_packages(), may):
                print(f"make: {hint}", file=sys.stderr)
        megabytes = prepare(arguments[0])
    except KeyboardInterrupt:
        print("interrupted; run make again to finish the set-up", file=sys.stderr)
        return 0 if arguments[2:] else _INTERRUPTED
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    set_up_s = time.monotonic() - started_s
    status = run(arguments[2:]) if arguments[2:] else 0
    total_s = time.monotonic() - started_s
    print(
        f"took {total_s:.0f} s, {set_up_s:.0f} s of them to set up .venv; "
        f"{megabytes:.0f} MB downloaded",
        flush=True,
    )
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
