"""Answers drawn as boxes, so that every pixel can be counted."""

import json
from pathlib import Path

import numpy as np
import pytest
from drawn import box_mask, scene, thing

from textseg_core.command import parse_command
from textseg_core.evaluation.records import (
    Record,
    judge,
    judge_mask,
    read_results,
    write_results,
)
from textseg_core.geometry import principal_axis
from textseg_core.scenes.scene import Query
from textseg_core.segmentation import Segmentation, SegmentedObject, Status

MUG = thing("mug", (10, 10, 30, 30))  # 400 px
BOWL = thing("bowl", (100, 100, 140, 120))  # 800 px
TABLE = scene(MUG, BOWL)


def answer(box: tuple[int, int, int, int] | None, score: float = 0.9) -> Segmentation:
    """A segmentation of one filled box, or of nothing."""
    mask = box_mask(box or (0, 0, 0, 0))
    objects: tuple[SegmentedObject, ...] = ()
    axis = principal_axis(mask)
    if box is not None and axis is not None:
        x0, y0, x1, y1 = box
        found = SegmentedObject(
            mask=mask,
            box=(x0, y0, x1 - x0, y1 - y0),
            area=int(mask.sum()),
            centroid=((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2),
            axis=axis,
            score=score,
        )
        objects = (found,)
    return Segmentation(
        mask=mask,
        response=lambda: mask.astype(np.float32),
        score=score,
        objects=objects,
        status=Status.FOUND if objects else Status.NOT_FOUND,
        expression="the mug",
        command=parse_command("the mug"),
    )


def test_pixels_are_counted_by_hand() -> None:
    record = judge(TABLE, Query("the mug", (0,), "category"), answer((10, 20, 30, 40)), "room")

    assert (record.target_px, record.answer_px, record.shared_px) == (400, 400, 200)
    assert (record.union_px, record.iou) == (600, pytest.approx(1 / 3))
    assert (record.picture_px, record.targets, record.cluster) == (40_000, 1, "room")
    assert (record.score, record.status) == (0.9, "found")
    assert (record.right, record.refused, record.absent) == (False, False, False)


def test_the_centroid_of_a_shifted_answer_is_off_by_the_shift() -> None:
    record = judge(TABLE, Query("the mug", (0,), "category"), answer((10, 20, 30, 40)))

    # 19.5, 29.5 against 19.5, 19.5; row 30 (to which 29.5 is rounded) is below the mug's last, 29.
    assert record.error_px == pytest.approx(10.0)
    assert record.on_target is False
    assert record.error_mm is None


def test_a_refusal_has_no_centroid_and_is_right_where_nothing_fits() -> None:
    missed = judge(TABLE, Query("the mug", (0,), "category"), answer(None, 0.1))
    refused = judge(TABLE, Query("the fork", (), "absent"), answer(None, 0.1))

    assert (missed.iou, missed.right, missed.on_target, missed.error_px) == (0, False, None, None)
    assert (refused.iou, refused.right, refused.absent) == (1.0, True, True)


def test_an_answer_to_what_is_absent_is_wrong() -> None:
    record = judge(TABLE, Query("the fork", (), "absent"), answer((0, 0, 9, 9)))

    assert (record.iou, record.right, record.on_target) == (0.0, False, None)


def test_a_bare_mask_is_judged_like_an_answer() -> None:
    query = Query("both things", (0, 1), "plural")

    record = judge_mask(TABLE, query, MUG.mask)

    assert (record.target_px, record.shared_px, record.targets) == (1200, 400, 2)
    assert (record.status, record.score, record.error_px) == ("found", 1.0, None)
    assert judge_mask(TABLE, query, box_mask((0, 0, 0, 0))).status == "not_found"


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="masks must be bool and of one shape"):
        judge_mask(TABLE, Query("the mug", (0,), "category"), np.zeros((5, 5), np.bool_))


def test_results_return_from_their_file(tmp_path: Path) -> None:
    records = [
        judge(TABLE, Query("the mug", (0,), "category"), answer((10, 20, 30, 40))),
        judge(TABLE, Query("the fork", (), "absent"), answer(None)),
    ]
    path = tmp_path / "new" / "results.json"

    write_results(path, records, {"name": "tiny"})

    assert read_results(path) == (records, {"name": "tiny"})


@pytest.mark.parametrize(
    "content",
    [None, "{", "[]", '{"about": {}}', '{"about": {}, "records": [{"colour": 1}]}'],
    ids=["missing", "no JSON", "a list", "without records", "other keys"],
)
def test_a_file_that_holds_no_results_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "results.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=r"results\.json: expected results written with --json"):
        read_results(path)


def test_every_field_is_written(tmp_path: Path) -> None:
    record = judge_mask(TABLE, Query("the mug", (0,), "category"), MUG.mask)
    write_results(tmp_path / "r.json", [record], {})

    (entry,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["records"]

    assert Record(**entry) == record
