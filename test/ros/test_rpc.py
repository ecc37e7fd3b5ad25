"""The bounded workers that services and actions share."""

import threading

from recording import until

from textseg_ros.rpc import BoundedWorkers, ServiceWorkers

TIMEOUT_S = 30.0


def test_what_finds_no_room_is_refused_and_what_waits_is_done_in_order() -> None:
    go_on, begun, done = threading.Event(), threading.Event(), threading.Semaphore(0)
    order: list[int] = []

    def first() -> None:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        order.append(1)
        done.release()

    def second() -> None:
        order.append(2)
        done.release()

    workers = BoundedWorkers("test", threads=1, waiting=1, on_error=lambda _: None)
    try:
        assert workers.submit(first)
        assert begun.wait(TIMEOUT_S)
        assert workers.submit(second)
        assert not workers.submit(second)
        go_on.set()
        assert done.acquire(timeout=TIMEOUT_S)
        assert done.acquire(timeout=TIMEOUT_S)
    finally:
        go_on.set()
        workers.close()

    assert order == [1, 2]


def test_a_task_that_raises_is_told_of_and_the_next_one_is_done() -> None:
    errors: list[Exception] = []
    done = threading.Event()
    workers = BoundedWorkers("test", threads=1, waiting=4, on_error=errors.append)

    def fail() -> None:
        raise RuntimeError("the task failed")

    assert workers.submit(fail)
    assert workers.submit(done.set)
    assert done.wait(TIMEOUT_S)
    workers.close()

    assert [str(error) for error in errors] == ["the task failed"]


def test_closing_waits_for_what_is_done_and_drops_what_waits() -> None:
    go_on, begun = threading.Event(), threading.Event()
    did: list[str] = []

    def slow() -> None:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        did.append("slow")

    workers = BoundedWorkers("test", threads=1, waiting=4, on_error=lambda _: None)
    assert workers.submit(slow)
    assert begun.wait(TIMEOUT_S)
    assert workers.submit(lambda: did.append("waiting"))
    closing = threading.Thread(target=workers.close)
    closing.start()
    until(lambda: workers._closed)
    assert not workers.submit(lambda: None)  # takes the lock: what waited has been dropped
    go_on.set()
    closing.join(TIMEOUT_S)

    assert not closing.is_alive()
    assert did == ["slow"]
    assert not workers.submit(lambda: None)


def test_requests_that_wait_outside_do_so_together_and_delay_no_other() -> None:
    """Three wait outside, of a limit of 1 + 2; those in turn have a limit of their own."""
    go_on, all_begun, done = threading.Event(), threading.Barrier(4), threading.Event()
    did: list[str] = []

    def outside() -> None:
        all_begun.wait(TIMEOUT_S)
        assert go_on.wait(TIMEOUT_S)
        did.append("outside")

    def in_turn() -> None:
        did.append("in turn")
        done.set()

    workers = ServiceWorkers(
        "test", lambda request: bool(request == "camera"), lambda _: None, waiting=2
    )
    for _ in range(3):
        assert workers.submit("camera", outside)
    all_begun.wait(TIMEOUT_S)
    assert not workers.submit("camera", outside)
    assert workers.submit("image", in_turn)
    assert done.wait(TIMEOUT_S)
    go_on.set()
    workers.close()

    assert did == ["in turn", *["outside"] * 3]
    assert not workers.submit("camera", outside)
    assert not workers.submit("image", in_turn)
