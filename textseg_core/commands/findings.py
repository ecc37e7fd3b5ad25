"""What was found in pictures, on disk: masks, overlays and one JSON file; nothing is lost."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textseg_core.arrays import UInt8Array
from textseg_core.commands.sources import Picture, Source
from textseg_core.overlay import draw_overlay
from textseg_core.rle import mask_to_rle
from textseg_core.segmentation import Segmentation, SegmentedObject

RESULTS_FILE = "results.json"
FORMAT = 1
_JPEG_QUALITY = 90
_PARTIAL = ".partial"


class Findings:
    """Collects answers and writes what shows them.

    Args:
        out: Folder to write into; made with the first file.
        queries: What was asked of every picture.
        overwrite: Whether files that exist may be replaced.
        overlays: Whether to draw overlays.
    """

    def __init__(self, out: Path, queries: Sequence[str], *, overwrite: bool, overlays: bool):
        self._out = out
        self._queries = tuple(queries)
        self._overwrite = overwrite
        self._overlays = overlays
        self.pictures: list[dict[str, Any]] = []
        self.faults: list[dict[str, str]] = []

    def add(
        self, source: Source, picture: Picture, answers: Sequence[Segmentation], segment_ms: float
    ) -> None:
        """Write the masks and overlays of one picture and keep its record.

        Args:
            source: Where it is from.
            picture: Itself.
            answers: One for each query.
            segment_ms: What all of them took together.

        Raises:
            ValueError: If a file exists and may not be replaced.
            OSError: If a file cannot be written.
        """
        height, width = picture.pixels.shape[:2]
        record: dict[str, Any] = {
            "file": str(source.path),
            "frame": picture.frame,
            "time_s": picture.time_s,
            "width": width,
            "height": height,
            "latency_ms": _rounded({"decode": picture.decode_ms, "segment": segment_ms}),
            "answers": [],
        }
        for number, (query, answer) in enumerate(zip(self._queries, answers, strict=True), 1):
            name = source.name if picture.frame is None else f"{source.name}/{picture.frame:06d}"
            files = {"mask": self._write(f"masks/{name}-{number}.png", _png(answer))}
            if self._overlays:
                drawn = _jpeg(draw_overlay(picture.pixels, answer))
                files["overlay"] = self._write(f"overlays/{name}-{number}.jpg", drawn)
            record["answers"].append({"query": query, **answer_record(answer), **files})
        self.pictures.append(record)

    def refuse(self, source: Source, error: Exception) -> None:
        """Keep what was wrong with a file."""
        self.faults.append({"file": str(source.path), "error": str(error)})

    def write(self, *, complete: bool) -> Path:
        """Write the JSON file; return its path.

        Args:
            complete: Whether every input was looked at.
        """
        content = {
            "format": FORMAT,
            "queries": list(self._queries),
            "complete": complete,
            "pictures": self.pictures,
            "faults": self.faults,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        self._write(RESULTS_FILE, text.encode())
        return self._out / RESULTS_FILE

    def _write(self, name: str, data: bytes) -> str:
        """Write a file whole or not at all; return its name."""
        path = self._out / name
        if path.exists() and not self._overwrite:
            raise ValueError(f"{path} exists; add --overwrite, or choose another --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + _PARTIAL)
        try:
            partial.write_bytes(data)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return name


def answer_record(answer: Segmentation) -> dict[str, Any]:
    """Return what JSON holds of an answer: numbers of the best object, then all objects."""
    best = answer.objects[0] if answer.objects else None
    return {
        "expression": answer.expression,
        "status": answer.status.value,
        "score": round(answer.score, 4),
        "centroid": None if best is None else _point(best),
        "box": None if best is None else [int(value) for value in best.box],
        "area": int(np.count_nonzero(answer.mask)),
        "segmentation": mask_to_rle(answer.mask),
        "objects": [_object_record(found) for found in answer.objects],
        "unknown_words": list(answer.unknown_words),
        "truncated_words": list(answer.truncated_words),
        "explanation": answer.explanation,
        "latency_ms": _rounded(answer.timings_ms),
    }


def _object_record(found: SegmentedObject) -> dict[str, Any]:
    return {
        "score": round(found.score, 4),
        "centroid": _point(found),
        "box": [int(value) for value in found.box],
        "area": int(found.area),
        "segmentation": mask_to_rle(found.mask),
    }


def _point(found: SegmentedObject) -> list[float]:
    return [round(float(value), 2) for value in found.centroid]


def _rounded(times_ms: dict[str, float]) -> dict[str, float]:
    return {stage: round(value, 3) for stage, value in times_ms.items()}


def _png(answer: Segmentation) -> bytes:
    out = io.BytesIO()
    Image.fromarray(answer.mask.view(np.uint8) * np.uint8(255)).save(out, "PNG")
    return out.getvalue()


def _jpeg(picture: UInt8Array) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
