import pytest

from textseg_core.language.number import head_noun, plural_of, singular_of


@pytest.mark.parametrize(
    ("expression", "noun"),
    [
        ("the red mug on the plate", "mug"),
        ("man in blue shirt right", "man"),
        ("trees far left", "trees"),
        ("two of the green apples", "apples"),
        ("not the left hand", "hand"),
        ("Bottom left, a wine glass", "glass"),
        ("people walking past", "people"),
        ("the left", None),
        ("", None),
    ],
)
def test_head_noun_is_what_the_expression_is_about(expression: str, noun: str | None) -> None:
    assert head_noun(expression) == noun


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("mugs", "mug"), ("knives", "knife"), ("people", "person"), ("cherries", "cherry"),
        ("policemen", "policeman"), ("boxes", "box"), ("brushes", "brush"),
        ("potatoes", "potato"), ("glasses", "glass"), ("grandchildren", "grandchild"),
    ],
)  # fmt: skip
def test_singular_and_plural_lead_to_each_other(plural: str, singular: str) -> None:
    assert singular in singular_of(plural)
    assert plural in plural_of(singular)


@pytest.mark.parametrize("noun", ["scissors", "glass", "bus", "cactus", "lens", "specimen", "as"])
def test_a_noun_that_is_no_plural_has_no_singular(noun: str) -> None:
    assert singular_of(noun) == ()
