"""Several queries, several cameras, requests, and what may change while the node runs."""

import threading
from typing import Any

import numpy as np
import pytest
from recording import NOW_NS, TIMEOUT_S, Bench, GatedBackend, RednessBackend, red_block, until

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.base import Tensors
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes
from textseg_ros.scheduler import Request


class CountingBackend(RednessBackend):
    """Counts the images that were encoded, and tells when it was closed."""

    def __init__(self) -> None:
        self.images = 0
        self.closed = 0

    def encode_image(self, image: UInt8Array) -> Tensors:
        self.images += 1
        return super().encode_image(image)

    def close(self) -> None:
        self.closed += 1


def stand(bench: Bench, key: str, text: str, priority: int = 0, lifetime_s: float = 0.0) -> None:
    message_class = bench.types.get("textseg_ros/msg/StandingQuery")
    bench.behaviour.on_standing_query(
        message_class(key=key, text=text, priority=priority, lifetime_s=lifetime_s)
    )


def test_standing_queries_are_answered_with_one_look_at_the_image(types: MessageTypes) -> None:
    backend = CountingBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        stand(bench, "tool", "the block", priority=1)
        stand(bench, "part", "pick up the red block")
        bench.show(bench.image())

    results = bench.transport.of("objects")
    assert [(r.query_key, r.query_id, r.query) for r in results] == [
        ("", 1, "the red block"),
        ("tool", 2, "the block"),
        ("part", 3, "pick up the red block"),
    ]
    assert backend.images == 1
    assert bench.count("answered") == 1


def test_pictures_and_points_belong_to_the_query_of_the_topic(types: MessageTypes) -> None:
    with Bench(types) as bench:
        stand(bench, "tool", "the block")
        bench.show(bench.image())
        assert [key for key, _ in bench.transport.sent] == ["objects", "detections", "latency"]
        bench.ask("the red block")
        bench.show(bench.image())

    for key in ("centroid", "label_info", "mask", "labels", "response", "overlay"):
        assert len(bench.transport.of(key)) == 1


def test_a_standing_query_ends_when_it_is_removed_or_expires(types: MessageTypes) -> None:
    with Bench(types, max_age_s=100.0) as bench:
        stand(bench, "tool", "the block")
        stand(bench, "part", "the red block", lifetime_s=10.0)
        bench.show(bench.image())
        stand(bench, "tool", "")
        bench.show(bench.image())
        bench.clock.now_s += 11.0
        bench.show(bench.image())
        bench.tick()

    keys = [result.query_key for result in bench.transport.of("objects")]
    assert keys == ["tool", "part", "part"]
    assert bench.count("unasked") == 1
    assert "standing query 'part' has expired: 'the red block'" in [
        text for _, text in bench.transport.lines
    ]


def test_a_standing_query_that_is_refused_says_why(types: MessageTypes) -> None:
    with Bench(types, max_queries=1) as bench:
        stand(bench, "tool", "the block")
        stand(bench, "part", "the block")
        stand(bench, "", "the block")

        (line,) = bench.transport.troubles()
        assert line.startswith("standing query refused: ")
        assert "one more than the 1 allowed (parameter max_queries)" in line


def test_clearing_the_query_of_the_topic_leaves_the_standing_ones(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        stand(bench, "tool", "the block")
        bench.ask("")
        bench.show(bench.image())

    assert [result.query_key for result in bench.transport.of("objects")] == ["tool"]


def test_each_camera_answers_on_its_own_topics_with_its_own_stamps(types: MessageTypes) -> None:
    with Bench(types, cameras=("left", "right")) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 1), "left")
        bench.settle()
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS), "right")
        bench.settle()

    (left,), (right,) = bench.transport.of("left/objects"), bench.transport.of("right/objects")
    assert (left.header.stamp.nanosec, right.header.stamp.nanosec) == (1, 0)
    assert len(bench.transport.of("left/centroid")) == 1
    assert bench.transport.of("objects") == []
    # A stamp before that of another camera has not gone back.
    assert bench.transport.troubles() == []


def test_a_busy_network_serves_the_cameras_in_turn_with_their_newest(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend, cameras=("left", "right")) as bench:
        bench.ask("the red block")
        for turn in range(4):
            for number in range(3):
                bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 10 * turn + number), "left")
            bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 10 * turn), "right")
            assert backend.begun.acquire(timeout=TIMEOUT_S)
            backend.go_on.release()
            until(lambda turn=turn: bench.count("answered") == turn + 1)  # type: ignore[misc]
        backend.go_on.release(2)
        bench.settle()

    left = [result.header.stamp.nanosec for result in bench.transport.of("left/objects")]
    right = [result.header.stamp.nanosec for result in bench.transport.of("right/objects")]
    assert abs(len(left) - len(right)) <= 1
    assert left[1:] == [n for n in left[1:] if n % 10 == 2]
    assert right == sorted(right)


def test_a_silent_camera_is_named(types: MessageTypes) -> None:
    with Bench(types, cameras=("left", "right"), camera_timeout_s=10.0) as bench:
        bench.ask("the red block")
        bench.clock.now_s += 8.0
        bench.behaviour.on_image(bench.image(), "left")
        bench.settle()
        bench.clock.now_s += 4.0
        bench.tick()

    (line,) = bench.transport.troubles()
    assert line.startswith("no image on /textseg/right/image or /textseg/right/image/compressed")


def test_frames_beyond_the_rate_limit_are_left_out(types: MessageTypes) -> None:
    with Bench(types, max_rate_hz=10.0) as bench:
        bench.ask("the red block")
        for _ in range(6):
            bench.show(bench.image())
            bench.clock.now_s += 0.05

    assert (bench.count("answered"), bench.count("limited")) == (3, 3)


def test_changed_parameters_hold_from_the_next_image_on(types: MessageTypes) -> None:
    picture = red_block()
    picture[32:64, 144:192] = (255, 0, 0)
    with Bench(types) as bench:
        bench.ask("the red blocks")
        bench.show(bench.image(picture, stamp_ns=NOW_NS - 800_000_000))
        bench.behaviour.change({"max_objects": 1, "overlay": False, "max_age_s": 0.5})
        bench.show(bench.image(picture, stamp_ns=NOW_NS - 700_000_000))

    first, second = bench.transport.of("objects")
    assert (len(first.objects), first.stale) == (2, False)
    assert (len(second.objects), second.stale) == (1, True)
    assert len(bench.transport.of("overlay")) == 1


def test_a_refused_change_leaves_all_as_it_was(types: MessageTypes) -> None:
    with Bench(types) as bench:
        before = bench.behaviour.settings.now
        with pytest.raises(ValueError, match="max_objects must lie in 1 to inf, got 0"):
            bench.behaviour.change({"overlay": False, "max_objects": 0})
        assert bench.behaviour.settings.now == before


def test_a_disabled_node_answers_nothing_and_receives_no_images(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        assert bench.behaviour.set_enabled(False) == "answering is disabled"
        backend.go_on.release()
        bench.settle()
        bench.show(bench.image())
        assert bench.transport.sent == []
        assert bench.transport.watched == [("", True), ("", False)]
        assert bench.tick().message == "answering is disabled; call the service enable"

        bench.behaviour.set_enabled(True)
        backend.go_on.release()
        bench.show(bench.image())
        assert len(bench.transport.of("objects")) == 1
        assert bench.transport.watched[2:] == [("", True)]


def test_pictures_that_nobody_receives_are_not_made(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.transport.listened = False
        bench.show(bench.image())

    always = ["objects", "centroid", "detections", "label_info"]
    assert [key for key, _ in bench.transport.sent] == always


def test_deactivating_frees_the_network_and_activating_loads_it_again(
    types: MessageTypes,
) -> None:
    backend = CountingBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.show(bench.image())
        lifecycle = bench.behaviour.lifecycle
        assert lifecycle.do("deactivate") == "done"
        assert (backend.closed, bench.behaviour.engine.loaded) == (1, False)
        assert bench.transport.watched[-1] == ("", False)
        bench.show(bench.image())
        assert bench.tick().message == "the node is inactive"
        assert len(bench.transport.of("objects")) == 1

        assert lifecycle.do("activate") == "done"
        bench.show(bench.image())
        assert [result.query_id for result in bench.transport.of("objects")] == [1, 1]
        lifecycle.do("deactivate")
        assert lifecycle.do("cleanup") == "done"
        assert bench.tick().message == "the node is unconfigured"
        bench.behaviour.start()
        bench.show(bench.image())
        assert len(bench.transport.of("objects")) == 2


def test_a_network_that_hangs_is_an_error_of_the_life(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textseg_ros.behaviour._JOIN_TIMEOUT_S", 0.05)
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        lifecycle = bench.behaviour.lifecycle

        assert lifecycle.do("deactivate") == "failed"
        assert isinstance(lifecycle.fault, TimeoutError)
        assert lifecycle.state == "finalized"
        backend.go_on.release()


def ask_once(bench: Bench, request: Request, timeout_s: float = TIMEOUT_S) -> list[Any]:
    """Return where the reply or the error of a request will be."""
    got: list[Any] = []

    def ask() -> None:
        try:
            got.append(bench.behaviour.request(request, timeout_s))
        except (ValueError, RuntimeError, TimeoutError) as error:
            got.append(error)

    threading.Thread(target=ask, daemon=True).start()
    return got


def test_a_request_with_an_image_needs_neither_camera_nor_query(types: MessageTypes) -> None:
    with Bench(types) as bench:
        own = Frame("image", bench.image(), bench.clock(), None)
        reply = bench.behaviour.request(
            Request("the red block", frame=own, pictures=True), TIMEOUT_S
        )

    assert reply.objects.objects[0].centroid_u == pytest.approx(95.5, abs=0.5)
    assert (np.frombuffer(reply.mask.data, np.uint8) == 255).sum() > 1800
    assert reply.response.encoding == "32FC1"
    assert bench.transport.sent == []
    assert bench.transport.watched == []
    assert (bench.count("requests"), bench.count("answered")) == (1, 0)


def test_a_request_without_an_image_gets_the_next_frame(types: MessageTypes) -> None:
    with Bench(types) as bench:
        got = ask_once(bench, Request("the red block"))
        until(lambda: bench.transport.watched == [("", True)])
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 5))
        until(lambda: bool(got))

        assert got[0].objects.header.stamp.nanosec == 5
        assert got[0].mask is None
        bench.behaviour.look()
        assert bench.transport.watched == [("", True), ("", False)]
        assert bench.transport.sent == []


def test_topic_and_request_give_the_same_answer_for_the_same_image(types: MessageTypes) -> None:
    backend = CountingBackend()
    with Bench(types, backend) as bench:
        bench.ask("pick up the red block")
        got = ask_once(bench, Request("pick up the red block", pictures=True))
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.show(bench.image())
        until(lambda: bool(got))

    (published,), asked = bench.transport.of("objects"), got[0].objects
    assert backend.images == 1
    for field in ("query", "action", "expression", "status", "score", "stale"):
        assert getattr(published, field) == getattr(asked, field), field
    (one,), (other,) = published.objects, asked.objects
    assert (one.track_id, other.track_id) == (1, 0)  # only topics know frames before
    for field in ("x", "y", "width", "height", "area", "centroid_u", "centroid_v", "score"):
        assert getattr(one, field) == getattr(other, field), field
    assert bytes(got[0].mask.data) == bytes(bench.transport.of("mask")[0].data)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("pick up"), "names nothing to segment"),
        (Request(""), "names nothing to segment"),
        (Request("the mug", camera="rear"), r"there is no camera 'rear'; cameras are \[''\]"),
        (Request("the mug"), "no image on /textseg/image or /textseg/image/compressed within 0.0"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(
    types: MessageTypes, request_: Request, message: str
) -> None:
    with Bench(types) as bench, pytest.raises((ValueError, TimeoutError), match=message):
        bench.behaviour.request(request_, 0.01)


def test_a_request_with_a_broken_image_says_what_is_wrong(types: MessageTypes) -> None:
    with Bench(types) as bench:
        own = Frame("image", bench.image(step=5), bench.clock(), None)
        with pytest.raises(ValueError, match="step is 5 bytes"):
            bench.behaviour.request(Request("the red block", frame=own), TIMEOUT_S)
        assert bench.transport.troubles() == []


def test_requests_to_a_node_that_is_not_active_or_disabled_are_refused(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.behaviour.set_enabled(False)
        with pytest.raises(RuntimeError, match="the node is disabled; call its service enable"):
            bench.behaviour.request(Request("the mug"), 0.01)
        bench.behaviour.set_enabled(True)
        bench.behaviour.lifecycle.do("deactivate")
        with pytest.raises(RuntimeError, match="does not answer now: it is not active"):
            bench.behaviour.request(Request("the mug"), 0.01)


def test_a_query_that_nobody_receives_answers_to_says_so(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.transport.listened = False
        bench.ask("the red block")
        waiting = "query 1 'the red block' waits for someone who receives the answers; images come"
        assert bench.transport.lines[-1][1].startswith(waiting)
        assert bench.tick().message.startswith(waiting)
        assert bench.transport.watched == []
