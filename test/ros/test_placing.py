"""The threads in which answers are placed: the newest frame, every request, a clean end."""

import threading

import pytest

from textseg_ros.placing import Placing
from textseg_ros.scheduler import Request

TIMEOUT_S = 30.0


class Gate:
    """A task that says when it has begun and waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.go_on.wait(TIMEOUT_S)


def begun(placing: Placing, camera: str = "") -> Gate:
    """Keep a camera's thread busy."""
    gate = Gate()
    placing.offer(camera, gate)
    assert gate.begun.wait(TIMEOUT_S)
    return gate


def started(*cameras: str) -> tuple[Placing, list[Exception]]:
    errors: list[Exception] = []
    placing = Placing(cameras or ("",), errors.append)
    placing.start()
    return placing, errors


def end(placing: Placing) -> None:
    placing.stop()
    placing.join(TIMEOUT_S)


def until_idle(placing: Placing) -> None:
    done = threading.Event()
    for _ in range(int(TIMEOUT_S / 0.005)):
        if placing.is_idle:
            return
        done.wait(0.005)
    pytest.fail("the thread did not get there")


def test_the_newest_frame_is_placed_and_every_request_in_the_order_of_coming() -> None:
    placing, _ = started()
    order: list[str] = []
    gate = begun(placing)
    placing.ask("", Request("a"), lambda: order.append("first request"))
    placing.offer("", lambda: order.append("old frame"))
    placing.ask("", Request("b"), lambda: order.append("second request"))
    placing.offer("", lambda: order.append("new frame"))
    gate.go_on.set()
    until_idle(placing)

    assert order == ["first request", "new frame", "second request"]
    assert placing.values() == {"not placed: overtaken": "1"}
    end(placing)


def test_a_camera_whose_transforms_are_late_does_not_hold_up_another() -> None:
    placing, _ = started("left", "right")
    gate = begun(placing, "left")
    done = threading.Event()
    placing.offer("right", done.set)

    assert done.wait(TIMEOUT_S)
    gate.go_on.set()
    end(placing)


def test_what_fails_is_told_and_refuses_its_request_and_the_next_is_done() -> None:
    placing, errors = started()
    request, done = Request("a"), threading.Event()
    placing.ask("", request, lambda: 1 / 0)  # type: ignore[arg-type]
    placing.offer("", done.set)

    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        request.reply.result(TIMEOUT_S)
    assert done.wait(TIMEOUT_S)
    assert [type(error) for error in errors] == [ZeroDivisionError]
    end(placing)


def test_a_request_that_nobody_waits_for_is_left_out() -> None:
    placing, _ = started()
    done: list[str] = []
    gate = begun(placing)
    request = Request("a")
    placing.ask("", request, lambda: done.append("unwanted"))
    request.is_wanted = False
    gate.go_on.set()
    until_idle(placing)

    assert done == []
    end(placing)


def test_the_end_drops_what_waits_refuses_its_requests_and_ends_the_threads() -> None:
    placing, _ = started()
    before = set(threading.enumerate())
    request, done = Request("a"), []
    gate = begun(placing)
    placing.offer("", lambda: done.append("frame"))
    placing.ask("", request, lambda: done.append("request"))
    stopping = threading.Thread(target=end, args=(placing,))
    stopping.start()
    with pytest.raises(RuntimeError, match="has stopped answering"):
        request.reply.result(TIMEOUT_S)
    gate.go_on.set()
    stopping.join(TIMEOUT_S)

    assert done == []
    assert set(threading.enumerate()) <= before  # others may have ended meanwhile


def test_nothing_is_begun_while_stopped_and_all_after_a_new_start() -> None:
    placing, _ = started()
    end(placing)
    done, request = threading.Event(), Request("a")
    placing.offer("", done.set)
    placing.ask("", request, done.set)

    with pytest.raises(RuntimeError, match="has stopped answering"):
        request.reply.result(0.0)
    assert placing.is_idle
    assert not done.is_set()
    placing.start()
    placing.offer("", done.set)
    assert done.wait(TIMEOUT_S)
    end(placing)
