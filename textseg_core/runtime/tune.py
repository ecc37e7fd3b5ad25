"""Times ONNX Runtime's options on this machine, so that the ones in use can be justified."""

import argparse
import itertools
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]

from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.runtime.onnx_session import session_options, usable_cores
from textseg_core.runtime.variants import PARTS, fp32_paths

_LEVELS = {
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to run.

    Attributes:
        threads: Threads of each part.
        spin: Whether threads spin while they wait.
        level: How far the graph is optimised.
        arena: Whether memory is kept from run to run.
    """

    threads: int
    spin: bool
    level: str
    arena: bool

    def options(self) -> "onnxruntime.SessionOptions":
        """Return them as ONNX Runtime takes them."""
        options = session_options(self.threads)
        options.graph_optimization_level = _LEVELS[self.level]
        options.enable_cpu_mem_arena = self.arena
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self.spin)))
        return options


def settings(cores: int) -> Iterator[Setting]:
    """Yield what is tried: all numbers of threads and spinning, then the rest one at a time."""
    for threads, spin in itertools.product(range(1, cores + 1), (False, True)):
        yield Setting(threads=threads, spin=spin, level="all", arena=True)
    for level in ("extended", "basic"):
        yield Setting(threads=cores, spin=False, level=level, arena=True)
    yield Setting(threads=cores, spin=False, level="all", arena=False)


class Rig:
    """The three parts of a model with one setting, and inputs for them."""

    def __init__(self, directory: Path, setting: Setting) -> None:
        paths = fp32_paths(directory)
        self._sessions = [
            onnxruntime.InferenceSession(
                str(paths[part]), setting.options(), providers=["CPUExecutionProvider"]
            )
            for part in PARTS
        ]
        shape = self._sessions[0].get_inputs()[0].shape
        tokens = self._sessions[1].get_inputs()[0].shape[1]
        self._image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        self._ids = np.arange(1, tokens + 1, dtype=np.int64)[np.newaxis] % 5

    def frame(self, queries: int) -> Callable[[], None]:
        """Return a function that encodes an image and asks so many known expressions."""
        read = self._run(1, {"token_ids": self._ids})
        batch = {name: np.repeat(value, queries, axis=0) for name, value in read.items()}

        def run() -> None:
            self._run(2, {**self._run(0, {"image": self._image}), **batch})

        return run

    def _run(self, part: int, feeds: dict[str, Any]) -> dict[str, Any]:
        session = self._sessions[part]
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))


def time_frames(
    rigs: dict[Setting, Rig], queries: int, rounds: int
) -> dict[Setting, tuple[float, float]]:
    """Return the median milliseconds a frame, by the clock and of processor time.

    The settings take turns, so that what else the machine does falls on all alike.
    """
    runs = {setting: rig.frame(queries) for setting, rig in rigs.items()}
    spent: dict[Setting, list[tuple[float, float]]] = {setting: [] for setting in rigs}
    for turn in range(rounds + 2):
        for setting, run in runs.items():
            wall, processor = perf_counter(), process_time()
            run()
            if turn > 1:
                spent[setting].append((perf_counter() - wall, process_time() - processor))
    return {
        setting: (
            1e3 * statistics.median(wall for wall, _ in times),
            1e3 * statistics.median(processor for _, processor in times),
        )
        for setting, times in spent.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Time every setting and print a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.runtime.tune",
        description="Time threads, spinning, graph level and memory arena of ONNX Runtime.",
    )
    parser.add_argument("--model", type=Path, default=SHIPPED_WEIGHTS, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=30, help="frames each (default %(default)s)")
    options = parser.parse_args(arguments)
    onnxruntime.set_default_logger_severity(3)  # else it warns of each setting that is changed
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        rigs = {one: Rig(options.model, one) for one in settings(usable_cores())}
    except Exception as error:  # ONNX Runtime's errors share no base class
        print(f"{options.model} cannot be run: {error}", file=sys.stderr)
        return 1
    one, eight = (time_frames(rigs, queries, options.rounds) for queries in (1, 8))
    columns = (
        "threads",
        "spinning",
        "graph",
        "arena",
        "1 query, ms",
        "processor",
        "8, ms",
        "processor",
    )
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for setting in rigs:
        cells = [setting.threads, _word(setting.spin), setting.level, _word(setting.arena)]
        cells += [f"{value:.1f}" for times in (one, eight) for value in times[setting]]
        print("| " + " | ".join(map(str, cells)) + " |")
    return 0


def _word(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    sys.exit(main())
