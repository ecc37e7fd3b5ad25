import random
import re
import time
from collections import Counter

import pytest

from textseg_core.command import Command, parse_command

VOCABULARY = """
pick up put hand the a red mug plate on in next to left right of and then not don't please could
you me it both all two cups box can place set drop give bring into where is robot hey thanks
, . ! 'jar' "lid" T-shirt man's 红色 كوب 🍎 2 0.5 LEFT-MOST that was i want here there passing
mind would over at back down away him one's snake_case naïve
"""
WORDS = VOCABULARY.split()


def words_of(text: str) -> Counter[str]:
    """Words counted as a reader would: no punctuation, no case."""
    return Counter(re.findall(r"[^\W_]+|[^\w\s,.!?;:'\"()/&\-]", text.lower()))


def parts_of(command: Command) -> Counter[str]:
    parts = (
        command.action,
        command.expression,
        command.destination_relation,
        command.destination,
        *command.ignored,
    )
    return sum((words_of(part) for part in parts if part), Counter())


@pytest.mark.parametrize(
    ("text", "action", "expression"),
    [
        ("pick up the jar next to the apples", "pick up", "the jar next to the apples"),
        ("grab the can on the left", "grab", "the can on the left"),
        ("find the cup behind the box", "find", "the cup behind the box"),
        ("point at the mug on the plate", "point at", "the mug on the plate"),
        ("segment the spoon in the bowl", "segment", "the spoon in the bowl"),
        ("hand me the knife to the left of the fork", "hand", "the knife to the left of the fork"),
        ("bring me the cup on the table", "bring", "the cup on the table"),
        ("push the red button on the wall", "push", "the red button on the wall"),
    ],
)
def test_verbs_without_a_destination_leave_the_relation_to_the_target(
    text: str, action: str, expression: str
) -> None:
    command = parse_command(text)

    assert (command.action, command.expression) == (action, expression)
    assert (command.destination, command.destination_relation) == (None, None)


@pytest.mark.parametrize(
    ("text", "expression", "relation", "destination"),
    [
        ("put the red mug on the plate", "the red mug", "on", "the plate"),
        (
            "put the red mug on the left on the plate",
            "the red mug on the left",
            "on",
            "the plate",
        ),
        (
            "put the apple next to the bowl into the box",
            "the apple next to the bowl",
            "into",
            "the box",
        ),
        ("drop the pen into the cup on the desk", "the pen", "into", "the cup on the desk"),
        ("put the cup by the bowl in the sink", "the cup by the bowl", "in", "the sink"),
        ("put the mug on the shelf on the left", "the mug", "on", "the shelf on the left"),
        (
            "put the mug that is on the table in the sink",
            "the mug that is on the table",
            "in",
            "the sink",
        ),
        ("put the mug on the left", "the mug", "on", "the left"),
        ("move the cup to the left of the jar", "the cup", "to the left of", "the jar"),
        ("move the cup on the tray to the left", "the cup on the tray", "to", "the left"),
        (
            "place the fork between the plate and the cup",
            "the fork",
            "between",
            "the plate and the cup",
        ),
        (
            "bring the red cup on the table to the sink",
            "the red cup on the table",
            "to",
            "the sink",
        ),
        ("give the mug to the man on the left", "the mug", "to", "the man on the left"),
        ("give the man on the left the mug", "the mug", None, "the man on the left"),
        ("put on the plate the red mug", "the red mug", "on", "the plate"),
        ("in the box, put the mug", "the mug", "in", "the box"),
        ("put the mug over there", "the mug", None, "over there"),
        ("slide the mug over here", "the mug", None, "over here"),
        ("push the red mug over there", "the red mug", None, "over there"),
        ("give the mug to the man over there", "the mug", "to", "the man over there"),
        ("place apple in bowl", "apple", "in", "bowl"),
        ("put these on the shelf", "these", "on", "the shelf"),
    ],
)  # fmt: skip
def test_verbs_of_placing_take_the_last_plausible_relation_as_destination(
    text: str, expression: str, relation: str | None, destination: str
) -> None:
    command = parse_command(text)

    assert command.expression == expression
    assert (command.destination_relation, command.destination) == (relation, destination)


@pytest.mark.parametrize(
    ("text", "action", "expression"),
    [
        ("pick the red mug up", "pick up", "the red mug"),
        ("pick the mug up from the table", "pick up", "the mug from the table"),
        ("pick the cup facing up", "pick", "the cup facing up"),
        ("turn the lamp on the left on", "turn on", "the lamp on the left"),
        ("put the mug down", "put down", "the mug"),
        ("pick-up the mug", "pick up", "the mug"),
        ("would you mind passing me the salt", "pass", "the salt"),
        ("pick and place the cube", "pick and place", "the cube"),
    ],
)
def test_action_is_the_base_form_with_its_particle(
    text: str, action: str, expression: str
) -> None:
    command = parse_command(text)

    assert (command.action, command.expression) == (action, expression)


@pytest.mark.parametrize(
    ("text", "action", "expression", "ignored"),
    [
        (
            "could you please hand me the jar",
            "hand",
            "the jar",
            ("could", "you", "please", "me"),
        ),
        ("hey robot, grab the can", "grab", "the can", ("hey", "robot")),
        ("Robot, grab the can", "grab", "the can", ("Robot",)),
        ("hey Franka, take the mug", "take", "the mug", ("hey", "Franka")),
        ("I want the mug", "want", "the mug", ("I",)),
        ("can I have the mug", "have", "the mug", ("can", "I")),
        ("where is the mug?", "where is", "the mug", ()),
        ("where's the mug?", "where is", "the mug", ("where's",)),
        ("show me where the mug is", "show", "the mug", ("me", "where", "is")),
        ("give me the red mug please", "give", "the red mug", ("me", "please")),
        ("pick up the mug for me right now", "pick up", "the mug", ("for", "me", "right", "now")),
        ("no, the blue one", None, "the blue one", ("no",)),
        ("the blue one, thank you", None, "the blue one", ("thank", "you")),
        (
            "Hello robot. Pick up the mug. Thanks!",
            "pick up",
            "the mug",
            ("Hello", "robot", "Thanks"),
        ),
    ],
)
def test_politeness_is_set_aside_and_reported(
    text: str, action: str | None, expression: str, ignored: tuple[str, ...]
) -> None:
    command = parse_command(text)

    assert (command.action, command.expression) == (action, expression)
    assert command.ignored == ignored


@pytest.mark.parametrize(
    "text",
    [
        "hammer on the left", "can on the table", "drop of water", "watch on the wall", "hand",
        "hand on the left", "hand that is touching the cup", "place mat", "place mat on the table",
        "set of knives", "set of two cups", "point", "box", "box on the left", "open book",
        "pick up truck on the left", "robot arm on the left", "drop cloth on the floor",
        "man in blue shirt right", "not the blue one", "the mug that is not red", "right hand",
        "the thing that you put the mug on", "first mug from the left", "stop", "it",
    ],
)  # fmt: skip
def test_nouns_that_are_also_verbs_and_bare_phrases_are_no_commands(text: str) -> None:
    command = parse_command(text)

    assert command.action is None
    assert command.expression == text
    assert command.ignored == ()


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("watch the box", "watch"),
        ("hand that glass to me", "hand"),
        ("point to the left mug", "point to"),
        ("place two mugs on the tray", "place"),
        ("could you pass hammer", "pass"),
        ("pick up the truck", "pick up"),
        ("grab red mug", "grab"),
        ("open the box", "open"),
    ],
)
def test_an_object_makes_such_a_noun_a_verb(text: str, action: str) -> None:
    assert parse_command(text).action == action


@pytest.mark.parametrize(
    ("text", "action", "expression", "destination"),
    [
        ("pick up the mug and put it on the tray", "pick up and put", "the mug", "the tray"),
        ("Pick up the mug. Put it on the tray.", "pick up and put", "the mug", "the tray"),
        ("take the mug and give it to me", "take and give", "the mug", None),
        ("the mug on the left, pick it up", "pick up", "the mug on the left", None),
        ("go to the table and pick up the mug", "pick up", "the mug", None),
        ("pick up the mug and then wave", "pick up", "the mug", None),
        ("pick up the mug and wipe the table", "pick up", "the mug", None),
        ("Pick up the mug. The red one. Hurry!", "pick up", "the mug. The red one", None),
    ],
)
def test_further_sentences_join_only_where_they_are_about_the_same_thing(
    text: str, action: str, expression: str, destination: str | None
) -> None:
    command = parse_command(text)

    assert (command.action, command.expression) == (action, expression)
    assert command.destination == destination


@pytest.mark.parametrize(
    ("text", "action", "expression"),
    [
        ("don't touch the vase", "do not touch", "the vase"),
        ("please do not pick up the red mug", "do not pick up", "the red mug"),
        ("don't take the red mug, take the blue one", "take", "the blue one"),
        ("the sky, don't click the birds", None, "the sky"),
    ],
)
def test_a_forbidden_action_is_never_reported_as_asked_for(
    text: str, action: str | None, expression: str
) -> None:
    command = parse_command(text)

    assert (command.action, command.expression) == (action, expression)


@pytest.mark.parametrize(
    ("text", "plural"),
    [
        ("both cans", True), ("the apples", True), ("all cups", True), ("two mugs", True),
        ("2 mugs", True), ("every cup", True), ("the knives", True), ("people left", True),
        ("the black and white cups", True), ("the mug and the bowl", True),
        ("two of the apples", True), ("a couple of mugs", True), ("those", True),
        ("trees far left", True), ("that cup and that bowl", True), ("at least two cups", True),
        ("the cup on the left and the bowl on the right", True), ("children playing", True),
        ("pick up both of them", True), ("bottom left, two trees", True),
        ("the glass", False), ("the scissors", False), ("the third of the mugs", False),
        ("one of the cups", False), ("any of the cups", False), ("the bus", False),
        ("the black and white cat", False), ("the cup next to the apples", False),
        ("a pair of socks", False), ("the box of screws", False), ("two story building", False),
        ("cup 2", False), ("1 mug", False), ("the mug on the left and right", False),
        ("the boy's toy", False), ("hand all the way left", False), ("sky no clouds", False),
        ("that mug", False), ("the left", False), ("", False), ("🍎", False), ("kids", True),
        ("the mug or the cup", False), ("the specimen", False), ("policemen", True),
    ],
)  # fmt: skip
def test_plural_is_whether_several_things_are_asked_for(text: str, plural: bool) -> None:
    assert parse_command(text).plural is plural


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("PICK UP THE RED MUG!!!", "THE RED MUG"),
        ("\"Pick up the 'red' mug.\"", "the 'red' mug"),
        ('pick up the mug with the text "Best Dad"', 'the mug with the text "Best Dad"'),
        ("pick up the mug (the red one)", "the mug (the red one)"),
        ("pick up ... the T-shirt", "the T-shirt"),
        ("pick up the man’s 2 left-most cups", "the man’s 2 left-most cups"),
        ("  pick \t up\nthe mug", "the mug"),
        ("请拿起红色的杯子", "请拿起红色的杯子"),
        ("ارفع الكوب", "ارفع الكوب"),
        ("लाल कप", "लाल कप"),
        ("pick up the 👩‍🚀", "the 👩‍🚀"),
        ("\ud800", "\ud800"),
        ("", ""),
        (" \t\n", ""),
        ("?!", ""),
        ("please", ""),
    ],
)
def test_expression_is_as_typed_in_any_case_and_script(text: str, expression: str) -> None:
    assert parse_command(text).expression == expression
    assert parse_command(text).text == text


def test_a_long_command_is_read_to_its_end() -> None:
    target = "the small dented red can with the torn label that stands behind the two green " * 3

    command = parse_command(f"could you please pick up {target}jars on the left, thank you")

    assert command.action == "pick up"
    assert command.expression == f"{target}jars on the left"
    assert len(command.expression.split()) > 40


@pytest.mark.parametrize("seed", range(8))
def test_every_word_is_found_again_in_some_part_and_none_is_added(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(500):
        text = " ".join(chance.choices(WORDS, k=chance.randint(0, 14)))
        command = parse_command(text)
        lost = words_of(text) - parts_of(command)
        assert not lost, (text, command)
        named = words_of(command.expression) + words_of(command.destination or "")
        assert not named - words_of(text), (text, command)


@pytest.mark.parametrize(
    "repeated",
    ["and ", "pick and ", "pick up the mug and ", "don't ", "could you ", "now ", "on the left ",
     "put the mug on ", "the mug, ", "hey. ", "a", "'", "🍎 ", "the mug. ", "to "],
)  # fmt: skip
def test_a_query_of_the_greatest_length_is_read_in_little_time(repeated: str) -> None:
    text = f"grab it {repeated * (4096 // len(repeated))}"

    start_s = time.process_time()
    command = parse_command(text)

    assert time.process_time() - start_s < 2.0
    assert command.action is not None


@pytest.mark.parametrize("text", [None, 3, b"the mug", ["the mug"]])
def test_what_is_not_text_is_refused_with_its_type(text: object) -> None:
    with pytest.raises(TypeError, match=type(text).__name__):
        parse_command(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["hand me the cup over there", "get the cup over there"])
def test_over_there_describes_what_is_to_be_brought_from_there(text: str) -> None:
    command = parse_command(text)

    assert command.expression == "the cup over there"
    assert command.destination is None
