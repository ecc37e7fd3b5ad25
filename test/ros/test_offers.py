import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from recording import (
    NOW_NS,
    TIMEOUT_S,
    Bench,
    FaultyBackend,
    GatedBackend,
    red_block,
    until,
)

from textseg_core.arrays import UInt8Array
from textseg_ros.messages import MessageTypes
from textseg_ros.offers import Offers
from textseg_ros.query_book import QueryBook
from textseg_ros.requesting import LOOK_UP_S

BLACK = np.zeros((96, 192, 3), np.uint8)


class Goal:
    """A goal that keeps what its handler does to it."""

    def __init__(self, types: MessageTypes, phrase: str, **fields: Any) -> None:
        values = {"camera": "", "timeout_s": 0.0, "stable_frames": 1} | fields
        self.request = types.get("textseg_ros/action/Find_Goal")(phrase=phrase, **values)
        self.is_cancel_requested = False
        self.ends: list[str] = []
        self.feedback: list[Any] = []

    @property
    def is_active(self) -> bool:
        return not self.ends

    def publish_feedback(self, feedback: Any) -> None:
        self.feedback.append(feedback)

    def succeed(self) -> None:
        self.ends.append("succeeded")

    def abort(self) -> None:
        self.ends.append("aborted")

    def canceled(self) -> None:
        self.ends.append("canceled")


def segment_request(bench: Bench, phrase: str, **fields: Any) -> Any:
    values = {
        "image": bench.types.default("sensor_msgs/msg/Image"),
        "camera": "",
        "pictures": False,
    } | fields
    request_class = bench.types.get("textseg_ros/srv/Segment_Request")
    return request_class(phrase=phrase, **values)


def pursue(bench: Bench, goal: Goal) -> Callable[[], Any]:
    """Begin a goal; return what waits for its result."""
    results: list[Any] = []
    offers = Offers(bench.behaviour, bench.types, bench.clock)
    thread = threading.Thread(target=lambda: results.append(offers.find(goal)), daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(TIMEOUT_S)
        return results[0]

    return result


def show(bench: Bench, picture: UInt8Array, number: int, goal: Goal) -> None:
    """Show a picture to a goal that waits for one, until it has been answered."""
    until(lambda: bench.behaviour._scheduler.awaits("") or bool(goal.ends))
    before = len(goal.feedback)
    bench.behaviour.on_image(bench.image(picture, stamp_ns=NOW_NS + number))
    until(lambda: len(goal.feedback) > before)


def test_an_image_and_a_phrase_give_objects_mask_and_status(types: MessageTypes) -> None:
    with Bench(types) as bench:
        offers = Offers(bench.behaviour, types, bench.clock)
        request = segment_request(
            bench, "pick up the red block", image=bench.image(), pictures=True
        )
        response = offers.segment(request)

    assert (response.success, response.message) == (True, "")
    result = response.result
    assert (result.status, result.expression) == (type(result).FOUND, "the red block")
    assert (result.header.frame_id, result.query_id) == ("camera", 0)
    assert result.latency.total >= 0.0
    assert result.objects[0].centroid_u == pytest.approx(95.5, abs=0.5)
    assert (np.frombuffer(response.mask.data, np.uint8) == 255).sum() == result.objects[0].area
    assert (response.response.width, response.response.height) == (192, 96)


def test_pictures_are_left_out_unless_asked_for(types: MessageTypes) -> None:
    with Bench(types) as bench:
        response = Offers(bench.behaviour, types, bench.clock).segment(
            segment_request(bench, "the red block", image=bench.image(BLACK))
        )

    assert response.success
    assert response.result.status == type(response.result).NOT_FOUND
    assert (response.mask.width, response.response.width) == (0, 0)


@pytest.mark.parametrize(
    ("phrase", "fields", "message"),
    [
        ("", {}, "names nothing to segment: ''; name an object"),
        ("the mug", {"camera": "rear"}, "there is no camera 'rear'"),
        ("the mug", {}, "no image on /textseg/image or /textseg/image/compressed within 0.0 s"),
    ],
)
def test_a_request_that_cannot_be_answered_is_a_reply_that_says_why(
    types: MessageTypes, phrase: str, fields: dict[str, Any], message: str
) -> None:
    with Bench(types, request_timeout_s=0.01) as bench:
        response = Offers(bench.behaviour, types, bench.clock).segment(
            segment_request(bench, phrase, **fields)
        )

    assert not response.success
    assert message in response.message


def test_a_broken_image_in_a_request_is_a_reply_that_says_why(types: MessageTypes) -> None:
    with Bench(types) as bench:
        response = Offers(bench.behaviour, types, bench.clock).segment(
            segment_request(bench, "the red block", image=bench.image(encoding="odd8"))
        )

    assert not response.success
    assert "encoding 'odd8' is not accepted" in response.message


def _engine_lost(_: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("engine lost")


def test_a_network_that_fails_in_a_way_of_its_own_is_named_in_the_reply(
    types: MessageTypes,
) -> None:
    with Bench(types, FaultyBackend(_engine_lost)) as bench:
        response = Offers(bench.behaviour, types, bench.clock).segment(
            segment_request(bench, "the red block", image=bench.image())
        )

    assert (response.success, response.message) == (False, "KeyError: 'engine lost'")


def test_a_request_whose_frame_is_lost_is_a_reply_that_says_so(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QueryBook, "queries", lambda _: 1 / 0)
    with Bench(types) as bench:
        response = Offers(bench.behaviour, types, bench.clock).segment(
            segment_request(bench, "the red block", image=bench.image())
        )

    assert not response.success
    assert response.message == "ZeroDivisionError: division by zero"


def test_enable_pauses_and_says_so(types: MessageTypes) -> None:
    with Bench(types) as bench:
        offers = Offers(bench.behaviour, types, bench.clock)
        request_class = types.get("std_srvs/srv/SetBool_Request")
        off, on = (offers.enable(request_class(data=data)) for data in (False, True))

    assert (off.success, off.message) == (True, "answering is disabled")
    assert (on.success, on.message) == (True, "answering is enabled")


def test_a_goal_is_reached_when_answers_in_a_row_show_the_same_place(
    types: MessageTypes,
) -> None:
    """The third frame shows nothing and the fifth the block elsewhere: each begins anew."""
    moved = np.roll(red_block(), -64, axis=1)
    with Bench(types) as bench:
        goal = Goal(types, "the red block", stable_frames=2)
        result = pursue(bench, goal)
        pictures = [BLACK, red_block(), BLACK, red_block(), moved, moved]
        for number, picture in enumerate(pictures):
            show(bench, picture, number, goal)
        told = result()

    assert [feedback.stable for feedback in goal.feedback] == [0, 1, 0, 1, 1, 2]
    assert goal.ends == ["succeeded"]
    assert (told.success, told.message, told.has_pose) == (True, "", False)
    assert told.result.objects[0].centroid_u == pytest.approx(31.5, abs=1.0)
    assert told.result.header.stamp.nanosec == 5


def test_a_goal_that_is_canceled_ends_while_it_waits_for_an_image(types: MessageTypes) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        goal.is_cancel_requested = True

        assert result().message == "canceled"
    assert goal.ends == ["canceled"]


def test_a_goal_is_reached_however_long_the_network_takes(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        time.sleep(3 * LOOK_UP_S)
        backend.go_on.release()

        assert result().success


def test_a_goal_that_is_canceled_does_not_wait_for_the_network(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        goal.is_cancel_requested = True

        assert result().message == "canceled"
        backend.go_on.release()


def test_a_goal_whose_phrase_the_parameters_forbid_meanwhile_is_aborted(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block", stable_frames=2)
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.change({"max_query_bytes": 4})
        show(bench, red_block(), 0, goal)

        assert "at most 4 are accepted" in result().message
    assert goal.ends == ["aborted"]


def test_a_goal_that_waits_ends_when_the_node_is_disabled(types: MessageTypes) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.set_enabled(False)

        assert "the node is disabled" in result().message
        assert not bench.behaviour._scheduler.awaits("")
    assert goal.ends == ["aborted"]


def test_a_goal_gives_up_when_its_time_is_over(types: MessageTypes) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block", timeout_s=2.0, stable_frames=3)
        result = pursue(bench, goal)
        show(bench, red_block(), 0, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.clock.now_s += 3.0
        told = result()

    assert goal.ends == ["aborted"]
    assert told.message.startswith(
        "not seen in 3 answers in a row within 2.0 s, the last 1 showed it"
    )
    assert told.result.status == type(told.result).FOUND


def test_a_goal_that_saw_stale_answers_alone_says_so(types: MessageTypes) -> None:
    with Bench(types, max_age_s=0.5) as bench:
        goal = Goal(types, "the red block", timeout_s=2.0)
        result = pursue(bench, goal)
        bench.transport.ros_time_ns += 10**9
        show(bench, red_block(), 0, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.clock.now_s += 3.0
        told = result()

    assert goal.ends == ["aborted"]
    assert told.message.endswith(
        "the last answer was stale, older than max_age_s, and none of those counts"
    )


def test_an_image_that_is_refused_does_not_end_a_goal(types: MessageTypes) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.on_image(bench.image(step=5))
        show(bench, red_block(), 1, goal)

        assert result().success


@pytest.mark.parametrize(
    ("phrase", "fields", "message"),
    [
        ("pick up", {}, "names nothing to segment"),
        ("the mug", {"camera": "rear"}, "there is no camera 'rear'"),
    ],
)
def test_a_goal_that_asks_for_nothing_is_aborted_with_the_reason(
    types: MessageTypes, phrase: str, fields: dict[str, Any], message: str
) -> None:
    with Bench(types) as bench:
        goal = Goal(types, phrase, **fields)
        told = Offers(bench.behaviour, types, bench.clock).find(goal)

    assert goal.ends == ["aborted"]
    assert message in told.message


def test_a_goal_ends_with_the_node(types: MessageTypes) -> None:
    with Bench(types) as bench:
        goal = Goal(types, "the red block")
        result = pursue(bench, goal)
        until(lambda: bench.behaviour._scheduler.awaits(""))
        bench.behaviour.close()

        assert "has stopped answering" in result().message
    assert goal.ends == ["aborted"]
