"""Measures how long a new process takes to its first mask, from the command line."""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

IMPORT_LIMIT_S = 0.5
MASK_LIMIT_S = 3.0

_CHILD = """
from time import perf_counter
began = perf_counter()
import textseg_core
imported = perf_counter()
import sys
assert "torch" not in sys.modules, "importing textseg_core imported torch"
import numpy as np
segmenter = textseg_core.Segmenter.load(sys.argv[1] or None)
loaded = perf_counter()
mask = segmenter.segment(np.zeros((480, 640, 3), np.uint8), "the red cup").mask
print(imported - began, loaded - imported, perf_counter() - loaded)
"""


def measure(model: str) -> tuple[float, float, float, float]:
    """Return seconds of a new process: import, load, first mask, and all with Python's start.

    Args:
        model: Model directory, or empty for the shipped weights.

    Raises:
        RuntimeError: If the process fails; with its last line.
    """
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, model], capture_output=True, text=True, check=False
    )
    whole = perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    imported, loaded, masked = (float(value) for value in done.stdout.split())
    return imported, loaded, masked, whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 if the median misses a limit."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.runtime.start_up",
        description="Time from the start of a process to its first mask, on a 640x480 image.",
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped weights")
    parser.add_argument("--times", type=int, default=5, help="processes (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.times < 1:
        parser.error("--times must be at least 1")
    try:
        runs = [measure(str(options.model or "")) for _ in range(options.times)]
    except RuntimeError as error:
        print(f"the first mask did not come: {error}", file=sys.stderr)
        return 1
    medians = [statistics.median(values) for values in zip(*runs, strict=True)]
    names = ("import", "load", "first mask", "whole process")
    for name, value, values in zip(names, medians, zip(*runs, strict=True), strict=True):
        print(f"{name:14} {value:6.2f} s median, {max(values):6.2f} s slowest")
    slow = []
    if medians[0] >= IMPORT_LIMIT_S:
        slow.append(f"import takes {medians[0]:.2f} s, limit {IMPORT_LIMIT_S} s")
    if medians[3] >= MASK_LIMIT_S:
        slow.append(f"the first mask takes {medians[3]:.2f} s, limit {MASK_LIMIT_S} s")
    print("; ".join(slow) or "within the limits")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
