import pytest

from textseg_core.expressions.confusable import CONFUSABLE, GENERAL, confusable
from textseg_core.expressions.names import HYPERNYMS, MASS, SYNONYMS, plural


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("cup", "cups"),
        ("apple", "apples"),
        ("knife", "knives"),
        ("person", "people"),
        ("child", "children"),
        ("woman", "women"),
        ("sheep", "sheep"),
        ("scissors", "scissors"),
        ("computer mouse", "computer mice"),
        ("wine glass", "wine glasses"),
        ("bus", "buses"),
        ("box", "boxes"),
        ("bench", "benches"),
        ("toothbrush", "toothbrushes"),
        ("tomato", "tomatoes"),
        ("strawberry", "strawberries"),
        ("toy", "toys"),
        ("loaf of bread", "loaves of bread"),
        ("glass of water", "glasses of water"),
        ("cutlery", "cutlery"),
        ("shelf", "shelves"),
        ("leaf", "leaves"),
        ("giraffe", "giraffes"),
        ("sausage in a bun", "sausages in a bun"),
        ("keyboard", "keyboards"),
        ("mango", "mangoes"),
    ],
)
def test_plural(noun: str, expected: str) -> None:
    assert plural(noun) == expected


def test_names_of_one_group_may_be_mistaken_for_one_another() -> None:
    assert confusable("mug", frozenset({"dog", "cup"}))
    assert confusable("sports ball", frozenset({"orange"}))


def test_names_of_different_groups_may_not() -> None:
    assert not confusable("mug", frozenset({"dog", "car"}))
    assert not confusable("mug", frozenset())
    assert not confusable("zebra", frozenset({"zebra crossing"}))


def test_no_synonym_names_two_categories_unless_both_are_confusable() -> None:
    owners: dict[str, set[str]] = {}
    for category, others in SYNONYMS.items():
        for noun in (category, *others):
            owners.setdefault(noun, set()).add(category)

    shared = {noun: found for noun, found in owners.items() if len(found) > 1}

    assert shared == {}


def test_tables_hold_lower_case_words_without_stray_spaces() -> None:
    nouns = [n for table in (SYNONYMS, HYPERNYMS) for k, v in table.items() for n in (k, *v)]
    nouns += [noun for group in (*CONFUSABLE, GENERAL, MASS) for noun in group]

    assert [noun for noun in nouns if noun != " ".join(noun.lower().split())] == []
