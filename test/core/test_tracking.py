import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from moving import BLUE, RED, Box, answer, moved, picture

from textseg_core.segmentation import Status
from textseg_core.tracking import Phase, TrackedSegmentation, Tracker, TrackerSettings

A: Box = (20, 20, 50, 50)
B: Box = (100, 20, 130, 50)
C: Box = (150, 60, 180, 90)


class Scene:
    """A tracker with a clock of 10 frames a second."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self.tracker = Tracker(settings)
        self.stamp_s = 5.0

    def show(
        self,
        *boxes: Box,
        status: Status | None = None,
        expression: str = "the mug",
        after_s: float = 0.1,
        colors: Sequence[tuple[int, int, int]] = (),
        explanation: str = "",
    ) -> TrackedSegmentation:
        self.stamp_s += after_s
        colors = colors or [RED] * len(boxes)
        seen = answer(*boxes, status=status, expression=expression)
        return self.tracker.update(
            replace(seen, explanation=explanation),
            picture(*zip(boxes, colors, strict=True)),
            self.stamp_s,
        )


def box_of(tracked: TrackedSegmentation) -> Box | None:
    """The target's (left, top, right, bottom)."""
    if tracked.target is None:
        return None
    x, y, width, height = tracked.target.box
    return x, y, x + width, y + height


def test_the_first_answer_is_that_of_the_frame_alone() -> None:
    scene = Scene()
    found = scene.show(A)
    assert found.segmentation is found.observed
    assert (found.track_ids, found.target_id, found.phase) == ((1,), 1, Phase.CONFIRMING)

    ambiguous = Scene().show(A, B)
    assert ambiguous.segmentation is ambiguous.observed
    assert (ambiguous.track_ids, ambiguous.target_id, ambiguous.target) == ((1, 2), 0, None)
    assert ambiguous.phase is Phase.SEARCHING

    nothing = Scene().show()
    assert nothing.segmentation is nothing.observed
    assert (nothing.track_ids, nothing.target_id, nothing.phase) == ((), 0, Phase.SEARCHING)


def test_ids_stay_while_objects_move_and_change_their_order() -> None:
    scene = Scene()
    ids = [
        scene.show(moved(A, step), moved(B, 0, step)).track_ids
        if step % 10
        else scene.show(moved(B, 0, step), moved(A, step)).track_ids
        for step in range(0, 40, 5)
    ]
    assert ids == [(1, 2) if step % 2 == 0 else (2, 1) for step in range(8)]


def test_an_id_is_never_given_twice() -> None:
    scene = Scene(TrackerSettings(lost_frames=1))
    assert [scene.show(box).track_ids for box in (A, B, A, B)] == [(1,), (2,), (3,), (4,)]


def test_a_target_is_confirmed_when_seen_in_two_of_three_frames() -> None:
    scene = Scene()
    phases = [scene.show(A).phase, scene.show().phase, scene.show(A).phase, scene.show(A).phase]
    assert phases == [Phase.CONFIRMING, Phase.CONFIRMING, Phase.FOUND, Phase.FOUND]


def test_a_target_seen_once_and_then_not_twice_is_given_up() -> None:
    scene = Scene()
    tracked = [scene.show(A), scene.show(), scene.show(), scene.show(A)]
    assert [one.phase for one in tracked] == [
        Phase.CONFIRMING,
        Phase.CONFIRMING,
        Phase.SEARCHING,
        Phase.CONFIRMING,
    ]
    assert [one.target_id for one in tracked] == [1, 1, 0, 1]


def test_a_confirmed_target_stays_the_target_when_another_fits_better() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    tracked = scene.show(B, A, status=Status.FOUND)

    assert box_of(tracked) == A
    assert tracked.track_ids == (1, 2)
    assert tracked.segmentation.status is Status.FOUND
    assert tracked.observed_ids == (2, 1)


def test_a_confirmed_target_is_found_alone_when_several_fit() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    tracked = scene.show(B, A)

    assert tracked.segmentation.status is Status.FOUND
    assert (box_of(tracked), tracked.track_ids) == (A, (1,))
    np.testing.assert_array_equal(tracked.segmentation.mask, answer(A).mask)
    assert tracked.observed.status is Status.AMBIGUOUS


def test_a_target_seen_once_is_no_answer_when_several_fit() -> None:
    scene = Scene()
    scene.show(A)
    tracked = scene.show(A, B)

    assert tracked.segmentation is tracked.observed
    assert (tracked.target_id, tracked.phase) == (0, Phase.SEARCHING)


def test_a_target_seen_once_is_given_up_for_another_that_is_found() -> None:
    scene = Scene()
    scene.show(A)
    tracked = scene.show(B)

    assert (box_of(tracked), tracked.target_id, tracked.phase) == (B, 2, Phase.CONFIRMING)
    assert tracked.segmentation is tracked.observed


def test_while_a_confirmed_target_is_hidden_nothing_is_found() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    tracked = scene.show(B)

    assert (tracked.phase, tracked.target_id, tracked.target) == (Phase.HIDDEN, 1, None)
    assert (tracked.segmentation.status, tracked.segmentation.objects) == (Status.NOT_FOUND, ())
    assert not tracked.segmentation.mask.any()
    assert tracked.is_confirmed


def test_a_target_hidden_for_four_frames_comes_back_as_itself() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    hidden = [scene.show() for _ in range(4)]
    back = scene.show(moved(A, 5))

    assert [one.phase for one in hidden] == [Phase.HIDDEN] * 4
    assert (back.target_id, back.phase, box_of(back)) == (1, Phase.FOUND, moved(A, 5))


def test_a_target_hidden_for_five_frames_is_lost_and_never_comes_back() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    lost = [scene.show() for _ in range(5)][-1]
    again = scene.show(A)

    assert (lost.phase, lost.target_id) == (Phase.SEARCHING, 0)
    assert (again.target_id, again.phase) == (2, Phase.CONFIRMING)


def test_when_the_target_is_lost_the_query_goes_to_what_is_found() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    tracked = [scene.show(B) for _ in range(6)]

    assert [one.segmentation.status for one in tracked] == [Status.NOT_FOUND] * 4 + [
        Status.FOUND
    ] * 2
    assert [one.target_id for one in tracked] == [1] * 4 + [2] * 2


def test_a_twin_elsewhere_is_not_taken_for_a_hidden_target() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    twin = scene.show(moved(A, 31))

    assert twin.target is None
    assert twin.observed_ids == (2,)


def test_something_else_in_the_place_of_the_target_is_not_taken_for_it() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    other = scene.show(A, colors=[BLUE])

    assert (other.target, other.observed_ids) == (None, (2,))


def test_a_fast_object_is_followed_by_its_speed() -> None:
    """From 12 px a frame to 28, of a width of 30: alone the last would be too far (2 of 58)."""
    scene = Scene()
    left = 0
    for step in (0, 12, 16, 20, 24, 28, 28):
        left += step
        tracked = scene.show(moved((0, 20, 30, 50), left))
        assert tracked.track_ids == (1,)


def test_an_object_that_comes_out_on_the_other_side_of_what_hid_it_is_known_again() -> None:
    """A bar covers it from the left until 4 of 30 columns are left, then shows the leftmost 4."""
    scene = Scene()
    for left in (20, 30, 40, 46):
        scene.show((left, 20, 50, 50))
    scene.show()
    assert scene.show((20, 20, 24, 50)).observed_ids == (1,)


def test_an_object_that_stays_smaller_for_longer_is_that_small() -> None:
    """For 15 frames half of it may be hidden; after the 16th its other half is another thing."""
    for frames, known in ((15, (1,)), (16, (2,))):
        scene = Scene()
        scene.show(A)
        for _ in range(frames):
            scene.show((35, 20, 50, 50))
        assert scene.show((20, 20, 24, 50)).observed_ids == known


def test_gaps_in_a_row_are_counted_until_two_frames_are_near_in_time() -> None:
    scene = Scene()
    after = (0.1, 2.1, 3.0, 2.0, 2.1, -9.0, 2.1)
    assert [scene.show(A, after_s=after_s).gaps for after_s in after] == [0, 1, 2, 0, 1, 0, 1]


def test_a_gap_of_more_than_two_seconds_loses_everything() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    assert scene.show(A, after_s=2.0).target_id == 1
    assert scene.show(A, after_s=2.001).target_id == 2


def test_a_clock_set_back_loses_everything() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    tracked = scene.show(A, after_s=-0.001)
    assert (tracked.target_id, tracked.phase) == (2, Phase.CONFIRMING)


def test_two_frames_of_one_stamp_are_two_frames() -> None:
    scene = Scene()
    scene.show(A)
    tracked = scene.show(moved(A, 3), after_s=0.0)
    assert (tracked.target_id, tracked.phase) == (1, Phase.FOUND)


def test_another_image_size_loses_everything() -> None:
    tracker = Tracker()
    tracker.update(answer(A), picture((A, RED)), 1.0)
    small = tracker.update(
        answer(A, height=90, width=160), picture((A, RED), height=90, width=160), 1.1
    )
    assert small.track_ids == (2,)


def test_the_picked_object_is_found_while_several_fit() -> None:
    scene = Scene()
    several = scene.show(A, B, C)
    scene.tracker.pick(several.track_ids[2])
    tracked = scene.show(A, B, moved(C, -4))

    assert (tracked.segmentation.status, tracked.phase) == (Status.FOUND, Phase.FOUND)
    assert (box_of(tracked), tracked.track_ids, tracked.target_id) == (moved(C, -4), (3,), 3)


def test_a_picked_object_that_is_lost_is_not_replaced_by_another_of_several() -> None:
    scene = Scene()
    several = scene.show(A, B, C)
    scene.tracker.pick(several.track_ids[2])
    hidden = [scene.show(A, B) for _ in range(4)]
    lost = scene.show(A, B)

    assert {one.segmentation.status for one in hidden} == {Status.NOT_FOUND}
    assert lost.segmentation.status is Status.AMBIGUOUS
    assert (lost.target_id, lost.track_ids) == (0, (1, 2))


def test_picking_another_object_changes_the_target() -> None:
    scene = Scene()
    scene.tracker.pick(scene.show(A, B).track_ids[0])
    scene.tracker.pick(scene.show(A, B).observed_ids[1])
    assert box_of(scene.show(A, B)) == B


def test_what_is_gone_cannot_be_picked() -> None:
    scene = Scene()
    scene.show(A, B)
    with pytest.raises(ValueError, match="no object 3 any more; known are 1, 2"):
        scene.tracker.pick(3)
    with pytest.raises(ValueError, match="known are none"):
        Tracker().reject([1])


def test_of_two_the_one_that_is_not_rejected_is_found() -> None:
    scene = Scene()
    scene.show(A, B)
    scene.tracker.reject([1])
    tracked = scene.show(A, B)

    assert (tracked.segmentation.status, tracked.track_ids) == (Status.FOUND, (2,))
    np.testing.assert_array_equal(tracked.segmentation.mask, answer(B).mask)


def test_an_explanation_goes_with_what_it_explains() -> None:
    """Words about the one that was rejected, or about what is not taken, are not passed on."""
    scene = Scene()
    why = "mug 1: at the left, 0.98"
    assert scene.show(A, explanation=why).segmentation.explanation == why

    scene.tracker.reject([1])
    rejected = scene.show(A, explanation=why).segmentation

    assert (rejected.status, rejected.explanation) == (Status.NOT_FOUND, "")


def test_of_three_two_remain_ambiguous_when_one_is_rejected() -> None:
    scene = Scene()
    scene.show(A, B, C)
    scene.tracker.reject([2])
    tracked = scene.show(A, B, C)

    assert (tracked.segmentation.status, tracked.track_ids) == (Status.AMBIGUOUS, (1, 3))


def test_when_all_are_rejected_nothing_is_found() -> None:
    scene = Scene()
    scene.show(A)
    scene.tracker.reject([1])
    tracked = scene.show(A)

    assert (tracked.segmentation.status, tracked.segmentation.objects) == (Status.NOT_FOUND, ())
    assert (tracked.target_id, tracked.observed_ids) == (0, (1,))


def test_a_rejection_does_not_make_one_ambiguous_object_a_found_one() -> None:
    """The network may call one piece several things; nothing in this frame was rejected."""
    scene = Scene()
    scene.show(A, B)
    scene.tracker.reject([1])
    assert scene.show(B, status=Status.AMBIGUOUS).segmentation.status is Status.AMBIGUOUS


def test_picking_what_was_rejected_takes_the_rejection_back() -> None:
    scene = Scene()
    scene.show(A, B)
    scene.tracker.reject([1])
    scene.tracker.pick(1)
    assert box_of(scene.show(A, B)) == A


def test_rejecting_the_target_leaves_it() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    scene.tracker.reject([1])
    assert box_of(scene.show(A, B, status=Status.FOUND)) == B


def test_a_rejection_ends_when_the_object_is_lost() -> None:
    scene = Scene()
    scene.show(A, B)
    scene.tracker.reject([1])
    assert scene.tracker.rejected == {1}
    for _ in range(5):
        scene.show(B)
    assert scene.tracker.rejected == frozenset()


def test_releasing_shows_again_what_several_fit() -> None:
    scene = Scene()
    scene.show(A, B, C)
    scene.tracker.reject([1])
    scene.tracker.pick(2)
    scene.tracker.release()
    tracked = scene.show(A, B, C)
    assert (tracked.segmentation.status, tracked.track_ids) == (Status.AMBIGUOUS, (1, 2, 3))


def test_a_query_for_several_things_has_ids_but_no_target() -> None:
    scene = Scene()
    phases = []
    for boxes in ((A, B), (A, B), (), (B, A)):
        tracked = scene.show(*boxes, status=None if not boxes else Status.FOUND, expression="mugs")
        phases.append(tracked.phase)
        assert (tracked.target_id, tracked.target) == (0, None)
        assert tracked.segmentation is tracked.observed
    assert tracked.track_ids == (2, 1)
    assert phases == [Phase.CONFIRMING, Phase.FOUND, Phase.HIDDEN, Phase.FOUND]


def test_several_things_are_lost_after_five_frames_without_any() -> None:
    scene = Scene()
    for _ in range(2):
        scene.show(A, B, status=Status.FOUND, expression="the mugs")
    phases = [scene.show(expression="the mugs").phase for _ in range(5)]
    assert phases == [Phase.HIDDEN] * 4 + [Phase.SEARCHING]


def test_numbers_of_frames_can_be_set() -> None:
    scene = Scene(TrackerSettings(found_seen=1, found_frames=1, lost_frames=2, max_gap_s=0.5))
    assert scene.show(A).phase is Phase.FOUND
    assert scene.show().phase is Phase.HIDDEN
    assert scene.show().phase is Phase.SEARCHING
    scene.show(A)
    assert scene.show(A, after_s=0.6).target_id == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"found_seen": 0}, "found_seen must lie in 1 to found_frames"),
        ({"found_seen": 4}, "found_seen must lie in 1 to found_frames"),
        ({"lost_frames": 0}, "lost_frames must be at least 1"),
        ({"max_gap_s": 0.0}, "max_gap_s positive"),
        ({"max_gap_s": math.nan}, "max_gap_s positive"),
    ],
)
def test_impossible_numbers_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrackerSettings(**wrong)  # type: ignore[arg-type]


def test_image_and_stamp_are_checked() -> None:
    with pytest.raises(ValueError, match=r"one size, got \(90, 160\) and \(100, 200\)"):
        Tracker().update(answer(A), picture(height=90, width=160), 0.0)
    with pytest.raises(ValueError, match="seconds, got nan"):
        Tracker().update(answer(A), picture(), math.nan)


def test_the_input_is_left_as_it_was() -> None:
    scene = Scene()
    scene.show(A)
    scene.show(A)
    given = answer(B, A)
    mask = given.mask.copy()
    scene.tracker.update(given, picture((A, RED), (B, RED)), scene.stamp_s + 0.1)
    np.testing.assert_array_equal(given.mask, mask)
    assert len(given.objects) == 2
