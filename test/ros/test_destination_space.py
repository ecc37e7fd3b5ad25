"""Where something is to go, in space: beside its target, and never where an arm must not go."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from recording import NOW_NS, Bench, RednessBackend, red_block, until
from test_behaviour_dialogue import click
from test_behaviour_pose import HeldFrames
from test_behaviour_space import STEP_NS, Frames, LateFrames, depth, info

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.base import Tensors
from textseg_ros import depth_pipeline
from textseg_ros.messages import MessageTypes, byte_sequence

COMMAND = "put the red block on the tray"
RED = 5
"""Id of the word "red" in `recording.make_segmenter`."""
TRAY = np.s_[32:64, 16:48]
RIGHT_TRAY = np.s_[32:64, 144:176]
TRAY_AT = (-0.256, 0.0, 0.8)
"""Columns 16 to 47 at 0.8 m: their middle, 31.5, is 64 of 200 px left of the axis at 95.5."""
BLOCK_AT = (0.0, 0.0, 0.5)


class ColourBackend(RednessBackend):
    """Answers what is called red with what is red, all else with what is blue."""

    def encode_image(self, image: UInt8Array) -> Tensors:
        return {
            "red": super().encode_image(image)["logits"],
            "blue": super().encode_image(image[..., ::-1])["logits"],
        }

    def respond(self, image: Any, expressions: Sequence[Any]) -> Tensors:
        reds = [bool((one["ids"] == RED).any()) for one in expressions]
        return {"logits": np.stack([image["red" if red else "blue"] for red in reds])[:, None]}


def picture(*trays: Any, block: bool = True) -> UInt8Array:
    pixels = red_block() if block else np.zeros((96, 192, 3), np.uint8)
    for tray in trays:
        pixels[tray] = (0, 0, 255)
    return pixels


def make_bench(types: MessageTypes, **settings: Any) -> Bench:
    fields: dict[str, Any] = {"make_transforms": lambda _: Frames(), "tracking": False}
    return Bench(types, ColourBackend(), **(fields | settings))


def scene(bench: Bench, stamp_ns: int = NOW_NS) -> Any:
    """Return depth of a block at half a metre and, left of it, a tray at 0.8 m."""
    message = depth(bench, stamp_ns)
    millimetres = np.full((96, 192), 500, np.uint16)
    millimetres[:, :56] = 800
    message.data = byte_sequence(type(message), millimetres)
    return message


def see(bench: Bench, pixels: UInt8Array, stamp_ns: int = NOW_NS, **fields: Any) -> None:
    bench.behaviour.look()
    bench.behaviour.space.on_camera_info(info(bench, **fields))
    bench.behaviour.space.on_depth(scene(bench, stamp_ns))
    bench.show(bench.image(pixels, stamp_ns=stamp_ns))
    until(lambda: bench.behaviour._placing.is_idle)


def keys(bench: Bench) -> list[str]:
    return [key for key, _ in bench.transport.sent if key.endswith("_3d") or "pose" in key]


def at(point: Any) -> tuple[float, float, float]:
    return (point.x, point.y, point.z)


def test_target_and_destination_are_placed_by_one_depth_image(types: MessageTypes) -> None:
    with make_bench(types) as bench:
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    (target,), (place,) = (
        bench.transport.of(f"{half}_pose") for half in ("target", "destination")
    )
    assert at(target.pose.position) == pytest.approx(BLOCK_AT, abs=0.003)
    assert at(place.pose.position) == pytest.approx(TRAY_AT, abs=0.004)
    assert place.header == target.header == bench.header()
    (located,) = bench.transport.of("objects_3d")
    assert (located.status, located.destination_status) == (0, 0)
    (block,), (tray,) = located.objects, located.destination_objects
    assert at(block.pose.pose.position) == at(target.pose.position)
    assert at(tray.pose.pose.position) == at(place.pose.position)
    # Without a frame that knows up, the top is what faces the camera.
    assert at(tray.top_point) == pytest.approx(TRAY_AT, abs=0.008)
    # 32 px of 4 mm.
    assert sorted(at(tray.box_size)) == pytest.approx([0.0, 0.128, 0.128], abs=0.009)
    assert bench.transport.troubles() == []


def test_the_markers_of_the_destination_are_blue_and_their_own(types: MessageTypes) -> None:
    with make_bench(types) as bench:
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    (message,) = bench.transport.of("markers")
    assert [(one.ns, one.id) for one in message.markers] == [
        *(("textseg", part) for part in range(3)),
        *(("destination", part) for part in range(3)),
    ]
    block, tray = message.markers[0], message.markers[3]
    assert block.color.g > max(block.color.r, block.color.b)
    assert tray.color.b > max(tray.color.r, tray.color.g)
    assert at(tray.pose.position) == pytest.approx(TRAY_AT, abs=0.008)
    assert message.markers[5].text.startswith("the tray ")


def test_the_target_does_not_wait_for_the_destination(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[str]] = []
    place = depth_pipeline.place_objects
    with make_bench(types) as bench:

        def placing(segmentation: Any, view: Any) -> Any:
            sent.append([key for key, _ in bench.transport.sent])
            return place(segmentation, view)

        monkeypatch.setattr(depth_pipeline, "place_objects", placing)
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    before, between = sent
    assert "target_pose" not in before
    assert {"target_pose", "detections_3d", "cloud"} <= set(between)
    assert [key for key, _ in bench.transport.sent[len(between) :] if key != "latency"] == [
        "objects_3d",
        "destination_pose",
        "markers",
    ]


@pytest.mark.parametrize(
    ("trays", "status"),
    [((), 1), ((TRAY, RIGHT_TRAY), 2)],
    ids=["not found", "ambiguous"],
)
def test_a_destination_that_is_not_one_gives_no_pose(
    types: MessageTypes, trays: tuple[Any, ...], status: int
) -> None:
    with make_bench(types) as bench:
        bench.ask(COMMAND)
        see(bench, picture(*trays))

    (located,) = bench.transport.of("objects_3d")
    assert (located.status, located.destination_status) == (0, status)
    assert len(located.destination_objects) == len(trays)
    assert len(bench.transport.of("target_pose")) == 1
    assert bench.transport.of("destination_pose") == []


def test_a_destination_is_placed_though_the_target_is_out_of_sight(types: MessageTypes) -> None:
    """As while the gripper that holds it hides it."""
    with make_bench(types) as bench:
        bench.ask(COMMAND)
        see(bench, picture(TRAY, block=False))

    (located,) = bench.transport.of("objects_3d")
    assert (located.status, located.destination_status) == (1, 0)
    assert bench.transport.of("target_pose") == []
    (place,) = bench.transport.of("destination_pose")
    assert at(place.pose.position) == pytest.approx(TRAY_AT, abs=0.004)


@pytest.mark.parametrize(
    ("settings", "fields"),
    [({"target_frame": "map"}, {}), ({}, {"focal_px": 0.0})],
    ids=["late transform", "uncalibrated"],
)
def test_without_transform_or_camera_there_is_no_destination(
    types: MessageTypes, settings: dict[str, Any], fields: dict[str, Any]
) -> None:
    with make_bench(types, **settings) as bench:
        bench.ask(COMMAND)
        see(bench, picture(TRAY), **fields)

    assert bench.transport.of("objects")[0].destination_status == 0
    assert keys(bench) == []


def test_a_stale_answer_gives_no_destination_pose(types: MessageTypes) -> None:
    with make_bench(types, max_age_s=0.5) as bench:
        bench.ask(COMMAND)
        see(bench, picture(TRAY), stamp_ns=NOW_NS - 700_000_000)

    assert keys(bench) == ["detections_3d", "objects_3d"]


def test_a_destination_that_grows_stale_while_it_is_placed_gives_no_pose(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = depth_pipeline.place_objects
    with make_bench(types, max_age_s=0.5) as bench:

        def placing(segmentation: Any, view: Any) -> Any:
            if bench.transport.of("target_pose"):
                bench.transport.ros_time_ns += 600_000_000
            return place(segmentation, view)

        monkeypatch.setattr(depth_pipeline, "place_objects", placing)
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    assert keys(bench) == ["target_pose", "detections_3d", "objects_3d"]


def test_a_query_that_comes_meanwhile_keeps_the_destination_back(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_bench(types) as bench:
        publish = bench.transport.publish

        def publish_and_ask(key: str, message: object) -> None:
            publish(key, message)
            if key == "objects_3d":
                bench.ask("the red block")

        monkeypatch.setattr(bench.transport, "publish", publish_and_ask)
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    assert keys(bench) == ["target_pose", "detections_3d", "objects_3d"]


@pytest.mark.parametrize("lost", ["target", "destination"])
def test_no_pose_follows_an_answer_that_has_lost_its_own_thing(
    types: MessageTypes, lost: str
) -> None:
    """Of two images the first is placed when the second, without one of both, is answered."""
    frames = LateFrames()
    with make_bench(types, make_transforms=lambda _: frames) as bench:
        bench.ask(COMMAND)
        bench.behaviour.look()
        bench.behaviour.space.on_camera_info(info(bench))
        for stamp_ns in (NOW_NS, NOW_NS + STEP_NS):
            bench.behaviour.space.on_depth(scene(bench, stamp_ns))
        bench.show(bench.image(picture(TRAY)))
        assert frames.asked.acquire(timeout=10.0)
        later = picture(TRAY, block=False) if lost == "target" else picture()
        bench.show(bench.image(later, stamp_ns=NOW_NS + STEP_NS))
        frames.come.set()
        until(lambda: bench.behaviour._placing.is_idle)

    kept = {"target": "destination_pose", "destination": "target_pose"}[lost]
    assert len(bench.transport.of("objects_3d")) == 2
    assert [key for key in keys(bench) if "pose" in key] == [kept, kept]


def test_no_pose_follows_of_a_place_that_another_was_picked_for(types: MessageTypes) -> None:
    """Of two trays the left one is picked, and the right one while an answer is placed."""
    frames = HeldFrames()
    both = picture(TRAY, RIGHT_TRAY)
    with make_bench(types, make_transforms=lambda _: frames, tracking=True) as bench:
        bench.ask(COMMAND)
        see(bench, both)
        click(bench, 31.0, 47.0)
        see(bench, both, NOW_NS + STEP_NS)
        frames.hold()
        bench.behaviour.space.on_depth(scene(bench, NOW_NS + 2 * STEP_NS))
        bench.show(bench.image(both, stamp_ns=NOW_NS + 2 * STEP_NS))
        assert frames.asked.acquire(timeout=10.0)
        click(bench, 159.0, 47.0)
        frames.come.set()
        until(lambda: bench.behaviour._placing.is_idle)

    assert bench.transport.of("objects")[0].destination_status == 2
    assert [pose.header for pose in bench.transport.of("destination_pose")] == [
        bench.header(NOW_NS + STEP_NS)
    ]
    # The block itself was seen twice by then, and nobody has spoken of it.
    assert [pose.header for pose in bench.transport.of("target_pose")] == [
        bench.header(NOW_NS + number * STEP_NS) for number in (1, 2)
    ]


def listen_to(bench: Bench, monkeypatch: pytest.MonkeyPatch, *wanted: str) -> list[str]:
    """Let only these topics be received; return what is placed from now on."""
    monkeypatch.setattr(bench.transport, "listeners", lambda key: int(key in wanted))
    placed: list[str] = []
    place = depth_pipeline.place_objects

    def placing(segmentation: Any, view: Any) -> Any:
        placed.append(segmentation.expression)
        return place(segmentation, view)

    monkeypatch.setattr(depth_pipeline, "place_objects", placing)
    return placed


def test_who_listens_to_the_destination_alone_gets_it(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_bench(types) as bench:
        listen_to(bench, monkeypatch, "destination_pose")
        bench.ask(COMMAND)
        assert bench.transport.watched == [("", True), ("depth", True)]
        see(bench, picture(TRAY))

    assert len(bench.transport.of("destination_pose")) == 1


def test_a_destination_that_nobody_receives_is_not_placed(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_bench(types) as bench:
        placed = listen_to(bench, monkeypatch, "target_pose", "cloud", "detections_3d")
        bench.ask(COMMAND)
        see(bench, picture(TRAY))

    assert placed == ["the red block"]
    assert len(bench.transport.of("target_pose")) == 1
    assert bench.transport.of("destination_pose") == []


def test_a_standing_query_has_its_destination_among_the_objects_alone(
    types: MessageTypes,
) -> None:
    with make_bench(types) as bench:
        message_class = types.get("textseg_ros/msg/StandingQuery")
        bench.behaviour.on_standing_query(
            message_class(key="tool", text=COMMAND, priority=0, lifetime_s=0.0)
        )
        see(bench, picture(TRAY))

    assert keys(bench) == ["detections_3d", "objects_3d"]
    (tray,) = bench.transport.of("objects_3d")[0].destination_objects
    assert at(tray.pose.pose.position) == pytest.approx(TRAY_AT, abs=0.004)


def test_without_a_destination_none_is_said(types: MessageTypes) -> None:
    with make_bench(types) as bench:
        bench.ask("the red block")
        see(bench, picture(TRAY))

    (located,) = bench.transport.of("objects_3d")
    assert located.destination_status == types.get("textseg_ros/msg/Segmentation").NOT_ASKED
    assert list(located.destination_objects) == []
    assert keys(bench) == ["objects_3d", "target_pose", "detections_3d"]


def test_a_destination_without_depth_is_told_and_the_target_sent(types: MessageTypes) -> None:
    with make_bench(types) as bench:
        bench.ask(COMMAND)
        bench.behaviour.look()
        bench.behaviour.space.on_camera_info(info(bench))
        message = scene(bench)
        millimetres = np.full((96, 192), 500, np.uint16)
        millimetres[:, :56] = 0
        message.data = byte_sequence(type(message), millimetres)
        bench.behaviour.space.on_depth(message)
        bench.show(bench.image(picture(TRAY)))
        until(lambda: bench.behaviour._placing.is_idle)

        assert keys(bench) == ["target_pose", "detections_3d", "objects_3d"]
        (line,) = bench.transport.troubles()
        assert line.startswith("the destination is not placed in space: ")
        assert bench.diagnostic("objects not placed") == "1"


def test_a_place_is_posed_once_it_was_seen_twice_and_keeps_its_id(types: MessageTypes) -> None:
    with make_bench(types, tracking=True) as bench:
        bench.ask(COMMAND)
        for number in range(3):
            see(bench, picture(TRAY), stamp_ns=NOW_NS + number * STEP_NS)

    said, located = bench.transport.of("objects"), bench.transport.of("objects_3d")
    assert [one.destination_objects[0].track_id for one in (*said, *located)] == [1] * 6
    assert [pose.header for pose in bench.transport.of("destination_pose")] == [
        bench.header(NOW_NS + number * STEP_NS) for number in (1, 2)
    ]
