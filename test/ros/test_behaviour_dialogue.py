"""A query stays on its object; of several that fit an answer or a click tells which is meant."""

from typing import Any

import numpy as np
import pytest
from recording import NOW_NS, Bench

from textseg_core.arrays import UInt8Array
from textseg_ros.messages import MessageTypes

STEP_NS = 50_000_000


def two_blocks(shift: int = 0) -> UInt8Array:
    """Return black with red blocks at columns 16 and 128 (and `shift`), 32 wide, rows 32 to 63."""
    picture = np.zeros((96, 192, 3), np.uint8)
    for left in (16, 128):
        picture[32:64, left + shift : left + shift + 32] = (255, 0, 0)
    return picture


def play(bench: Bench, *pictures: UInt8Array) -> list[Any]:
    """Show pictures one after the other; return their results."""
    before = len(bench.transport.of("objects"))
    for number, picture in enumerate(pictures, before):
        bench.show(bench.image(picture, stamp_ns=NOW_NS - 10 * STEP_NS + number * STEP_NS))
    return bench.transport.of("objects")[before:]


def click(bench: Bench, u: float, v: float) -> None:
    types = bench.types
    point = types.get("geometry_msgs/msg/Point")(x=u, y=v, z=0.0)
    bench.behaviour.on_click(
        types.get("geometry_msgs/msg/PointStamped")(header=bench.header(), point=point)
    )


def test_several_that_fit_are_asked_about_and_the_answer_picks_one(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        (asked,) = play(bench, two_blocks())
        assert asked.status == type(asked).AMBIGUOUS
        assert sorted(found.label for found in asked.objects) == ["left", "right"]
        assert "left or right?" in asked.question
        assert bench.transport.of("centroid") == []

        bench.ask("the left one")
        told = play(bench, two_blocks(4), two_blocks(8))

    assert [result.query for result in told] == ["the red block"] * 2
    assert [result.query_id for result in told] == [1, 1]
    assert [result.status for result in told] == [type(told[0]).FOUND] * 2
    assert all(result.objects[0].x < 40 for result in told)
    assert len({result.objects[0].track_id for result in told}) == 1
    assert [point.point.x < 60 for point in bench.transport.of("centroid")] == [True, True]
    assert any("answer 'the left one': object" in text for _, text in bench.transport.lines)


def test_a_click_picks_the_object_under_it(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        click(bench, 143.0, 47.0)
        (told,) = play(bench, two_blocks())

    assert told.status == type(told).FOUND
    assert told.objects[0].x > 100


@pytest.mark.parametrize(("u", "v"), [(float("nan"), 1.0), (90.0, 5.0)])
def test_a_click_beside_everything_changes_nothing(
    types: MessageTypes, u: float, v: float
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        click(bench, u, v)
        (told,) = play(bench, two_blocks())

    assert told.status == type(told).AMBIGUOUS


def test_another_query_is_no_answer(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        bench.ask("the block")
        (told,) = play(bench, two_blocks())

    assert (told.query, told.query_id) == ("the block", 2)
    assert told.status == type(told).AMBIGUOUS


def test_cancel_clears_the_query(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        bench.ask("cancel")

        assert bench.tick().message == "no query; send one on /textseg/query"


def test_a_query_that_is_asked_anew_forgets_what_was_picked(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        bench.ask("the left one")
        play(bench, two_blocks())
        bench.ask("")
        bench.ask("the red block")
        (told,) = play(bench, two_blocks())

    assert told.status == type(told).AMBIGUOUS


def test_without_tracking_each_frame_is_the_first(types: MessageTypes) -> None:
    with Bench(types, tracking=False) as bench:
        bench.ask("the red block")
        told = play(bench, two_blocks(), two_blocks())

    assert [found.track_id for result in told for found in result.objects] == [0] * 4
    assert [result.status for result in told] == [type(told[0]).AMBIGUOUS] * 2


def test_nothing_in_view_is_said_in_words(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        (told,) = play(bench, np.zeros((96, 192, 3), np.uint8))

    assert told.status == type(told).NOT_FOUND
    assert "red block" in told.question


def test_a_command_with_a_place_is_answered_for_both(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("put the red block on the block")
        (told,) = play(bench, two_blocks())
        bench.ask("find the red block")
        (single,) = play(bench, two_blocks())

    assert told.destination == "the block"
    assert told.destination_status == type(told).AMBIGUOUS
    assert len(told.destination_objects) == 2
    assert single.destination_status == type(single).NOT_ASKED
    assert list(single.destination_objects) == []


def test_what_was_seen_before_tracking_was_switched_off_takes_no_answer(
    types: MessageTypes,
) -> None:
    """It would be taken, and change nothing of what is published."""
    with Bench(types) as bench:
        bench.ask("the red block")
        play(bench, two_blocks())
        bench.behaviour.change({"tracking": False})
        play(bench, two_blocks())
        click(bench, 143.0, 47.0)
        (told,) = play(bench, two_blocks())

    assert told.status == type(told).AMBIGUOUS
    (line,) = [text for _, text in bench.transport.lines if text.startswith("click")]
    assert line == "click at (143, 47): no query has been answered in this image yet"
