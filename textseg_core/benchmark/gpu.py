"""Our network on a GPU in torch: float16, compiled, replayed as a CUDA graph.

Command: `textseg benchmark-gpu`. Weights are random, which takes the same time; backends of the
segmenter are measured by `--ours gpu:backend=...` of `textseg benchmark`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textseg_core.benchmark.interleave import Sample, interleave
from textseg_core.benchmark.lineup import network_name, whole_name
from textseg_core.benchmark.machine import Watch, describe, video_mb
from textseg_core.benchmark.statistics import AROUND, ratio, share, spread, values_of
from textseg_core.benchmark.targets import MOST_AROUND, Target, targets_table
from textseg_core.evaluation.report import Table, as_typed, markdown, write_text

if TYPE_CHECKING:
    from textseg_core.benchmark.peaks import Peaks
    from textseg_core.evaluation.flops import Cost
    from textseg_core.models.base import SegmentationNetwork

PROGRAM = "textseg benchmark-gpu"
QUERIES = (1, 2, 4, 8, 16)
MOST_NETWORK_MS = 1.5
COST_OF_SIXTEEN = 2.0
MOST_WHOLE_MS = 3.0
_VOCABULARY = 3000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables; return the exit status."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.split("\n\n")[0])
    parser.add_argument("--device", default="cuda", help="a torch device; no graph on the CPU")
    parser.add_argument("--input-px", type=int, default=320)
    parser.add_argument("--no-compile", action="store_true", help="the graph alone")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--turn-s", type=float, default=0.5)
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        page = _measure(options, [f"command: `{as_typed(PROGRAM, given)}`", *describe()])
    except ModuleNotFoundError as error:
        print(f"{PROGRAM}: {error}: pip install 'textseg-ros[benchmark]'", file=sys.stderr)
        return 1
    except (ValueError, RuntimeError, AssertionError) as error:
        print(f"{PROGRAM}: torch cannot use {options.device!r} here: {error}", file=sys.stderr)
        return 1
    if options.write is not None:
        write_text(options.write, page)
    print(page)
    return 0


def floor_table(
    cost: "Cost", peaks: "Peaks", samples: Sequence[Sample], *, value_bytes: int
) -> Table:
    """Return the least time of encoder and head on the device beside what they took.

    Args:
        cost: Of the network.
        peaks: Of the device.
        samples: With encoder and head alone for every number of `QUERIES`.
        value_bytes: Of a weight.
    """
    encoder, _, head = cost.parameters
    moved = (encoder + head) * value_bytes
    rows = []
    for count in QUERIES:
        gmac = cost.encoder_gmac + cost.head_shared_gmac + count * cost.head_gmac
        floor_ms = 1e3 * max(2e9 * gmac / peaks.flops_per_s, moved / peaks.bytes_per_s)
        took_ms = spread(values_of(samples, network_name(count))).median
        figures = (f"{2 * gmac:.2f}", f"{moved / 1e6:.1f}", f"{floor_ms:.4f}", f"{took_ms:.3f}")
        rows.append((network_name(count), *figures, f"{floor_ms / took_ms:.1%}"))
    columns = ("contestant", "GFLOP", "MB at least", "floor ms", "measured ms", "floor / measured")
    note = (
        "The floor is the longer of all arithmetic at the speed of the matrix product and the "
        "weights' bytes at the speed of the copy, all values between the layers in the caches."
    )
    return Table("Network on the roofline", columns, tuple(rows), note)


def _targets(samples: Sequence[Sample]) -> list[Target]:
    """Return the targets of a GPU."""
    one = spread(values_of(samples, network_name(1))).median
    whole = spread(values_of(samples, whole_name(1))).median
    cost = ratio(samples, network_name(QUERIES[-1]), network_name(1)).value
    around = share(samples, whole_name(1), AROUND)
    return [
        Target(
            "encoder + head, 1 query, ms",
            f"{one:.3f}",
            f"<= {MOST_NETWORK_MS}",
            one <= MOST_NETWORK_MS,
        ),
        Target(
            f"{QUERIES[-1]} queries against 1",
            f"{cost:.2f}",
            f"<= {COST_OF_SIXTEEN}",
            cost <= COST_OF_SIXTEEN,
        ),
        Target(
            "host image to mask, ms", f"{whole:.3f}", f"<= {MOST_WHOLE_MS}", whole <= MOST_WHOLE_MS
        ),
        Target(
            "share of preprocess and postprocess",
            f"{around:.1%}",
            f"< {MOST_AROUND:.0%}",
            around < MOST_AROUND,
        ),
    ]


def _measure(options: argparse.Namespace, said: list[str]) -> str:
    """Run all contestants and return the page."""
    # Only here, so that without torch the command says what to install.
    from textseg_core.benchmark.fixed_frame import FixedFrame, contestants
    from textseg_core.benchmark.torch_peaks import measure_torch_peaks
    from textseg_core.evaluation.flops import measure
    from textseg_core.models.registry import build

    def network() -> "SegmentationNetwork":
        return build("compact", vocabulary_size=_VOCABULARY, input_px=options.input_px)

    half = options.device != "cpu"
    ours = network().eval().to(options.device)
    ours = ours.half() if half else ours
    listed = []
    for count in QUERIES:
        frame = FixedFrame(ours, count, options.device, compiled=not options.no_compile)
        listed += contestants(frame, count, options.input_px)
    peaks = measure_torch_peaks(options.device, half=half)
    watch = Watch()
    samples = interleave(listed, rounds=options.rounds, turn_s=options.turn_s)
    usage = watch.usage()
    one, sixteen = (
        spread(values_of(samples, network_name(count))).median for count in (1, QUERIES[-1])
    )
    said += [
        str(usage),
        f"float{16 if half else 32} on {options.device}, {'CUDA graph' if half else 'no graph'}, "
        f"{'not compiled' if options.no_compile else 'compiled'}; video memory of this process: "
        f"{video_mb() or 0.0:.0f} MB",
        f"peaks measured on the device: {peaks.flops_per_s / 1e12:.2f} TFLOP/s in a matrix "
        f"product, {peaks.bytes_per_s / 1e9:.0f} GB/s in a copy, both ways",
        f"encoding the image anew for each of {QUERIES[-1]} queries would take "
        f"{QUERIES[-1] * one / sixteen:.1f} times as long",
    ]
    rows = []
    for contestant in listed:
        found = spread(values_of(samples, contestant.name))
        figures = (f"{found.median:.3f}", f"{found.p95:.3f}", f"{found.p99:.3f}")
        rows.append((contestant.name, *figures, str(found.frames)))
    columns = ("contestant", "median ms", "p95 ms", "p99 ms", "frames")
    tables = [
        Table("Until the device has finished", columns, tuple(rows)),
        floor_table(measure("compact", network()), peaks, samples, value_bytes=2 if half else 4),
    ]
    if half:
        tables.insert(0, targets_table(_targets(samples), quiet=usage.quiet))
    return markdown("GPU", tables, said)


if __name__ == "__main__":
    sys.exit(main())
