"""Which answers an arm may move on: a target seen twice, and still the one that is meant."""

from typing import Any

import pytest
from recording import NOW_NS, TIMEOUT_S, Bench, until
from test_behaviour_dialogue import click, two_blocks
from test_behaviour_space import BLACK, STEP_NS, Frames, LateFrames, depth, info, see

from textseg_ros.messages import MessageTypes


class HeldFrames(LateFrames):
    """Transforms come at once; while they are held they come when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.come.set()

    def hold(self) -> None:
        self.come.clear()
        while self.asked.acquire(blocking=False):
            pass


def settle(bench: Bench) -> None:
    until(lambda: bench.behaviour._placing.is_idle)


def show(bench: Bench, number: int, picture: Any = None) -> None:
    """Show depth and colour of a time of their own."""
    stamp_ns = NOW_NS + number * STEP_NS
    bench.behaviour.space.on_depth(depth(bench, stamp_ns))
    bench.show(bench.image(picture, stamp_ns=stamp_ns))


def pose_numbers(bench: Bench) -> list[int]:
    """Return which images the poses are of."""
    poses = bench.transport.of("target_pose")
    stamps = [pose.header.stamp.sec * 10**9 + pose.header.stamp.nanosec for pose in poses]
    return [(stamp - NOW_NS) // STEP_NS for stamp in stamps]


def see_each(bench: Bench, *pictures: Any) -> None:
    """Show pictures, each placed before the next."""
    bench.behaviour.look()
    bench.behaviour.space.on_camera_info(info(bench))
    for number, picture in enumerate(pictures):
        show(bench, number, picture)
        settle(bench)


def test_a_pose_waits_until_the_target_was_seen_in_two_of_three_images(
    types: MessageTypes,
) -> None:
    """One image that sees what is not there must move no arm; pixels are of each image alone."""
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.ask("the red block")
        see_each(bench, None, BLACK, BLACK, BLACK, None, BLACK, None, None)

    assert pose_numbers(bench) == [6, 7]
    assert [result.status for result in bench.transport.of("objects")] == [0, 1, 1, 1, 0, 1, 0, 0]
    assert len(bench.transport.of("centroid")) == 4
    assert len(bench.transport.of("objects_3d")) == 8
    assert bench.transport.troubles() == []


def test_without_tracking_each_image_gives_a_pose(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames(), tracking=False) as bench:
        bench.ask("the red block")
        see_each(bench, None, BLACK, None)

    assert pose_numbers(bench) == [0, 2]


def test_what_somebody_picked_needs_no_second_image(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.ask("the red block")
        see_each(bench, two_blocks())
        bench.ask("the left one")
        show(bench, 1, two_blocks())
        settle(bench)

    assert pose_numbers(bench) == [1]


def test_the_marker_of_a_target_is_green_once_its_pose_goes_out(types: MessageTypes) -> None:
    with Bench(types, make_transforms=lambda _: Frames()) as bench:
        bench.ask("the red block")
        see_each(bench, None, None)

    before, after = (found.markers[0].color for found in bench.transport.of("markers"))
    assert before.r > before.g
    assert after.g > after.r


def test_images_too_far_apart_to_follow_anything_are_told_of(types: MessageTypes) -> None:
    """A single gap is any pause, so that only the second one in a row is told of."""
    lines = []
    with Bench(types, make_transforms=lambda _: Frames(), max_age_s=60.0) as bench:
        bench.ask("the red block")
        for number in range(3):
            see(bench, stamp_ns=NOW_NS - (6 - 3 * number) * 1_000_000_000)
            lines.append(bench.transport.troubles())

    assert lines[:2] == [[], []]
    ((line,),) = lines[2:]
    assert "kept back until the target was seen in two images" in line
    assert "set tracking to false" in line
    assert bench.transport.of("target_pose") == []


def turn_down(bench: Bench) -> None:
    bench.ask("not that one")


def pick_the_right_one(bench: Bench) -> None:
    click(bench, 143.0, 47.0)


def click_on_the_left_one(bench: Bench) -> None:
    click(bench, 31.0, 47.0)


@pytest.mark.parametrize(
    ("said", "poses"),
    [
        (turn_down, []),
        (pick_the_right_one, []),
        (lambda bench: bench.ask("the other one"), []),
        (click_on_the_left_one, [2]),
    ],
    ids=["not that one", "a click on another", "the other one", "a click on it"],
)
def test_no_pose_goes_out_of_what_was_turned_down_while_it_was_placed(
    types: MessageTypes, said: Any, poses: list[int]
) -> None:
    frames = HeldFrames()
    with Bench(types, make_transforms=lambda _: frames) as bench:
        bench.ask("the red block")
        see_each(bench, two_blocks())
        bench.ask("the left one")
        show(bench, 1, two_blocks())
        settle(bench)
        assert pose_numbers(bench) == [1]
        bench.transport.sent.clear()
        frames.hold()
        show(bench, 2, two_blocks())
        assert frames.asked.acquire(timeout=TIMEOUT_S)
        said(bench)
        frames.come.set()
        settle(bench)

    assert pose_numbers(bench) == poses
    assert len(bench.transport.of("objects_3d")) == 1


def test_no_centroid_goes_out_of_what_was_turned_down_a_moment_before(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        publish = bench.transport.publish

        def publish_and_answer(key: str, message: object) -> None:
            publish(key, message)
            if key == "objects":
                turn_down(bench)

        monkeypatch.setattr(bench.transport, "publish", publish_and_answer)
        bench.show(bench.image())

    assert [result.status for result in bench.transport.of("objects")] == [0]
    assert bench.transport.of("centroid") == []
