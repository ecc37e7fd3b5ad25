from collections.abc import Sequence

import pytest
from moving import BLUE, RED, Box, answer, moved, picture

from textseg_core.dialogue import Dialogue, Reply, ReplyKind, Turn
from textseg_core.dialogue.wording import hidden, no_other, not_in_view, question
from textseg_core.segmentation import Status

A: Box = (20, 20, 50, 50)
B: Box = (90, 20, 120, 50)
C: Box = (150, 20, 180, 50)


class Talk:
    """A dialogue with a clock of 10 frames a second."""

    def __init__(self) -> None:
        self.dialogue = Dialogue()
        self.stamp_s = 5.0

    def show(
        self,
        *boxes: Box,
        status: Status | None = None,
        expression: str = "the mug",
        colors: Sequence[tuple[int, int, int]] = (),
        distances_m: Sequence[float | None] | None = None,
    ) -> Turn:
        self.stamp_s += 0.1
        return self.dialogue.observe(
            answer(*boxes, status=status, expression=expression),
            picture(*zip(boxes, colors or [RED] * len(boxes), strict=True)),
            self.stamp_s,
            distances_m,
        )

    def say(self, text: str) -> Reply:
        return self.dialogue.answer(text)


def ids(turn: Turn) -> tuple[int, ...]:
    return turn.tracked.track_ids


def test_two_that_fit_are_ranked_described_and_asked_about() -> None:
    talk = Talk()
    turn = talk.show(B, A)

    assert turn.text == "two mugs: left or right?"
    assert turn.labels == ("right", "left")
    assert [(one.track_id, one.color) for one in turn.candidates] == [(1, "red"), (2, "red")]
    assert turn.tracked.segmentation.status is Status.AMBIGUOUS
    assert talk.dialogue.is_asking


def test_one_that_is_found_is_not_asked_about() -> None:
    talk = Talk()
    turn = talk.show(A)
    assert (turn.text, turn.labels, turn.candidates) == ("", ("",), ())
    assert not talk.dialogue.is_asking


def test_nothing_in_view_is_said() -> None:
    assert Talk().show(expression="the red mug on the left").text == (
        "no red mug on the left in view"
    )


def test_the_left_one_becomes_the_target_and_stays_it() -> None:
    talk = Talk()
    talk.show(B, A)
    reply = talk.say("the left one")
    turns = [talk.show(moved(A, 2 * step), B) for step in range(5)]

    assert reply == Reply(ReplyKind.PICKED, "left", 2)
    assert [ids(turn) for turn in turns] == [(2,)] * 5
    assert {turn.tracked.segmentation.status for turn in turns} == {Status.FOUND}
    assert turns[-1].text == ""


def test_a_picked_object_is_said_to_be_hidden_while_it_is() -> None:
    talk = Talk()
    talk.show(B, A)
    talk.say("left")
    assert talk.show(B).text == "the mug is hidden"


def test_the_question_is_asked_again_when_the_picked_object_is_lost() -> None:
    talk = Talk()
    talk.show(B, A, C)
    talk.say("left")
    turns = [talk.show(B, C) for _ in range(5)]
    assert [turn.text for turn in turns] == ["the mug is hidden"] * 4 + [
        "two mugs: left or right?"
    ]


def test_an_answer_that_fits_several_asks_about_these_only() -> None:
    talk = Talk()
    talk.show(A, B, C, colors=[RED, BLUE, RED])
    reply = talk.say("the red one")
    turn = talk.show(A, B, C, colors=[RED, BLUE, RED])

    assert reply == Reply(ReplyKind.NARROWED, "two mugs: left or right?")
    assert turn.text == "two mugs: left or right?"
    assert ids(turn) == (1, 3)
    assert talk.say("right") == Reply(ReplyKind.PICKED, "right", 3)


def test_an_answer_that_fits_none_says_so_and_asks_again() -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.say("the yellow one") == Reply(
        ReplyKind.UNCLEAR, "none of them is that: two mugs: left or right?"
    )


@pytest.mark.parametrize("text", ["yes", "that one", "the other one", "not that one", "top"])
def test_an_answer_that_says_not_which_asks_again(text: str) -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.say(text) == Reply(ReplyKind.UNCLEAR, "two mugs: left or right?")
    assert talk.show(A, B).tracked.segmentation.status is Status.AMBIGUOUS


def test_all_are_too_many() -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.say("both") == Reply(ReplyKind.UNCLEAR, "one at a time: two mugs: left or right?")


def test_any_takes_the_best() -> None:
    talk = Talk()
    talk.show(B, A)
    assert talk.say("either one") == Reply(ReplyKind.PICKED, "right", 1)


def test_not_the_left_one_of_two_is_the_right_one() -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.say("not the left one") == Reply(ReplyKind.PICKED, "right", 2)


def test_the_other_one_changes_to_and_fro() -> None:
    talk = Talk()
    talk.show(A, B)
    talk.say("left")
    talk.show(A, B)
    assert talk.say("the other one").track_id == 2
    assert ids(talk.show(A, B)) == (2,)
    assert talk.say("the other one").track_id == 1


def test_not_that_one_is_for_good() -> None:
    talk = Talk()
    talk.show(A, B, C)
    talk.say("left")
    talk.show(A, B, C)

    assert talk.say("not that one").kind is ReplyKind.NARROWED
    turn = talk.show(A, B, C)
    assert (turn.text, ids(turn)) == ("two mugs: left or right?", (2, 3))
    talk.say("the left one")
    assert ids(talk.show(A, B, C)) == (2,)
    assert talk.say("not that one") == Reply(ReplyKind.PICKED, "right", 3)
    assert ids(talk.show(A, B, C)) == (3,)
    assert talk.say("not that one") == Reply(ReplyKind.NARROWED, "no other mug in view")
    turn = talk.show(A, B, C)
    assert (turn.text, ids(turn)) == ("no mug in view", ())


def test_an_object_found_without_a_question_can_be_turned_down() -> None:
    talk = Talk()
    talk.show(A)
    assert talk.say("not that one") == Reply(ReplyKind.NARROWED, "no other mug in view")
    assert talk.show(A).tracked.segmentation.status is Status.NOT_FOUND
    assert ids(talk.show(A, B)) == (2,)


@pytest.mark.parametrize("text", ["none of them", "cancel", "no"])
def test_none_cancels(text: str) -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.say(text) == Reply(ReplyKind.CANCELLED, "")


def test_other_requests_are_passed_on_as_queries() -> None:
    talk = Talk()
    assert talk.say("the left one") == Reply(ReplyKind.NEW_QUERY, "the left one")
    talk.show(A)
    assert talk.say("the left one") == Reply(ReplyKind.NEW_QUERY, "the left one")
    talk.show(A, B, status=Status.FOUND)
    assert talk.say("the left one") == Reply(ReplyKind.NEW_QUERY, "the left one")
    talk = Talk()
    talk.show(A, B)
    assert talk.say("the blue bowl") == Reply(ReplyKind.NEW_QUERY, "the blue bowl")
    assert talk.say("the one in the box") == Reply(ReplyKind.REWORDED, "the mug in the box")


def test_a_frame_in_which_nothing_is_seen_does_not_end_the_question() -> None:
    talk = Talk()
    talk.show(A, B)
    talk.show()
    assert talk.say("left") == Reply(ReplyKind.PICKED, "left", 1)


def test_an_object_that_is_gone_cannot_be_picked() -> None:
    talk = Talk()
    talk.show(A, B)
    for _ in range(5):
        talk.show()
    assert talk.say("left") == Reply(ReplyKind.UNCLEAR, "that one is gone")


def test_a_click_on_a_mask_picks_its_object() -> None:
    talk = Talk()
    talk.show(A, B)
    assert talk.dialogue.click(119.4, 49.4) == Reply(ReplyKind.PICKED, "right", 2)
    assert ids(talk.show(A, B)) == (2,)


def test_a_click_beside_the_masks_picks_the_nearest_within_the_tolerance() -> None:
    """A ends at column 49, whose right edge is at 49.5; 2 % of 200 px are 4 px."""
    talk = Talk()
    talk.show(A, B)
    assert talk.dialogue.click(53.5, 30.0).track_id == 1
    assert talk.dialogue.click(53.6, 30.0).kind is ReplyKind.UNCLEAR
    assert talk.dialogue.click(60.0, 30.0, tolerance_px=11.0).track_id == 1
    assert talk.dialogue.click(float("nan"), 30.0).kind is ReplyKind.UNCLEAR


def test_a_click_on_nothing_says_so_and_asks_again() -> None:
    talk = Talk()
    assert talk.dialogue.click(1.0, 2.0) == Reply(
        ReplyKind.UNCLEAR, "nothing that fits is at (1, 2)"
    )
    talk.show(A, B)
    assert talk.dialogue.click(1.0, 2.0) == Reply(
        ReplyKind.UNCLEAR, "nothing that fits is at (1, 2): two mugs: left or right?"
    )


def test_a_click_takes_back_that_an_object_was_turned_down() -> None:
    talk = Talk()
    talk.show(A, B, C)
    talk.say("left")
    talk.show(A, B, C)
    talk.say("not that one")
    talk.show(A, B, C)
    assert talk.dialogue.click(30.0, 30.0).track_id == 1
    assert ids(talk.show(A, B, C)) == (1,)


def test_distances_follow_their_objects() -> None:
    talk = Talk()
    talk.show(A, B, C)
    talk.say("not the middle one")
    turn = talk.show(A, B, C, distances_m=[0.9, 0.5, 0.7])
    assert [one.distance_m for one in turn.candidates] == [0.9, 0.7]
    assert talk.say("the nearer one").track_id == 3


def test_distances_that_come_after_the_frame_tell_the_nearest() -> None:
    """By the lower ends in the image, which count without depth, it would be the first."""
    talk = Talk()
    talk.show((20, 20, 50, 55), B, C)
    talk.dialogue.measure({1: 0.9, 2: 0.5, 3: 0.7}, talk.stamp_s)

    assert talk.say("the second nearest one") == Reply(ReplyKind.PICKED, "right", 3)


def test_distances_name_objects_from_the_next_frame_on() -> None:
    above: Box = (25, 52, 55, 82)  # neither a row nor a column, and of one colour and size
    talk = Talk()
    assert talk.show(A, above).labels == ("top", "bottom")
    beside: Box = (30, 25, 60, 55)
    talk = Talk()
    assert talk.show(A, beside).labels == ("number 1", "number 2")
    talk.dialogue.measure({1: 0.8, 2: 0.7}, talk.stamp_s)
    assert talk.show(A, beside).labels == ("farther", "nearer")


def test_distances_are_forgotten_after_two_seconds() -> None:
    talk = Talk()
    talk.show(A, B)
    talk.dialogue.measure({1: 0.9, 2: 0.5}, talk.stamp_s)
    for _ in range(20):
        turn = talk.show(A, B)
    assert [one.distance_m for one in turn.candidates] == [0.9, 0.5]
    assert [one.distance_m for one in talk.show(A, B).candidates] == [None, None]


def test_distances_of_other_objects_and_other_times_do_not_count() -> None:
    talk = Talk()
    talk.dialogue.measure({1: 0.1, 2: 0.1}, talk.stamp_s)
    talk.show(A, B)
    talk.dialogue.measure({1: 0.2, 2: 0.2}, talk.stamp_s - 0.05)  # of a dialogue before
    talk.dialogue.measure({1: float("nan"), 7: 0.3}, talk.stamp_s)

    turn = talk.show(A, B)

    assert [one.distance_m for one in turn.candidates] == [None, None]


def test_a_reset_dialogue_knows_nothing() -> None:
    talk = Talk()
    talk.show(A, B)
    talk.dialogue.reset()
    assert not talk.dialogue.is_asking
    assert talk.say("left").kind is ReplyKind.NEW_QUERY
    assert ids(talk.show(A, B)) == (3, 4)


@pytest.mark.parametrize(
    ("expression", "labels", "asked"),
    [
        ("the mug", ["left", "right"], "two mugs: left or right?"),
        ("red mug on the table", ["top", "bottom"], "two red mugs: top or bottom?"),
        ("the knife", ["left", "middle", "right"], "three knives: left, middle or right?"),
        ("the scissors", ["left", "right"], "two scissors: left or right?"),
        ("the jeans", ["left", "right"], "two jeans: left or right?"),
        ("the red one", ["left", "right"], "two red ones: left or right?"),
        ("that", ["left", "right"], "two things: left or right?"),
        ("the jar", ["a", "b", "c", "d"], "four jars: a, b, c or d?"),
        ("the jar", ["a", "b", "c", "d", "e"], "five jars: which one?"),
        (
            "the jar",
            ["leftmost", "second from the left", "third from the left", "rightmost"],
            "four jars: which one from the left?",
        ),
        ("the jar", list("abcdefghijk"), "11 jars: which one?"),
    ],
)
def test_questions_are_short(expression: str, labels: list[str], asked: str) -> None:
    assert question(expression, labels) == asked


def test_refusals_are_short() -> None:
    assert not_in_view("the red mug on the left.") == "no red mug on the left in view"
    assert not_in_view("a mug") == "no mug in view"
    assert not_in_view("apples") == "no apples in view"
    assert not_in_view("it") == "nothing of that kind in view"
    assert not_in_view("the blorp", ["blorp"]) == 'no blorp in view; "blorp" is unknown to me'
    assert (
        not_in_view("the foo blorp", ["foo", "blorp"])
        == 'no foo blorp in view; "foo" and "blorp" are unknown to me'
    )
    assert no_other("the mug") == "no other mug in view"
    assert no_other("it") == "nothing else of that kind in view"
    assert hidden("the red mug") == "the red mug is hidden"
    assert hidden("that one") == "it is hidden"
