from moving import RED, Box, answer, picture

from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue import CommandDialogue, CommandTurn, Reply, ReplyKind
from textseg_core.segmentation import Status

MUGS: tuple[Box, Box] = ((10, 10, 30, 30), (60, 10, 80, 30))
TRAYS: tuple[Box, Box] = ((100, 60, 130, 90), (150, 60, 180, 90))
COMMAND = "put the mug on the tray, please"


class Talk:
    """A dialogue about putting a mug on a tray, with a clock of 10 frames a second."""

    def __init__(self) -> None:
        self.dialogue = CommandDialogue()
        self.stamp_s = 1.0

    def show(self, mugs: tuple[Box, ...], trays: tuple[Box, ...]) -> CommandTurn:
        self.stamp_s += 0.1
        found = CompoundAnswer(
            target=answer(*mugs, expression=COMMAND),
            destination=answer(*trays, expression="the tray"),
        )
        shown = picture(*((box, RED) for box in (*mugs, *trays)))
        return self.dialogue.observe(found, shown, self.stamp_s)


def target_ids(turn: CommandTurn) -> tuple[int, ...]:
    return turn.target.tracked.track_ids


def place_ids(turn: CommandTurn) -> tuple[int, ...]:
    assert turn.destination is not None
    return turn.destination.tracked.track_ids


def test_a_command_without_a_place_is_a_dialogue_about_its_thing() -> None:
    dialogue = CommandDialogue()
    found = CompoundAnswer(target=answer(*MUGS, expression="the mug"), destination=None)
    turn = dialogue.observe(found, picture(), 1.0)

    assert (turn.destination, turn.text) == (None, "two mugs: left or right?")
    assert dialogue.is_asking
    assert dialogue.answer("left") == Reply(ReplyKind.PICKED, "left", 1)
    assert not dialogue.is_asking


def test_a_command_is_on_the_thing_that_was_found_or_picked_last() -> None:
    """Whatever is said of the place, which has an object 1 and an object 2 of its own."""
    talk = Talk()
    on = [[one for one in range(4) if talk.dialogue.is_on(one)]]
    for mugs, trays in ((MUGS[:1], TRAYS), (MUGS[:1], TRAYS[:1])):
        talk.show(mugs, trays)
        on.append([one for one in range(4) if talk.dialogue.is_on(one)])
        talk.dialogue.click(120.0, 75.0)
        on.append([one for one in range(4) if talk.dialogue.is_on(one)])
    talk.dialogue.answer("not that one")
    on.append([one for one in range(4) if talk.dialogue.is_on(one)])

    assert on == [[0], [1], [1], [1], [1], [0]]


def test_the_thing_is_asked_about_before_the_place() -> None:
    talk = Talk()
    first = talk.show(MUGS, TRAYS)
    assert talk.dialogue.answer("the left one") == Reply(ReplyKind.PICKED, "left", 1)
    second = talk.show(MUGS, TRAYS)
    assert talk.dialogue.answer("the right one") == Reply(
        ReplyKind.PICKED, "right", 2, of_destination=True
    )
    third = talk.show(MUGS, TRAYS)

    assert [turn.text for turn in (first, second, third)] == [
        "two mugs: left or right?",
        "two trays: left or right?",
        "",
    ]
    assert (target_ids(third), place_ids(third)) == ((1,), (2,))
    assert third.target.tracked.segmentation.status is Status.FOUND


def test_what_is_not_in_view_is_said_of_both() -> None:
    assert Talk().show((), ()).text == "no mug in view; no tray in view"
    assert Talk().show(MUGS[:1], ()).text == "no tray in view"
    assert Talk().show((), TRAYS[:1]).text == "no mug in view"
    assert Talk().show((), TRAYS).text == "two trays: left or right?"


def test_a_place_in_other_words_is_a_new_command() -> None:
    talk = Talk()
    talk.show(MUGS[:1], TRAYS)
    reply = talk.dialogue.answer("the one next to the bowl")
    assert (reply.kind, reply.text) == (
        ReplyKind.REWORDED,
        "put the mug on the tray next to the bowl, please",
    )
    assert not reply.is_answer


def test_of_a_place_named_twice_the_last_is_put_in_other_words() -> None:
    dialogue = CommandDialogue()
    found = CompoundAnswer(
        target=answer(MUGS[0], expression="put the tray on the tray"),
        destination=answer(*TRAYS, expression="the tray"),
    )
    dialogue.observe(found, picture(), 1.0)
    reply = dialogue.answer("the one next to the bowl")
    assert reply.text == "put the tray on the tray next to the bowl"


def test_another_request_is_a_new_query() -> None:
    talk = Talk()
    talk.show(MUGS[:1], TRAYS)
    assert talk.dialogue.answer("the blue jar") == Reply(ReplyKind.NEW_QUERY, "the blue jar")
    assert talk.dialogue.answer("cancel") == Reply(ReplyKind.CANCELLED, "", of_destination=True)


def test_without_a_question_an_answer_is_about_the_thing() -> None:
    talk = Talk()
    talk.show(MUGS[:1], TRAYS[:1])
    reply = talk.dialogue.answer("not that one")
    assert reply == Reply(ReplyKind.NARROWED, "no other mug in view")
    assert reply.is_answer


def test_a_click_picks_the_thing_or_the_place_that_it_hits() -> None:
    talk = Talk()
    talk.show(MUGS, TRAYS)
    assert talk.dialogue.click(160, 70) == Reply(ReplyKind.PICKED, "right", 2, of_destination=True)
    assert talk.dialogue.click(20, 20) == Reply(ReplyKind.PICKED, "left", 1)
    turn = talk.show(MUGS, TRAYS)
    assert (target_ids(turn), place_ids(turn)) == ((1,), (2,))


def test_a_click_where_both_are_is_about_what_is_asked() -> None:
    """A mug that stands on the tray: the tray's box holds it."""
    talk = Talk()
    mug, tray = (110, 70, 120, 80), TRAYS[0]
    talk.show((mug, MUGS[0]), (tray,))
    assert not talk.dialogue.click(115, 75).of_destination
    talk.show((mug, MUGS[0]), TRAYS)
    assert talk.dialogue.click(115, 75).of_destination


def test_a_click_on_nothing_is_answered_about_what_is_asked() -> None:
    talk = Talk()
    talk.show(MUGS[:1], TRAYS)
    assert talk.dialogue.click(199, 5) == Reply(
        ReplyKind.UNCLEAR,
        "nothing that fits is at (199, 5): two trays: left or right?",
        of_destination=True,
    )


def test_a_reset_dialogue_knows_nothing() -> None:
    talk = Talk()
    talk.show(MUGS, TRAYS)
    talk.dialogue.reset()
    assert not talk.dialogue.is_asking
    turn = talk.show(MUGS, TRAYS)
    assert (target_ids(turn), place_ids(turn)) == ((3, 4), (3, 4))
