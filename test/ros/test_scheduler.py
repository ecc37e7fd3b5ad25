import threading
from typing import Any

import pytest

from textseg_ros.frame import Frame
from textseg_ros.scheduler import MAX_REQUESTS, Request, Scheduler


def frame(camera: str = "", number: int = 0, arrived_s: float = 0.0) -> Frame:
    return Frame("image", number, arrived_s, None, camera)


def taken(scheduler: Scheduler) -> Any:
    work = scheduler.take()
    assert work is not None
    return work


def test_a_newer_frame_takes_the_place_of_the_one_that_waits() -> None:
    scheduler = Scheduler([""])
    scheduler.start()

    assert [scheduler.offer(frame(number=n), 0.0) for n in range(3)] == [
        "kept",
        "replaced",
        "replaced",
    ]

    assert taken(scheduler).frame.message == 2


def test_cameras_take_turns_whatever_their_rates() -> None:
    scheduler = Scheduler(["slow", "fast"])
    scheduler.start()
    order = []
    for number in range(6):
        scheduler.offer(frame("fast", number), 0.0)
        scheduler.offer(frame("fast", number), 0.0)
        scheduler.offer(frame("slow", number), 0.0)
        order.append(taken(scheduler).frame.camera)

    assert order.count("slow") == order.count("fast") == 3


def test_a_camera_that_was_silent_does_not_hold_the_other_up_afterwards() -> None:
    scheduler = Scheduler(["left", "right"])
    scheduler.start()
    for _ in range(5):
        scheduler.offer(frame("left"), 0.0)
        taken(scheduler)
    order = []
    for _ in range(4):
        scheduler.offer(frame("left"), 0.0)
        scheduler.offer(frame("right"), 0.0)
        order.append(taken(scheduler).frame.camera)

    assert order == ["right", "left", "right", "left"]


def test_a_rate_limit_holds_on_average_for_each_camera() -> None:
    """30 frames a second for 2 s, 10 allowed: the first and one in each of 20 periods."""
    scheduler = Scheduler(["left", "right"])
    scheduler.start()
    kept = {"left": 0, "right": 0}
    for number in range(60):
        for camera in kept:
            fate = scheduler.offer(frame(camera, number, number / 30), 10.0)
            kept[camera] += fate != "limited"

    assert kept == {"left": 20, "right": 20}


def test_a_pause_saves_no_frames_up_for_later() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    times_s = [0.0, 100.0, 100.01, 100.02, 100.11]

    fates = [scheduler.offer(frame(arrived_s=t), 10.0) for t in times_s]

    assert [fate == "limited" for fate in fates] == [False, False, True, True, False]


def test_a_frame_that_a_request_waits_for_is_beyond_the_limit() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    scheduler.offer(frame(), 1.0)
    taken(scheduler)
    request = Request("the mug")
    scheduler.ask(request)

    assert scheduler.offer(frame(number=1, arrived_s=0.1), 1.0) == "kept"
    work = taken(scheduler)
    assert (work.requests, work.own) == ((request,), False)
    assert not scheduler.awaits("")


def test_requests_with_images_of_their_own_take_turns_with_the_cameras() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    for number in range(3):
        scheduler.ask(Request("the mug", frame=frame(number=number)))
    order = []
    for _ in range(4):
        scheduler.offer(frame(), 0.0)
        order.append(taken(scheduler).own)

    assert order == [False, True, False, True]


def test_too_many_requests_are_refused() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    for _ in range(MAX_REQUESTS):
        scheduler.ask(Request("the mug"))

    with pytest.raises(RuntimeError, match=f"{MAX_REQUESTS} requests wait already; ask again"):
        scheduler.ask(Request("the mug"))


def test_a_request_that_was_withdrawn_waits_no_more() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    request = Request("the mug")
    scheduler.ask(request)

    scheduler.withdraw(request)

    assert not scheduler.awaits("")


def test_the_end_drops_what_waits_and_wakes_who_waits() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    ended: list[object] = []
    worker = threading.Thread(target=lambda: ended.append(scheduler.take()))
    worker.start()
    assert scheduler.stop() == 0
    worker.join(10.0)
    assert ended == [None]

    scheduler.start()
    request = Request("the mug", frame=frame())
    scheduler.ask(request)
    scheduler.offer(frame(), 0.0)

    assert scheduler.stop() == 1
    with pytest.raises(RuntimeError, match="has stopped answering"):
        request.reply.result(0.0)
    with pytest.raises(RuntimeError, match="does not answer now"):
        scheduler.ask(request)


def test_frames_that_nobody_asks_for_any_more_are_dropped() -> None:
    scheduler = Scheduler(["left", "right"])
    scheduler.start()
    scheduler.ask(Request("the mug", camera="right"))
    scheduler.offer(frame("left"), 0.0)
    scheduler.offer(frame("right"), 0.0)

    assert scheduler.drop_frames() == 1
    assert taken(scheduler).frame.camera == "right"


def test_frames_for_requests_leave_no_debt_to_the_rate_limit() -> None:
    """A goal looks at 30 frames in a second; when it has ended the limit is 1 Hz again."""
    scheduler = Scheduler([""])
    scheduler.start()
    for number in range(30):
        scheduler.ask(Request("the mug"))
        scheduler.offer(frame(number=number, arrived_s=number / 30), 1.0)
        taken(scheduler)

    assert scheduler.offer(frame(arrived_s=1.5), 1.0) == "limited"
    assert scheduler.offer(frame(arrived_s=2.0), 1.0) == "kept"


def test_a_greater_rate_holds_at_once() -> None:
    scheduler = Scheduler([""])
    scheduler.start()
    scheduler.offer(frame(), 0.01)
    taken(scheduler)

    fates = [scheduler.offer(frame(arrived_s=t), 10.0) for t in (1.0, 1.05, 1.11)]

    assert [fate == "limited" for fate in fates] == [False, True, False]
