"""What a benchmark ran on: hardware, versions, and how much of it others used meanwhile."""

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from textseg_core.evaluation.report import machine

PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "onnxruntime-gpu",
    "torch",
    "transformers",
    "tensorrt",
    "tensorrt-rtx",
    "cuda-python",
    "cyclonedds",
    "rosbags",
)
#: Share of the cores that other processes may use while figures are judged.
QUIET = 0.1
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Usage:
    """How busy the cores of this process were.

    Attributes:
        others: Share that other processes used, in [0, 1].
        own: Share that this process and its descendants used.
        seconds: Wall clock.
    """

    others: float
    own: float
    seconds: float

    @property
    def quiet(self) -> bool:
        """Whether figures may be judged."""
        return self.others <= QUIET

    def __str__(self) -> str:
        return (
            f"other processes used {self.others:.0%} of the cores during the run, this one "
            f"{self.own:.0%}"
        )


class Watch:
    """Measures `Usage` from its making on; Linux only.

    Raises:
        RuntimeError: If the system does not say how busy its cores are.
    """

    def __init__(self) -> None:
        self._cores = sorted(os.sched_getaffinity(0))
        self._started_s = time.perf_counter()
        self._busy_s = _busy_seconds(self._cores)
        self._own_s = _own_seconds()

    def usage(self) -> Usage:
        """Return how busy the cores were since this watch was made."""
        seconds = time.perf_counter() - self._started_s
        capacity = max(seconds * len(self._cores), 1e-9)
        busy = _busy_seconds(self._cores) - self._busy_s
        own = _own_seconds() - self._own_s
        return Usage(max(0.0, busy - own) / capacity, own / capacity, seconds)


def describe() -> list[str]:
    """Return lines about processor, memory, GPU, versions and load."""
    lines = [machine(versions(PACKAGES))]
    lines += [f"GPU: {name}" for name in gpus()] or ["GPU: none"]
    lines.append(f"load before the run: {os.getloadavg()[0]:.2f} in the last minute")
    return lines


def gpus() -> list[str]:
    """Return name, driver and memory of every NVIDIA GPU; none without a driver."""
    query = "--query-gpu=name,driver_version,memory.total"
    return _nvidia_smi(query, "--format=csv,noheader")


def video_mb() -> float | None:
    """Return this process's memory on NVIDIA GPUs in megabytes; None where there is none."""
    rows = _nvidia_smi("--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
    own = [row.split(",")[1] for row in rows if row.split(",")[0].strip() == str(os.getpid())]
    return sum(float(value) for value in own) * 1.048576 if own else None


def _nvidia_smi(*arguments: str) -> list[str]:
    try:
        done = subprocess.run(
            ["nvidia-smi", *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def versions(packages: Sequence[str]) -> str:
    """Return the versions of those packages that are installed, in one line."""
    found = {name: _version(name) for name in packages}
    return ", ".join(f"{name} {known}" for name, known in found.items() if known)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _own_seconds() -> float:
    """Return the processor time of this process and of all that descend from it.

    Of those that have ended the system tells only what their parents waited for. A browser does
    not wait for the processes that draw its pages, so ask while it lives.
    """
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses) + _living_seconds(os.getpid())


def _living_seconds(ancestor: int) -> float:
    """Return the processor time of the living descendants of a process."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for file in _STAT.parent.glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything; what follows it are words.
            words = file.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        pid = int(file.parent.name)
        children.setdefault(int(words[1]), []).append(pid)
        ticks[pid] = sum(int(word) for word in words[11:15])
    total, left = 0, list(children.get(ancestor, ()))
    while left:
        pid = left.pop()
        total += ticks[pid]
        left += children.get(pid, ())
    return total / os.sysconf("SC_CLK_TCK")


def _busy_seconds(cores: list[int]) -> float:
    """Return how long some cores have worked since the start of the system."""
    try:
        lines = _STAT.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise RuntimeError(f"{_STAT}: cannot tell how busy the machine is: {error}") from error
    ticks = 0
    for line in lines:
        name, *counts = line.split()
        if name.removeprefix("cpu").isdigit() and int(name.removeprefix("cpu")) in cores:
            user, nice, system, _idle, _wait, irq, soft_irq, steal = (int(c) for c in counts[:8])
            ticks += user + nice + system + irq + soft_irq + steal
    return ticks / os.sysconf("SC_CLK_TCK")
