"""What is measured of a frame reaches the dialogue that asked, and no other."""

import numpy as np

from textseg_core.command import parse_command
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.turn import ReplyKind
from textseg_core.postprocess import find_objects, union_of
from textseg_core.segmentation import Segmentation, Status
from textseg_ros.conversation import Conversations
from textseg_ros.query import Query

IMAGE = np.full((60, 120, 3), 128, np.uint8)
MUG = Query(1, "the mug")


def two_mugs() -> CompoundAnswer:
    """One at the left, whose lower end is lower, and one at the right."""
    response = np.zeros((60, 120), np.float32)
    response[20:45, 10:30] = 0.9
    response[20:40, 80:100] = 0.8
    objects = find_objects(response, threshold=0.5, min_area_px=1, max_objects=2)
    target = Segmentation(
        mask=union_of(objects, response.shape),
        response=lambda: response,
        score=0.9,
        objects=objects,
        status=Status.AMBIGUOUS,
        expression="the mug",
        command=parse_command("the mug"),
    )
    return CompoundAnswer(target=target, destination=None)


def test_the_nearest_is_told_by_what_was_measured_of_the_frame() -> None:
    talks = Conversations()
    talks.observe("", MUG, two_mugs(), IMAGE, 5.0)
    talks.measure("", MUG, {1: 0.9, 2: 0.6}, 5.0)

    reply = talks.hear("the nearest one")

    assert reply is not None
    assert (reply.kind, reply.text) == (ReplyKind.PICKED, "right")


def test_what_was_measured_for_another_query_or_camera_does_not_count() -> None:
    talks = Conversations()
    talks.observe("", MUG, two_mugs(), IMAGE, 5.0)
    for camera, query in (
        ("arm", MUG),
        ("", Query(2, "the mug", "tool")),
        ("", Query(1, "the jar")),
    ):
        talks.measure(camera, query, {1: 0.9, 2: 0.6}, 5.0)

    reply = talks.hear("the nearest one")

    assert reply is not None
    assert (reply.kind, reply.text) == (ReplyKind.PICKED, "left")


def test_a_query_is_on_what_was_picked_in_its_own_camera_and_words() -> None:
    talks = Conversations()
    talks.observe("", MUG, two_mugs(), IMAGE, 5.0)
    assert talks.is_on("", MUG, 0)
    talks.click("", 90.0, 30.0)

    asked = [
        (camera, query, track_id)
        for camera in ("", "arm")
        for query in (MUG, Query(2, "the mug", "tool"), Query(1, "the jar"))
        for track_id in (0, 1, 2)
        if talks.is_on(camera, query, track_id)
    ]

    assert asked == [("", MUG, 2)]
