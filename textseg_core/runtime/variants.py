"""Which three ONNX files a precision runs, and whether their gate lets them.

The exported files, in float32, lie in the model directory. Files of another precision lie in
a folder of its name below it, with a `gate.yaml` that says how far their masks are from those of
the float32 network. Without it, or with too low a figure, they are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from textseg_core.config import read_mapping
from textseg_core.model_info import sha256_of
from textseg_core.runtime.base import Precision

PARTS = ("image_encoder", "expression_encoder", "query_head")
GATE_FILE = "gate.yaml"
#: The weights as training wrote them, for torch; not every model directory has them.
CHECKPOINT_FILE = "checkpoint.safetensors"

#: Least mean IoU of masks with those of the float32 network.
REQUIRED_IOU: Mapping[Precision, float] = {"fp16": 0.99, "int8": 0.97}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What was measured of files of another precision, as in `gate.yaml`.

    Attributes:
        precision: Of the files.
        iou: Mean IoU of their masks with those of the reference; empty against empty is 1.
        iou_worst: The lowest IoU.
        iou_p5: The 5th percentile.
        response_difference: Greatest absolute difference of the responses, in [0, 1].
        masks: How many masks were compared.
        reference: What they were compared with.
        runtime: What ran them.
        pictures: What was looked at.
        source: SHA-256 of the float32 file that each part was made of, by part.
        sha256: SHA-256 of each part's file, by part.
    """

    precision: Precision
    iou: float
    iou_worst: float
    iou_p5: float
    response_difference: float
    masks: int
    reference: str
    runtime: str
    pictures: str
    source: dict[str, str]
    sha256: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether the files may run."""
        return self.iou >= REQUIRED_IOU[self.precision]

    def line(self) -> str:
        """Return the figures in one line."""
        return (
            f"{self.precision}: mask IoU {self.iou:.4f} (required "
            f"{REQUIRED_IOU.get(self.precision, 1.0)}), 5th percentile {self.iou_p5:.4f}, worst "
            f"{self.iou_worst:.4f}, response within {self.response_difference:.1e}; "
            f"{self.masks} masks on {self.pictures}; {self.runtime} against {self.reference}"
        )


def fp32_paths(directory: Path) -> dict[str, Path]:
    """Return the exported file of each part; they need not exist."""
    return {part: directory / f"{part}.onnx" for part in PARTS}


def variant_paths(directory: Path, precision: Precision) -> dict[str, Path]:
    """Return where the file of each part lies in this precision; they need not exist."""
    return fp32_paths(directory if precision == "fp32" else directory / precision)


def part_paths(directory: Path, precision: Precision) -> dict[str, Path]:
    """Return the file of each part, having checked that it may run.

    Raises:
        RuntimeError: If files of this precision are missing, have no gate, did not pass it, or
            were made of other float32 files; says what to do.
        ValueError: If `gate.yaml` cannot be read; names the file.
    """
    paths = variant_paths(directory, precision)
    if precision == "fp32":
        return paths
    remedy = (
        f"python -m textseg_core.runtime.precision --model {directory} --precision {precision}"
    )
    exported = fp32_paths(directory)
    missing = [path for path in (*exported.values(), *paths.values()) if not path.is_file()]
    gate_path = directory / precision / GATE_FILE
    if missing or not gate_path.is_file():
        raise RuntimeError(
            f"{(missing or [gate_path])[0]}: no such file; precision {precision!r} needs files "
            f"that were made and measured by: {remedy}"
        )
    gate = load_gate(gate_path)
    if gate.precision != precision:
        raise ValueError(f"{gate_path}: expected precision {precision!r}, got {gate.precision!r}")
    source = {part: sha256_of(path) for part, path in exported.items()}
    own = {part: sha256_of(path) for part, path in paths.items()}
    stale = [part for part in PARTS if gate.source.get(part) != source[part]]
    damaged = [part for part in PARTS if gate.sha256.get(part) != own[part]]
    if stale or damaged:
        why = f"made of another {stale[0]}.onnx" if stale else f"{damaged[0]}.onnx was changed"
        raise RuntimeError(
            f"{directory / precision}: {why} since it was measured; run again: {remedy}"
        )
    if not gate.passed:
        raise RuntimeError(
            f"{directory / precision} is refused, too far from float32: {gate.line()}"
        )
    return paths


def has_variant(directory: Path, precision: Precision) -> bool:
    """Tell whether files of this precision are there; `part_paths` says whether they may run."""
    return (directory / precision / GATE_FILE).is_file()


def load_gate(path: Path) -> Gate:
    """Read a `gate.yaml`.

    Raises:
        ValueError: If it cannot be read or a key is wrong; names the file.
    """
    values = read_mapping(path)
    known = {entry.name for entry in fields(Gate)}
    if set(values) != known or values["precision"] not in list(REQUIRED_IOU):
        raise ValueError(
            f"{path}: expected the keys {', '.join(sorted(known))} of precision "
            f"{' or '.join(REQUIRED_IOU)}, got {', '.join(sorted(map(str, values)))}; "
            "run textseg_core.runtime.precision again"
        )
    numbers = ("iou", "iou_worst", "iou_p5", "response_difference")
    if any(type(values[key]) not in (int, float) for key in numbers):
        raise ValueError(f"{path}: {', '.join(numbers)} must be numbers")
    if not all(isinstance(values[key], dict) for key in ("source", "sha256")):
        raise ValueError(f"{path}: source and sha256 must hold 'part: checksum'")
    return Gate(**values)  # type: ignore[arg-type]  # checked above
