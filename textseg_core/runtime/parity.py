"""Compares the runtimes and precisions of a model directory with torch, from the command line."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.runtime.agreement import Agreement, batch_difference, compare
from textseg_core.runtime.base import InferenceBackend, Precision
from textseg_core.runtime.cases import Case, drawn_cases, picture_cases, scene_cases
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.reference import as_trained, reference_backend, segmenter_on
from textseg_core.runtime.variants import (
    PARTS,
    REQUIRED_IOU,
    fp32_paths,
    has_variant,
    variant_paths,
)

RESPONSE_TOLERANCE = 1e-2
BATCH = 8
#: Batches are compared on every so many pictures; each costs nine runs of the head.
_BATCH_SHARE = 8

_COLUMNS = (
    "runtime",
    "masks",
    "with pixels",
    "mask IoU",
    "of those with pixels",
    "5th percentile",
    "worst",
    "response within",
    "score within",
    "batch of 8 within",
    "verdict",
)


def comparing_parser(program: str, description: str) -> argparse.ArgumentParser:
    """Return what reads the options of every command that compares with a reference.

    They are the model, its checkpoint, the threads, and those that `chosen_cases` reads.
    """
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--model", type=Path, default=SHIPPED_WEIGHTS, metavar="DIR")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE.safetensors")
    parser.add_argument("--threads", type=int, default=0, help="of ONNX Runtime; 0 for all cores")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--scenes", type=Path, metavar="FOLDER", help="rendered scenes")
    group.add_argument("--pictures", type=Path, metavar="FOLDER", help="pictures of any kind")
    parser.add_argument("--count", type=int, default=200, help="pictures (default %(default)s)")
    return parser


def chosen_cases(options: argparse.Namespace) -> tuple[Iterator[Case], str]:
    """Return the cases that the options ask for, drawn ones by default, and their name."""
    if options.scenes is not None:
        return scene_cases(options.scenes, options.count), f"{options.count} rendered scenes"
    if options.pictures is not None:
        return picture_cases(options.pictures, options.count), f"{options.count} pictures"
    return drawn_cases(options.count), f"{options.count} drawn pictures"


def verdict(measured: Agreement, batch: float, precision: Precision) -> str:
    """Return "ok", or what is too far apart."""
    required = REQUIRED_IOU.get(precision, 0.99)
    faults = []
    if not measured.iou >= required:
        faults.append(f"mask IoU below {required}")
    if precision != "int8" and not measured.response <= RESPONSE_TOLERANCE:
        faults.append(f"response beyond {RESPONSE_TOLERANCE}")
    if not batch <= RESPONSE_TOLERANCE:
        faults.append("a batch differs from single queries")
    return "; ".join(faults) or "ok"


def table(rows: Mapping[str, tuple[Agreement, float, Precision]]) -> str:
    """Return the measurements as a Markdown table."""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    for name, (measured, batch, precision) in rows.items():
        cells = (
            name,
            str(len(measured.ious)),
            str(measured.found),
            f"{measured.iou:.4f}",
            f"{measured.iou_found:.4f}",
            f"{measured.p5:.4f}",
            f"{measured.worst:.4f}",
            f"{measured.response:.1e}",
            f"{measured.score:.1e}",
            f"{batch:.1e}",
            verdict(measured, batch, precision),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def runtimes(
    directory: Path, checkpoint: Path | None, scratch: Path, threads: int
) -> dict[str, tuple[InferenceBackend, Precision]]:
    """Return what can run a model directory on a CPU, by name.

    Args:
        directory: Model directory.
        checkpoint: As for `reference_backend`.
        scratch: Folder for the files that round as float16 does.
        threads: Threads of each; 0 for as many as there are cores.
    """
    from textseg_core.runtime.half_emulation import write_emulation
    from textseg_core.runtime.half_graph import convert_to_half

    sides: dict[str, tuple[InferenceBackend, Precision]] = {
        "ONNX Runtime, float32": (OnnxBackend(directory, threads), "fp32")
    }
    exported = fp32_paths(directory)
    emulated = {part: scratch / f"{part}.emulated.onnx" for part in PARTS}
    halves = {part: scratch / f"{part}.half.onnx" for part in PARTS}
    for part in PARTS:
        write_emulation(exported[part], emulated[part])
        convert_to_half(exported[part], halves[part], float32_outputs=part == "query_head")
    if has_variant(directory, "fp16"):
        halves = variant_paths(directory, "fp16")
    sides["float16 files, ONNX Runtime"] = (
        OnnxBackend.from_files(halves, threads, precision="fp16"),
        "fp16",
    )
    sides["float16, every value rounded"] = (OnnxBackend.from_files(emulated, threads), "fp16")
    if has_variant(directory, "int8"):
        paths = variant_paths(directory, "int8")
        sides["8-bit files, ONNX Runtime"] = (
            OnnxBackend.from_files(paths, threads, precision="int8"),
            "int8",
        )
    sides |= as_trained(directory, checkpoint)
    return sides


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 if anything is too far from the reference."""
    parser = comparing_parser(
        "python -m textseg_core.runtime.parity",
        "Compare ONNX Runtime, float16 and 8-bit files with torch in float32.",
    )
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            text, passed = _run(options, Path(scratch))
        if options.write is not None:
            options.write.write_text(text, encoding="utf-8")
    except ModuleNotFoundError as error:
        print(f"this needs {error.name}: pip install 'textseg-ros[precision]'", file=sys.stderr)
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"parity failed: {error}", file=sys.stderr)
        return 1
    print(text, end="")
    return 0 if passed else 1


def _run(options: argparse.Namespace, scratch: Path) -> tuple[str, bool]:
    """Return the table and whether every runtime is near enough."""
    backend, name = reference_backend(options.model, options.checkpoint, options.threads)
    sides = runtimes(options.model, options.checkpoint, scratch, options.threads)
    segmenters = {key: segmenter_on(side, options.model) for key, (side, _) in sides.items()}
    cases, pictures = chosen_cases(options)
    measured = compare(segmenter_on(backend, options.model), segmenters, cases)
    few = max(1, options.count // _BATCH_SHARE)
    batches = {
        key: batch_difference(one, islice(chosen_cases(options)[0], few), BATCH)
        for key, one in segmenters.items()
    }
    rows = {key: (measured[key], batches[key], sides[key][1]) for key in sides}
    passed = all(verdict(*row) == "ok" for row in rows.values())
    head = f"Reference: {name}, weights of {options.model.name}; {pictures}.\n\n"
    return head + table(rows), passed


if __name__ == "__main__":
    sys.exit(main())
