"""What a measurement was taken on: hardware, versions, load and command."""

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "cyclonedds", "rosbags")
_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine(module: str) -> str:
    """Return Markdown lines about this machine and how `module` was called."""
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    command = shlex.join(["python", "-m", module, *sys.argv[1:]])
    return "\n".join(
        [
            f"- command: `{command}`",
            f"- machine: {_cpu()}, {len(os.sched_getaffinity(0))} cores for this process, load "
            f"{os.getloadavg()[0]:.1f} in the last minute",
            f"- Python {platform.python_version()}, {packages}",
        ]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    for line in _CPU_INFO.read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
