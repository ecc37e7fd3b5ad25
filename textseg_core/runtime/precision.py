"""Makes the files of another precision, measures them, and writes down whether they may run."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from textseg_core.model_info import load_model_info, sha256_of, verify_files
from textseg_core.runtime.agreement import Agreement, compare
from textseg_core.runtime.base import Precision
from textseg_core.runtime.cases import load_pictures
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.onnx_session import OnnxDevice
from textseg_core.runtime.parity import chosen_cases, comparing_parser
from textseg_core.runtime.reference import reference_backend, refuse_proposals, segmenter_on
from textseg_core.runtime.variants import GATE_FILE, PARTS, Gate, fp32_paths

#: Fewer masks with pixels say too little of a precision.
LEAST_FOUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be made.

    Attributes:
        directory: Model directory; its folder of the precision's name is replaced.
        precision: "fp16" or "int8".
        checkpoint: Reference in torch; None for the directory's own or its exported files.
        calibration: Folder of pictures for "int8".
        calibration_count: How many of them are taken.
        device: What runs the files while they are measured.
        threads: Of ONNX Runtime on the CPU; 0 for all cores.
    """

    directory: Path
    precision: Precision
    checkpoint: Path | None = None
    calibration: Path | None = None
    calibration_count: int = 64
    device: OnnxDevice = "cpu"
    threads: int = 0


def write_parts(request: Request, folder: Path) -> None:
    """Write the three ONNX files of a precision into a folder.

    Raises:
        ValueError: If 8 bits were asked for without pictures, or float32.
    """
    exported = fp32_paths(request.directory)
    if request.precision == "fp16":
        from textseg_core.runtime.half_graph import convert_to_half

        for part, path in exported.items():
            convert_to_half(path, folder / path.name, float32_outputs=part == "query_head")
        return
    if request.precision != "int8" or request.calibration is None:
        raise ValueError(
            "int8 needs --calibrate FOLDER with pictures like the camera's; "
            f"expected fp16 or int8, got {request.precision}"
        )
    from textseg_core.runtime.int8_graph import quantise_image_encoder

    for path in exported.values():
        if path.name != "image_encoder.onnx":
            shutil.copyfile(path, folder / path.name)
    quantise_image_encoder(
        exported["image_encoder"],
        folder / "image_encoder.onnx",
        load_pictures(request.calibration, request.calibration_count),
    )


def measure(
    request: Request, folder: Path, options: argparse.Namespace
) -> tuple[Agreement, str, str, str]:
    """Return how far a folder's files are from the reference, and reference, runtime, pictures."""
    backend, reference = reference_backend(request.directory, request.checkpoint, request.threads)
    with tempfile.TemporaryDirectory() as scratch:
        paths = {part: folder / f"{part}.onnx" for part in PARTS}
        runtime = f"ONNX Runtime on {request.device}"
        if request.precision == "fp16" and request.device == "cpu":
            # The CPU provider computes float16 files in float32, which would prove nothing.
            from textseg_core.runtime.half_emulation import write_emulation

            # So that what no runtime loads passes no gate.
            OnnxBackend.from_files(paths, request.threads, precision="fp16").close()
            paths = {part: Path(scratch) / f"{part}.onnx" for part in PARTS}
            for part, path in fp32_paths(request.directory).items():
                write_emulation(path, paths[part])
            runtime = "every value rounded to float16 on a CPU"
        other = OnnxBackend.from_files(
            paths, request.threads, device=request.device, precision=request.precision
        )
        cases, pictures = chosen_cases(options)
        measured = compare(
            segmenter_on(backend, request.directory),
            {"other": segmenter_on(other, request.directory)},
            cases,
        )["other"]
    if measured.found < LEAST_FOUND:
        raise ValueError(
            f"{pictures}: only {measured.found} masks have pixels, at least {LEAST_FOUND} are "
            "needed; take more pictures, or such as the network was trained for"
        )
    return measured, reference, runtime, pictures


def make(request: Request, options: argparse.Namespace) -> Gate:
    """Make and measure the files, put them into place, and return what was measured.

    Raises:
        RuntimeError: If the model directory is damaged.
        ValueError: If the pictures say too little, a weight does not fit, or the network has no
            other precision.
    """
    directory = request.directory
    info = load_model_info(directory)
    refuse_proposals(info)
    verify_files(directory, info)
    folder = Path(tempfile.mkdtemp(dir=directory, prefix=f".{request.precision}."))
    try:
        folder.chmod(directory.stat().st_mode)
        write_parts(request, folder)
        measured, reference, runtime, pictures = measure(request, folder, options)
        gate = Gate(
            precision=request.precision,
            iou=measured.iou,
            iou_worst=measured.worst,
            iou_p5=measured.p5,
            response_difference=measured.response,
            masks=len(measured.ious),
            reference=reference,
            runtime=runtime,
            pictures=pictures,
            source={part: sha256_of(path) for part, path in fp32_paths(directory).items()},
            sha256={part: sha256_of(folder / f"{part}.onnx") for part in PARTS},
        )
        (folder / GATE_FILE).write_text(
            yaml.safe_dump(asdict(gate), sort_keys=False), encoding="utf-8"
        )
        target = directory / request.precision
        if target.exists():
            shutil.rmtree(target)
        folder.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return gate


def main(arguments: Sequence[str] | None = None) -> int:
    """Make files of a precision; return 1 if they failed their gate."""
    parser = comparing_parser(
        "python -m textseg_core.runtime.precision",
        "Make float16 or 8-bit files of a model directory and measure their masks.",
    )
    parser.add_argument("--precision", choices=("fp16", "int8"), required=True)
    parser.add_argument(
        "--calibrate", type=Path, metavar="FOLDER", help="pictures like the camera's, for int8"
    )
    parser.add_argument(
        "--calibration-count", type=int, default=64, help="how many (default %(default)s)"
    )
    parser.add_argument("--device", choices=("cpu", "cuda", "tensorrt"), default="cpu")
    options = parser.parse_args(arguments)
    request = Request(
        directory=options.model,
        precision=options.precision,
        checkpoint=options.checkpoint,
        calibration=options.calibrate,
        calibration_count=options.calibration_count,
        device=options.device,
        threads=options.threads,
    )
    try:
        gate = make(request, options)
    except ModuleNotFoundError as error:
        print(f"this needs {error.name}: pip install 'textseg-ros[precision]'", file=sys.stderr)
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"no {options.precision} files were made: {error}", file=sys.stderr)
        return 1
    print(gate.line())
    if not gate.passed:
        print("too far from float32: these files will be refused", file=sys.stderr)
    return 0 if gate.passed else 1


if __name__ == "__main__":
    sys.exit(main())
