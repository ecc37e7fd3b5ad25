"""Red squares of 10 px that go 30 px to the right in each frame, three times their width."""

import pytest
from moving import BLUE, GREEN, RED, Box, answer, moved, picture

from textseg_core.segmentation import Status
from textseg_core.tracking import Phase, TrackedSegmentation, Tracker, TrackerSettings

START: Box = (20, 40, 30, 50)
STEP = 30
RESTING: Box = (150, 70, 160, 80)


class Film:
    """A tracker that is shown a frame every tenth of a second."""

    def __init__(self, **settings: int) -> None:
        self.tracker = Tracker(TrackerSettings(**settings))
        self.stamp_s = 0.0

    def show(self, *boxes: Box, colors: tuple[tuple[int, int, int], ...] = ()) -> tuple[int, ...]:
        self.last(*boxes, colors=colors)
        return self.seen.observed_ids

    def last(self, *boxes: Box, colors: tuple[tuple[int, int, int], ...] = ()) -> None:
        self.stamp_s += 0.1
        painted = zip(boxes, colors or [RED] * len(boxes), strict=True)
        self.seen: TrackedSegmentation = self.tracker.update(
            answer(*boxes), picture(*painted), self.stamp_s
        )


def at(frame: int) -> Box:
    return moved(START, frame * STEP)


def test_a_fast_object_has_its_id_back_in_the_third_frame_and_keeps_it() -> None:
    film = Film()

    assert [film.show(at(frame)) for frame in range(5)] == [(1,), (2,), (1,), (1,), (1,)]


def test_what_stays_where_it_appeared_is_another_object() -> None:
    film = Film()

    assert [film.show(box) for box in (at(0), at(0), at(1), at(1), at(1))] == [
        *((1,), (1,)),
        *((2,), (2,), (2,)),
    ]


def test_what_goes_on_another_way_is_another_object() -> None:
    film = Film()

    assert [film.show(box) for box in (at(0), at(1), moved(at(1), 0, 8))] == [(1,), (2,), (2,)]


def test_an_object_at_rest_beside_it_changes_nothing() -> None:
    film = Film()

    assert [film.show(at(frame), RESTING) for frame in range(4)] == [
        *((1, 2), (3, 2)),
        *((1, 2), (1, 2)),
    ]


def test_of_two_that_look_the_same_neither_is_known_again() -> None:
    film = Film()
    frames = [(at(frame), moved(at(frame), 0, 30)) for frame in range(3)]

    assert [film.show(*frame) for frame in frames] == [(1, 2), (3, 4), (5, 6)]


def test_colours_tell_two_apart() -> None:
    film = Film()
    frames = [(at(frame), moved(at(frame), 0, 30)) for frame in range(3)]

    assert [film.show(*frame, colors=(RED, BLUE)) for frame in frames] == [
        *((1, 2), (3, 4)),
        (1, 2),
    ]


@pytest.mark.parametrize(
    ("box", "color"), [((50, 40, 60, 50), GREEN), ((50, 40, 66, 56), RED)], ids=["colour", "size"]
)
def test_another_thing_on_the_way_is_not_the_object(box: Box, color: tuple[int, int, int]) -> None:
    """16 x 16 px are 2.56 times as many as 10 x 10."""
    film = Film()
    film.show(at(0))

    assert film.show(box, colors=(color,)) == (2,)
    assert film.show(moved(box, STEP), colors=(color,)) == (3,)


def test_an_object_that_is_seen_again_where_it_was_did_not_leap() -> None:
    film = Film()
    film.show(at(0))
    film.show(at(1))

    assert film.show(at(0), at(2)) == (1, 2)


def test_the_target_is_hidden_for_one_frame_and_found_again() -> None:
    film = Film()
    for box in (at(0), at(0), at(1)):
        film.last(box)
    assert (film.seen.phase, film.seen.target_id) == (Phase.HIDDEN, 1)
    assert film.seen.segmentation.status is Status.NOT_FOUND

    film.last(at(2))

    assert (film.seen.phase, film.seen.target_id, film.seen.track_ids) == (Phase.FOUND, 1, (1,))


def test_what_was_picked_or_rejected_in_between_stays_so_under_its_old_id() -> None:
    picked = Film()
    picked.show(at(0), RESTING)
    picked.show(at(1), RESTING)
    picked.tracker.pick(3)
    picked.last(at(2), RESTING)
    assert (picked.seen.target_id, picked.seen.track_ids) == (1, (1,))

    rejected = Film()
    rejected.show(at(0), RESTING)
    rejected.show(at(1), RESTING)
    rejected.tracker.reject([3])
    rejected.last(at(2), RESTING)
    assert rejected.seen.track_ids == (2,)
    assert rejected.tracker.rejected == {1}


def test_an_object_that_was_lost_at_once_does_not_come_back() -> None:
    film = Film(lost_frames=1)

    assert [film.show(at(frame)) for frame in range(3)] == [(1,), (2,), (3,)]


def test_frames_of_one_stamp_show_no_speed() -> None:
    film = Film()
    film.show(at(0))
    film.stamp_s -= 0.1

    assert film.show(at(1)) == (2,)
    assert film.show(at(2)) == (3,)
