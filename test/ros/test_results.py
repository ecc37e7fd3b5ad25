"""What was found in an image, as messages: hand-drawn masks in, fields out."""

from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import BoolArray
from textseg_core.command import parse_command
from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.dialogue.turn import Turn
from textseg_core.geometry import Axis
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.space.camera import CameraModel
from textseg_core.space.localise import localise
from textseg_core.tracking import Phase, TrackedSegmentation
from textseg_ros.messages import MessageTypes, make_header
from textseg_ros.query import Query
from textseg_ros.results import Answer, detections_message, objects_message

HEIGHT, WIDTH = 60, 80


def mask_of(x: int, y: int, width: int, height: int) -> BoolArray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + height, x : x + width] = True
    return mask


def segmentation(*boxes: tuple[int, int, int, int]) -> Segmentation:
    """Return what shows filled boxes (x, y, width, height), best first."""
    objects = tuple(
        SegmentedObject(
            mask=mask_of(*box),
            box=box,
            area=box[2] * box[3],
            centroid=(box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2),
            axis=Axis(angle_rad=0.0, major_px=3.0, minor_px=2.0),
            score=0.75,
        )
        for box in boxes
    )
    return Segmentation(
        mask=np.logical_or.reduce([one.mask for one in objects]),
        response=lambda: np.ones((HEIGHT, WIDTH), np.float32),
        score=0.9,
        objects=objects,
        status=Status.FOUND,
        expression="the mugs",
        command=parse_command("the mugs"),
    )


def answer(types: MessageTypes, found: Segmentation, **fields: Any) -> Answer:
    times = dict.fromkeys(
        ("wait", "decode", "preprocess", "encoder", "text", "head", "postprocess"), 0.0
    )
    latency_ms = {**times, "convert": 0.0, "total": 0.0}
    header = make_header(types, 5_000_000_007, "camera")
    return Answer(header, Query(7, "the mugs"), found, False, latency_ms, **fields)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((2, 2, 20, 20), False),
        ((1, 20, 20, 20), True),
        ((20, 1, 20, 20), True),
        ((58, 20, 20, 20), False),  # columns up to 77 of 0 to 79
        ((59, 20, 20, 20), True),
        ((20, 38, 20, 20), False),  # rows up to 57 of 0 to 59
        ((20, 39, 20, 20), True),
        ((0, 0, 80, 60), True),
    ],
)
def test_at_border_is_the_same_in_pixels_and_in_space(
    types: MessageTypes, box: tuple[int, int, int, int], expected: bool
) -> None:
    (found,) = objects_message(types, answer(types, segmentation(box))).objects
    camera = CameraModel.from_info(
        width=WIDTH,
        height=HEIGHT,
        k=[100.0, 0.0, 39.5, 0.0, 100.0, 29.5, 0.0, 0.0, 1.0],
        d=[],
        distortion_model="",
    )
    located = localise(mask_of(*box), np.full((HEIGHT, WIDTH), 0.5, np.float32), camera)

    assert (found.at_border, located.at_border) == (expected, expected)


def turn_of(found: Segmentation, *track_ids: int) -> Turn:
    tracked = TrackedSegmentation(
        segmentation=found,
        track_ids=track_ids,
        target_id=track_ids[0],
        phase=Phase.FOUND,
        observed=found,
        observed_ids=track_ids,
    )
    return Turn(tracked=tracked, candidates=(), text="")


def test_detections_have_the_ids_of_the_objects_over_frames(types: MessageTypes) -> None:
    found = segmentation((10, 10, 20, 20), (40, 10, 20, 20))
    turn = CommandTurn(target=turn_of(found, 12, 4), destination=None, text="")
    tracked = answer(types, found, turn=turn, tracked=True)

    said = objects_message(types, tracked).objects
    assert [one.id for one in detections_message(types, tracked).detections] == ["12", "4"]
    assert [one.track_id for one in said] == [12, 4]


@pytest.mark.parametrize("fields", [{}, {"tracked": True}, {"turn": True}])
def test_detections_have_no_id_where_nothing_is_tracked(
    types: MessageTypes, fields: dict[str, Any]
) -> None:
    found = segmentation((10, 10, 20, 20))
    if "turn" in fields:
        fields = {"turn": CommandTurn(target=turn_of(found, 12), destination=None, text="")}
    untracked = answer(types, found, **fields)

    assert [one.id for one in detections_message(types, untracked).detections] == [""]
    assert [one.track_id for one in objects_message(types, untracked).objects] == [0]
