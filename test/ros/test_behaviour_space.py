"""Answers in space: published while someone listens, and never where an arm must not go."""

import threading
from typing import Any

import numpy as np
import pytest
from recording import NOW_NS, TIMEOUT_S, Bench, until

from textseg_core.arrays import Float64Array
from textseg_core.transforms import TransformPending, TransformUnavailable
from textseg_ros.conversation import Conversations
from textseg_ros.messages import MessageTypes, byte_sequence
from textseg_ros.query import Query
from textseg_ros.scheduler import Request

SPACE = ["objects_3d", "target_pose", "detections_3d", "cloud", "markers"]
STAND_OFF_M = 0.5


class Frames:
    """The camera stands in the origin of its own frame; other frames come late or not at all."""

    def __init__(self) -> None:
        self.closed = False

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        if target != source:
            raise TransformPending(f"{target} comes late")
        return np.eye(4)

    def close(self) -> None:
        self.closed = True


class LateFrames(Frames):
    """Transforms come when they are let come, or not any more."""

    def __init__(self) -> None:
        super().__init__()
        self.come = threading.Event()
        self.asked = threading.Semaphore(0)

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        self.asked.release()
        assert self.come.wait(TIMEOUT_S)
        if self.closed:
            raise TransformUnavailable("closed", "the node stops")
        return np.eye(4)

    def close(self) -> None:
        super().close()
        self.come.set()


def info(bench: Bench, focal_px: float = 200.0) -> Any:
    message = bench.types.default("sensor_msgs/msg/CameraInfo")
    message.header = bench.header()
    message.width, message.height = 192, 96
    message.distortion_model = "plumb_bob"
    k = np.array([focal_px, 0, 95.5, 0, focal_px, 47.5, 0, 0, 1.0])
    p = np.array([focal_px, 0, 95.5, 0, 0, focal_px, 47.5, 0, 0, 0, 1.0, 0])
    message.k, message.r, message.p = k, np.eye(3).reshape(-1), p
    return message


def depth(bench: Bench, stamp_ns: int = NOW_NS, millimetres: int = 500) -> Any:
    message_class = bench.types.get("sensor_msgs/msg/Image")
    pixels = np.full((96, 192), millimetres, np.uint16)
    return message_class(
        header=bench.header(stamp_ns),
        height=96,
        width=192,
        encoding="16UC1",
        is_bigendian=0,
        step=384,
        data=byte_sequence(message_class, pixels),
    )


def see(bench: Bench, stamp_ns: int = NOW_NS, **fields: Any) -> None:
    """Show depth, camera and colour of one time, and wait for what comes of it."""
    bench.behaviour.look()
    bench.behaviour.space.on_camera_info(info(bench, **fields))
    bench.behaviour.space.on_depth(depth(bench, stamp_ns))
    bench.show(bench.image(stamp_ns=stamp_ns))
    until(lambda: bench.behaviour._placing.is_idle)


def test_a_found_object_is_placed_on_every_topic(types: MessageTypes) -> None:
    """The block's centre is the image's: on the optical axis, half a metre away."""
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.ask("the red block")
        see(bench)
        bench.transport.sent.clear()
        see(bench)

    sent = [key for key, _ in bench.transport.sent if key in SPACE]
    assert sent == SPACE
    assert [key for key, _ in bench.transport.sent][:2] == ["objects", "centroid"]
    (pose,) = bench.transport.of("target_pose")
    position = pose.pose.position
    assert (position.x, position.y, position.z) == pytest.approx((0, 0, STAND_OFF_M), abs=0.003)
    assert pose.header == bench.header()
    (located,) = bench.transport.of("objects_3d")
    assert (located.query_id, located.status) == (1, 0)
    assert located.objects[0].track_id == 1
    (cloud,) = bench.transport.of("cloud")
    assert cloud.width > 1500
    assert bench.transport.troubles() == []


def test_depth_is_heard_only_while_someone_listens(types: MessageTypes) -> None:
    frames = Frames()
    with Bench(types, make_transforms=lambda _: frames) as bench:
        assert bench.transport.watched == []
        bench.ask("the red block")
        assert bench.transport.watched == [("", True), ("depth", True)]
        bench.ask("")
        assert bench.transport.watched[2:] == [("", False), ("depth", False)]
    assert frames.closed


def test_transforms_are_heard_anew_when_someone_listens_again(types: MessageTypes) -> None:
    heard: list[Frames] = []

    def listen(_: object) -> Frames:
        heard.append(Frames())
        return heard[-1]

    with Bench(types, make_transforms=listen, tracking=False) as bench:
        for number in (1, 2):
            bench.ask("the red block")
            see(bench)
            assert len(bench.transport.of("target_pose")) == number
            assert [frames.closed for frames in heard] == [True] * (number - 1) + [False]
            bench.ask("")
            assert [frames.closed for frames in heard] == [True] * number


def test_what_waits_when_the_last_listener_leaves_is_no_fault(types: MessageTypes) -> None:
    frames = LateFrames()
    with Bench(types, make_transforms=lambda _: frames) as bench:
        bench.ask("the red block")
        begin(bench, frames)
        bench.ask("")
        assert frames.closed
        until(lambda: bench.behaviour._placing.is_idle)
        assert bench.transport.troubles() == []
        assert not any(key.startswith("not placed") for key in bench.diagnostics())


@pytest.mark.parametrize(
    ("settings", "fields", "message"),
    [
        ({"target_frame": "map"}, {}, "map comes late"),
        ({}, {"focal_px": 0.0}, "colour camera refused"),
    ],
    ids=["late transform", "uncalibrated"],
)
def test_what_cannot_be_placed_is_answered_in_pixels_and_told(
    types: MessageTypes, settings: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    with Bench(types, make_transforms=lambda _: Frames(), **settings) as bench:
        bench.ask("the red block")
        see(bench, **fields)

        assert len(bench.transport.of("centroid")) == 1
        assert not any(key in SPACE for key, _ in bench.transport.sent)
        (line,) = bench.transport.troubles()
        assert line.startswith("answers are not placed in space: ")
        assert message in line


def test_without_depth_images_pixels_are_answered_all_the_same(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames(), depth_timeout_s=0.0) as bench:
        bench.ask("the red block")
        bench.show(bench.image())
        until(lambda: bench.behaviour._placing.is_idle)

        assert len(bench.transport.of("centroid")) == 1
        assert not any(key in SPACE for key, _ in bench.transport.sent)
        assert bench.diagnostic("not placed: no depth") == "1"


def test_a_stale_answer_gives_no_pose(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames(), max_age_s=0.5, tracking=False) as bench:
        bench.ask("the red block")
        see(bench, stamp_ns=NOW_NS - 700_000_000)

    assert len(bench.transport.of("objects_3d")) == 1
    assert bench.transport.of("target_pose") == []


def test_a_query_that_comes_while_an_answer_is_placed_keeps_its_pose_back(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types, make_transforms=lambda _: Frames(), tracking=False) as bench:
        publish = bench.transport.publish

        def publish_and_ask(key: str, message: object) -> None:
            publish(key, message)
            if key == "objects_3d":
                bench.ask("the blue ball")

        monkeypatch.setattr(bench.transport, "publish", publish_and_ask)
        bench.ask("the red block")
        see(bench)

    assert len(bench.transport.of("cloud")) == 1
    assert bench.transport.of("target_pose") == []


def test_standing_queries_are_placed_without_a_pose(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        message_class = types.get("textseg_ros/msg/StandingQuery")
        bench.behaviour.on_standing_query(
            message_class(key="tool", text="the red block", priority=0, lifetime_s=0.0)
        )
        see(bench)

    assert [key for key, _ in bench.transport.sent if key in SPACE] == [
        "objects_3d",
        "detections_3d",
    ]
    assert bench.transport.of("objects_3d")[0].query_key == "tool"


def test_a_request_gets_the_pose_of_its_target_where_there_is_depth(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.transport.listened = False
        replies: list[Any] = []

        def ask() -> None:
            request = Request("the red block", space=True)
            replies.append(bench.behaviour.request(request, TIMEOUT_S))

        for depth_first in (False, True):
            asking = threading.Thread(target=ask, daemon=True)
            asking.start()
            until(lambda: bench.behaviour._scheduler.awaits(""))
            until(lambda: ("depth", True) in bench.transport.watched)
            if depth_first:
                see(bench)
            else:
                bench.behaviour.on_image(bench.image())
            asking.join(TIMEOUT_S)

    assert replies[0].pose is None
    assert replies[1].pose.pose.position.z == pytest.approx(STAND_OFF_M, abs=0.003)
    assert bench.transport.sent == []


STEP_NS = 10_000_000
BLACK = np.zeros((96, 192, 3), np.uint8)


def begin(bench: Bench, frames: LateFrames) -> None:
    """Show depth and two images, and let the placing of the first begin."""
    bench.behaviour.look()
    bench.behaviour.space.on_camera_info(info(bench))
    for number in range(6):
        bench.behaviour.space.on_depth(depth(bench, NOW_NS + number * STEP_NS))
    bench.show(bench.image())
    assert frames.asked.acquire(timeout=TIMEOUT_S)


def test_answers_in_pixels_do_not_wait_for_transforms(types: MessageTypes) -> None:
    """Of six images the first is being placed and the last waits; four are left out."""
    frames = LateFrames()
    with Bench(types, make_transforms=lambda _: frames, tracking=False) as bench:
        bench.ask("the red block")
        begin(bench, frames)
        for number in range(1, 6):
            bench.show(bench.image(stamp_ns=NOW_NS + number * STEP_NS))
        assert len(bench.transport.of("centroid")) == 6
        assert bench.transport.of("objects_3d") == []
        frames.come.set()
        until(lambda: bench.behaviour._placing.is_idle)

        assert [pose.header for pose in bench.transport.of("target_pose")] == [
            bench.header(NOW_NS + number * STEP_NS) for number in (0, 5)
        ]
        assert bench.diagnostic("not placed: overtaken") == "4"
        assert bench.transport.troubles() == []


def test_no_pose_follows_an_answer_that_has_lost_the_target(types: MessageTypes) -> None:
    frames = LateFrames()
    with Bench(types, make_transforms=lambda _: frames, tracking=False) as bench:
        bench.ask("the red block")
        begin(bench, frames)
        bench.show(bench.image(BLACK, stamp_ns=NOW_NS + STEP_NS))
        frames.come.set()
        until(lambda: bench.behaviour._placing.is_idle)

    assert [result.status for result in bench.transport.of("objects")] == [0, 1]
    assert len(bench.transport.of("objects_3d")) == 2
    assert bench.transport.of("target_pose") == []


def test_a_pose_that_comes_too_late_for_its_image_is_kept_back(types: MessageTypes) -> None:
    frames = LateFrames()
    settings: dict[str, Any] = {"max_age_s": 0.5, "tracking": False}
    with Bench(types, make_transforms=lambda _: frames, **settings) as bench:
        bench.ask("the red block")
        begin(bench, frames)
        bench.transport.ros_time_ns += 600_000_000
        frames.come.set()
        until(lambda: bench.behaviour._placing.is_idle)

    assert bench.transport.of("objects")[0].stale is False
    assert len(bench.transport.of("objects_3d")) == 1
    assert bench.transport.of("target_pose") == []


@pytest.mark.parametrize(("later_ns", "is_fresh"), [(0, True), (600_000_000, False)])
def test_a_request_waits_for_its_pose_and_goes_without_once_it_is_stale(
    types: MessageTypes, later_ns: int, is_fresh: bool
) -> None:
    frames = LateFrames()
    replies: list[Any] = []
    with Bench(types, make_transforms=lambda _: frames, max_age_s=0.5) as bench:
        bench.ask("the blue ball")

        def ask() -> None:
            request = Request("the red block", space=True)
            replies.append(bench.behaviour.request(request, TIMEOUT_S))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        until(lambda: bench.behaviour._scheduler.awaits(""))
        begin(bench, frames)
        bench.show(bench.image(stamp_ns=NOW_NS + STEP_NS))
        assert len(bench.transport.of("objects")) == 2
        bench.transport.ros_time_ns += later_ns
        frames.come.set()
        asking.join(TIMEOUT_S)

    assert (replies[0].pose is not None) == is_fresh
    assert replies[0].objects.stale is not is_fresh
    assert replies[0].answer.may_move == is_fresh


def test_the_end_waits_for_no_transform(types: MessageTypes) -> None:
    frames = LateFrames()
    faults: list[Exception] = []
    with Bench(types, make_transforms=lambda _: frames) as bench:

        def ask() -> None:
            try:
                bench.behaviour.request(Request("the red block", space=True), TIMEOUT_S)
            except RuntimeError as fault:
                faults.append(fault)

        bench.ask("the red block")
        begin(bench, frames)
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.show(bench.image(stamp_ns=NOW_NS + STEP_NS))
    asking.join(TIMEOUT_S)

    assert [str(fault) for fault in faults] == ["the node has stopped answering"]
    assert not [t for t in threading.enumerate() if t.name.startswith("placing")]
    assert not any(key in SPACE for key, _ in bench.transport.sent)


def test_the_dialogue_hears_how_far_its_objects_are(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, int, dict[int, float], float]] = []

    def measure(_: Conversations, camera: str, query: Query, far: Any, stamp_s: float) -> None:
        heard.append((camera, query.id, dict(far), stamp_s))

    monkeypatch.setattr(Conversations, "measure", measure)
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.ask("the red block")
        see(bench)

    ((camera, query_id, distances_m, stamp_s),) = heard
    assert (camera, query_id, stamp_s) == ("", 1, NOW_NS / 1e9)
    assert distances_m == {1: pytest.approx(STAND_OFF_M, abs=0.01)}
