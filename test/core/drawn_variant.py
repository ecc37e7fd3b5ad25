"""Files of another precision, with a gate that says what a test wants."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from textseg_core.model_info import sha256_of
from textseg_core.runtime.variants import GATE_FILE, PARTS, Gate


def write_variant(directory: Path, **changes: object) -> Path:
    """Lay copies of the float32 files down as float16 ones, measured at IoU 0.995."""
    folder = directory / "fp16"
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        shutil.copyfile(directory / f"{part}.onnx", folder / f"{part}.onnx")
    checksums = {part: sha256_of(directory / f"{part}.onnx") for part in PARTS}
    gate = Gate(
        precision="fp16",
        iou=0.995,
        iou_worst=0.9,
        iou_p5=0.98,
        response_difference=0.004,
        masks=800,
        reference="torch in float32",
        runtime="a test",
        pictures="200 pictures",
        source=checksums,
        sha256=checksums,
    )
    content = asdict(replace(gate, **changes))  # type: ignore[arg-type]
    (folder / GATE_FILE).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder
