"""Phrases taken apart into category, attributes, predicate and supporting thing."""

import pytest

from textseg_core.language.word_roles import ROLES, RoleReader, read_roles, roles_of_parts


def said(phrase: str, roles: list[int]) -> dict[str, str]:
    """Words by role."""
    found: dict[str, list[str]] = {}
    for word, role in zip(phrase.split(), roles, strict=True):
        if role:
            found.setdefault(ROLES[role], []).append(word)
    return {role: " ".join(words) for role, words in found.items()}


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("mug", {"category": "mug"}),
        ("the red mug", {"attribute": "red", "category": "mug"}),
        ("small black wooden coffee table", {
            "attribute": "small black wooden", "category": "coffee table",
        }),
        ("the orange", {"category": "orange"}),
        ("the red one", {"attribute": "red"}),
        ("black dog on the green grass", {
            "attribute": "black", "category": "dog", "predicate": "on", "support": "grass",
        }),
        ("mug to the left of the bowl", {
            "category": "mug", "predicate": "to the left of", "support": "bowl",
        }),
        ("man wearing a blue shirt", {
            "category": "man", "predicate": "wearing", "support": "shirt",
        }),
        ("mug standing next to the box", {
            "category": "mug", "predicate": "standing next to", "support": "box",
        }),
        ("mug on the left", {"category": "mug"}),
        ("left mug", {"category": "mug"}),
        ("cup on the table next to the door", {
            "category": "cup", "predicate": "on", "support": "table",
        }),
    ],
)  # fmt: skip
def test_words_have_roles(phrase: str, expected: dict[str, str]) -> None:
    assert said(phrase, read_roles(phrase.split())) == expected


def test_the_parts_that_a_data_set_gives_decide() -> None:
    phrase = "walking dog on grass"
    parts = (("attribute", "walking"), ("category", "dog"), ("predicate", "on"))

    found = said(phrase, roles_of_parts(phrase.split(), (*parts, ("support", "grass"))))

    assert found == {
        "attribute": "walking",
        "category": "dog",
        "predicate": "on",
        "support": "grass",
    }
    assert said(phrase, roles_of_parts(phrase.split(), (("category", "cat"),))) == {}


def test_a_token_of_several_words_has_the_role_of_its_last() -> None:
    reader = RoleReader(["<pad>", "<go>", "<eos>", "<unk>", "red", "wine glass", "on"], 6)

    roles = reader.read("the red wine-glass on quux")

    assert [ROLES[role] for role in roles] == [
        *("nothing", "attribute", "category", "predicate", "support", "nothing"),
    ]
    assert len(reader.read("a b c d e f g h")) == 6
