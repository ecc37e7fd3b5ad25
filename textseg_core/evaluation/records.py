"""What one answer amounts to: sizes in pixels, status, score and how far off its centroid is."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_core.evaluation.centroids import centroid_errors
from textseg_core.evaluation.masks import intersection_and_union
from textseg_core.scenes.scene import Query, Scene, target_mask
from textseg_core.segmentation import Segmentation, Status

#: From this IoU on an answer counts as right.
RIGHT_IOU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One expression, its truth and its answer, in numbers.

    Attributes:
        scene: Name of the picture.
        cluster: What the pictures of one arrangement share; the unit of resampling.
        expression: The words.
        kind: Sort of expression.
        several: One was asked for and more than one fits.
        targets: How many objects are meant; 0 if nothing fits.
        picture_px: Pixels of the picture.
        target_px: Pixels of the truth.
        answer_px: Pixels of the answer.
        shared_px: Pixels of both.
        score: The answer's score, in [0, 1].
        status: The answer's status, a value of `segmentation.Status`.
        on_target: Whether the answer's centroid lies on a target; None without answer or target.
        error_px: Distance of that centroid from the nearest target's, pixels; None likewise.
        error_mm: The same on the visible surface, millimetres; None also without depth.
        floor_mm: `error_mm` of the true mask: what the definition itself costs.
        offset_mm: Distance of the surface points seen at both centroids, millimetres.
    """

    scene: str
    cluster: str
    expression: str
    kind: str
    several: bool
    targets: int
    picture_px: int
    target_px: int
    answer_px: int
    shared_px: int
    score: float
    status: str
    on_target: bool | None = None
    error_px: float | None = None
    error_mm: float | None = None
    floor_mm: float | None = None
    offset_mm: float | None = None

    @property
    def absent(self) -> bool:
        """Whether nothing in the picture fits the expression."""
        return self.targets == 0

    @property
    def refused(self) -> bool:
        """Whether the answer was that nothing fits."""
        return self.answer_px == 0

    @property
    def union_px(self) -> int:
        """Pixels of truth or answer."""
        return self.target_px + self.answer_px - self.shared_px

    @property
    def iou(self) -> float:
        """Intersection over union; 1 where nothing was to be found and nothing was."""
        return self.shared_px / self.union_px if self.union_px else 1.0

    @property
    def right(self) -> bool:
        """Whether an IoU of `RIGHT_IOU` was reached or what is absent was refused."""
        return self.refused if self.absent else self.iou >= RIGHT_IOU


def judge(scene: Scene, query: Query, result: Segmentation, cluster: str = "") -> Record:
    """Return the record of one answer.

    Args:
        scene: The picture with its truth.
        query: What was asked.
        result: What was answered, in the picture's pixels.
        cluster: See `Record`; the scene's name if empty.

    Raises:
        ValueError: If the answer's mask is not of the picture's size.
    """
    record = judge_mask(scene, query, result.mask, cluster)
    errors = centroid_errors(scene, query.targets, result.centroid)
    return replace(
        record,
        score=float(result.score),
        status=result.status.value,
        on_target=errors.on_target,
        error_px=errors.error_px,
        error_mm=errors.error_mm,
        floor_mm=errors.floor_mm,
        offset_mm=errors.offset_mm,
    )


def judge_mask(scene: Scene, query: Query, mask: BoolArray, cluster: str = "") -> Record:
    """Return the record of a bare mask: wholly sure of itself, without a centroid.

    Args:
        scene: The picture with its truth.
        query: What was asked.
        mask: What was answered, (H, W).
        cluster: See `Record`; the scene's name if empty.

    Raises:
        ValueError: If the mask is not of the picture's size.
    """
    target = target_mask(scene, query)
    shared, union = intersection_and_union(mask, target)
    answer_px = int(np.count_nonzero(mask))
    found = bool(answer_px)
    return Record(
        scene=scene.scene_id,
        cluster=cluster or scene.scene_id,
        expression=query.expression,
        kind=query.kind,
        several=query.several,
        targets=len(query.targets),
        picture_px=target.size,
        target_px=union - answer_px + shared,
        answer_px=answer_px,
        shared_px=shared,
        score=float(found),
        status=(Status.FOUND if found else Status.NOT_FOUND).value,
    )


def write_results(path: Path, records: Iterable[Record], about: dict[str, Any]) -> None:
    """Write records to a JSON file, with what is to be known of the model and the run."""
    content = {"about": about, "records": [asdict(record) for record in records]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_results(path: Path) -> tuple[list[Record], dict[str, Any]]:
    """Return the records of a JSON file and what it says of the run.

    Raises:
        ValueError: If the file is missing or not one that `write_results` wrote; names it.
    """
    names = {field.name for field in fields(Record)}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        unknown = {name for entry in content["records"] for name in entry} - names
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}")
        return [Record(**entry) for entry in content["records"]], dict(content["about"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected results written with --json by textseg_core.evaluation.rendered, "
            f"photographs or word_pairs: {error!r}; run it again"
        ) from error
