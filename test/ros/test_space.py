"""Placing what was segmented: a camera before a box, in two rooms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from recording import RecordingTransport
from rgbd import Rig
from test_depth_pipeline import BOX_AT, mask_of, scene, segmentation
from tf_table import nanoseconds

from textseg_core.arrays import Float64Array
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.command_dialogue import CommandDialogue
from textseg_core.transforms import TransformUnavailable
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes
from textseg_ros.query import Query
from textseg_ros.report import Report
from textseg_ros.results import Answer
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.space import Space

IMAGE = np.zeros((48, 64, 3), np.uint8)


class Rooms:
    """The camera stands 1 m along x in `hall` and 2 m in `yard`."""

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        if target == "void":
            raise TransformUnavailable("unknown frame", "nobody knows void")
        if target == "broken":
            raise ArithmeticError("the tree is on fire")
        pose = np.eye(4)
        pose[0, 3] = {"hall": 1.0, "yard": 2.0}[target]
        return pose

    def close(self) -> None:
        pass


class Place:
    """A space that has heard a box's depth, and a request about it."""

    def __init__(
        self, types: MessageTypes, target_frame: str, measured: Callable[..., None] | None = None
    ) -> None:
        self.rig = Rig(types)
        self.transport = RecordingTransport(types)
        self.settings = LiveSettings(NodeSettings(target_frame=target_frame))
        report = Report(self.transport.log, 0.0, lambda: 0.0)
        self.space = Space(
            self.transport,
            self.settings,
            report,
            lambda: 0.0,
            lambda tell: Rooms(),
            measured or (lambda *_: None),
        )
        self.space.look(running=True, asked=True)
        self.space.on_camera_info(self.rig.info())
        self.space.on_depth(self.rig.depth(scene()))

    def pose(self) -> Any:
        colour = self.rig.colour()
        frame = Frame("image", colour, 0.0, nanoseconds(1.0))
        answer = Answer(colour.header, Query(0, "the box"), segmentation(mask_of()), False, {})
        return self.space.pose(frame, IMAGE, answer)


def test_a_request_is_placed_in_the_target_frame_of_the_moment(types: MessageTypes) -> None:
    place = Place(types, "hall")
    found = []
    for frame in ("hall", "yard"):
        place.settings.change({"target_frame": frame})
        pose = place.pose()
        found.append((pose.header.frame_id, pose.pose.position.x))

    assert found == [
        ("hall", pytest.approx(1.0 + BOX_AT[0], abs=0.003)),
        ("yard", pytest.approx(2.0 + BOX_AT[0], abs=0.003)),
    ]


@pytest.mark.parametrize(
    ("frame", "line"), [("void", "nobody knows void"), ("broken", "the tree is on fire")]
)
def test_a_request_that_cannot_be_placed_is_told_and_goes_without(
    types: MessageTypes, frame: str, line: str
) -> None:
    place = Place(types, frame)

    assert place.pose() is None
    (text,) = place.transport.troubles()
    assert text.startswith("answers are not placed in space: ")
    assert line in text


def test_how_far_tracked_objects_are_from_the_camera_is_told(types: MessageTypes) -> None:
    """The box is 0.8 m away, wherever in the hall the camera stands."""
    told: list[tuple[str, Query, dict[int, float], float]] = []
    place = Place(types, "hall", lambda *measured: told.append(measured))
    found, colour = segmentation(mask_of()), place.rig.colour()
    turn = CommandDialogue().observe(CompoundAnswer(target=found, destination=None), IMAGE, 1.0)
    query = Query(4, "the box", "tool")
    frame = Frame("image", colour, 0.0, nanoseconds(1.0))
    for tracked in (False, True):
        answer = Answer(colour.header, query, found, False, {}, turn, tracked)
        place.space.publish(frame, IMAGE, [answer], lambda _: "asked")

    ((camera, of_query, distances_m, stamp_s),) = told
    assert (camera, of_query, stamp_s) == ("", query, nanoseconds(1.0) / 1e9)
    assert distances_m == {1: pytest.approx(float(np.linalg.norm(BOX_AT)), abs=0.003)}


def test_diagnostics_may_be_read_while_answers_are_refused(types: MessageTypes) -> None:
    """A kind of refusal that is new must not change what is being counted out."""
    place = Place(types, "void")
    place.pose()

    assert place.space.values() == {"not placed: no transform": "1", "objects not placed": "0"}
