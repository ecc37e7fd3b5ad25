"""How near the stages come to what the machine allows.

Command: `textseg benchmark-roofline`. Operations and bytes are counted in the ONNX
files, the machine's peaks are measured, and Jetson boards are estimated from their data sheets.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textseg_core.benchmark.frames import draw_picture, raw_camera
from textseg_core.benchmark.interleave import interleave
from textseg_core.benchmark.lineup import CAMERA, Lineup
from textseg_core.benchmark.machine import Watch, describe
from textseg_core.benchmark.ours import contestant, new_expressions
from textseg_core.benchmark.statistics import spread, values_of
from textseg_core.config import SegmenterConfig
from textseg_core.evaluation.report import Table, as_typed, markdown, write_text
from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.segmenter import Segmenter

if TYPE_CHECKING:
    from textseg_core.benchmark.graph_cost import GraphCost
    from textseg_core.benchmark.peaks import Peaks

PROGRAM = "textseg benchmark-roofline"
PARTS = {"encoder": "image_encoder", "text": "expression_encoder", "head": "query_head"}
#: Operators that remain kernels of their own when a compiler has fused the rest.
_KERNELS = {"Conv", "MatMul", "Gemm", "Resize", "Softmax", "LayerNormalization", "Concat"}


def parts_table(
    costs: "dict[str, GraphCost]", peaks: "Peaks", measured_ms: dict[str, float]
) -> Table:
    """Return the floor of every part of the network beside what it took.

    Args:
        costs: By stage.
        peaks: Of the machine it was measured on.
        measured_ms: Median by stage.
    """
    rows = []
    for stage, cost in costs.items():
        floor_ms = cost.floor_s(peaks.flops_per_s, peaks.bytes_per_s) * 1e3
        nodes_ms = cost.node_floor_s(peaks.flops_per_s, peaks.bytes_per_s) * 1e3
        took_ms = measured_ms[stage]
        rows.append(
            (
                stage,
                f"{cost.flops / 1e9:.3f}",
                f"{cost.ends / 1e6:.1f}",
                f"{cost.bytes_moved / 1e6:.1f}",
                f"{floor_ms:.2f}",
                f"{nodes_ms:.2f}",
                f"{took_ms:.2f}",
                f"{floor_ms / took_ms:.0%}",
                f"{nodes_ms / took_ms:.0%}",
            )
        )
    columns = (
        "stage",
        "GFLOP",
        "MB at least",
        "MB at most",
        "floor ms",
        "floor by nodes ms",
        "measured ms",
        "floor / measured",
        "floor by nodes / measured",
    )
    note = (
        "float32. At least: weights, inputs and outputs of the part, all else in the caches. At "
        "most: every node of the file reads and writes memory, none fused. The floor is the "
        "longer of arithmetic and bytes, of the part or of each node."
    )
    return Table("Network on the roofline", columns, tuple(rows), note)


def host_table(input_px: int, cells: int, peaks: "Peaks", measured_ms: dict[str, float]) -> Table:
    """Return the bytes that the steps on the host cannot do without, beside what they took."""
    pixels = CAMERA[0] * CAMERA[1]
    # Unpacking reads and writes the image, resizing reads it and writes the square; afterwards
    # logits become a response in float32 and a mask for each pixel.
    moved = {
        "decode": 2 * 3 * pixels,
        "preprocess": 3 * pixels + 3 * input_px**2,
        "postprocess": 4 * cells**2 + (4 + 1) * pixels,
    }
    rows = []
    for stage, count in moved.items():
        floor_ms = count / peaks.bytes_per_s * 1e3
        took_ms = measured_ms[stage]
        row = (f"{count / 1e6:.2f}", f"{floor_ms:.3f}", f"{took_ms:.3f}")
        rows.append((stage, *row, f"{floor_ms / took_ms:.0%}"))
    columns = ("stage", "MB at least", "floor ms", "measured ms", "floor / measured")
    return Table("Host, raw 640x480", columns, tuple(rows))


def boards_table(costs: "dict[str, GraphCost]", boards: "Sequence[Peaks]", queries: int) -> Table:
    """Return estimates for boards that nobody measured.

    Args:
        costs: By stage, of values of two bytes.
        boards: What each is taken to sustain.
        queries: Expressions that the head's cost is of.
    """
    rows = []
    for board in boards:
        cells, low_s, high_s = [], 0.0, 0.0
        for cost in costs.values():
            floor_s = cost.floor_s(board.flops_per_s, board.bytes_per_s)
            kernels = sum(node.kind in _KERNELS for node in cost.nodes)
            slow_s = cost.node_floor_s(board.flops_per_s, board.bytes_per_s)
            slow_s += kernels * board.kernel_s
            cells.append(f"{floor_s * 1e3:.2f}-{slow_s * 1e3:.2f}")
            low_s, high_s = low_s + floor_s, high_s + slow_s
        rows.append((board.name, *cells, f"{low_s * 1e3:.2f}-{high_s * 1e3:.2f}"))
    note = (
        "ESTIMATES in milliseconds, float16, not measured: from the floor with all between in the "
        "caches to every node through memory with 5 us a kernel. Sustained arithmetic and "
        "bandwidth taken: "
        + "; ".join(
            f"{b.name} {b.flops_per_s / 1e12:.2f} TFLOP/s, {b.bytes_per_s / 1e9:.0f} GB/s"
            for b in boards
        )
        + ". Pre- and post-processing and messages come on top."
    )
    title = f"Estimates for Jetson, {queries} {'query' if queries == 1 else 'queries'}"
    return Table(title, ("board", *costs, "network"), tuple(rows), note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables; return the exit status."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.split("\n\n")[0])
    parser.add_argument("--weights", type=Path, help="model directory; default: the shipped one")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--turn-s", type=float, default=1.0)
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        from textseg_core.benchmark.graph_cost import graph_cost
        from textseg_core.benchmark.peaks import BOARDS, GEMM_SIDE, measure_peaks
    except ModuleNotFoundError as error:
        print(f"{PROGRAM}: {error}: pip install 'textseg-ros[benchmark]'", file=sys.stderr)
        return 1
    directory = options.weights or SHIPPED_WEIGHTS
    config = SegmenterConfig(
        weights=str(directory), threads=options.threads, presence_threshold=0.0
    )
    try:
        said = [f"command: `{as_typed(PROGRAM, given)}`", *describe()]
        segmenter = Segmenter.load(config=config)
        case = Lineup(variant="ours", queries=(1,)).single("raw", new_words=True)
        decode = raw_camera(draw_picture(*CAMERA))
        watch = Watch()
        peaks = measure_peaks(options.threads)
        samples = interleave(
            [contestant(case, segmenter, decode, new_expressions())],
            rounds=options.rounds,
            turn_s=options.turn_s,
        )
        said.append(str(watch.usage()))
        costs = {
            (stage, size, batch): graph_cost(
                directory / f"{part}.onnx", batch=batch, value_bytes=size
            )
            for stage, part in PARTS.items()
            for size, batch in ((4, 1), (2, 1), (2, 8))
        }
    except (ValueError, RuntimeError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    said.append(
        f"peaks measured here: {peaks.flops_per_s / 1e9:.0f} GFLOP/s in a float32 product of "
        f"{GEMM_SIDE} x {GEMM_SIDE}, {peaks.bytes_per_s / 1e9:.1f} GB/s in a copy, both ways"
    )
    stages = ("decode", "preprocess", "encoder", "text", "head", "postprocess")
    took = {stage: spread(values_of(samples, case.name, stage)).median for stage in stages}
    info = segmenter.model_info
    tables = [
        parts_table({stage: costs[stage, 4, 1] for stage in PARTS}, peaks, took),
        host_table(info.input_px, info.cells, peaks, took),
        *(boards_table({s: costs[s, 2, n] for s in PARTS}, BOARDS, n) for n in (1, 8)),
    ]
    page = markdown("Roofline", tables, said)
    if options.write is not None:
        write_text(options.write, page)
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
