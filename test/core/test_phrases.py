from textseg_core.expressions.phrases import (
    CORNERS,
    ENDS,
    LARGE,
    LINKABLE,
    PLACES,
    SMALL,
    SUPERLATIVES,
    TABLE_LINKS,
    ZONES,
    template_words,
    words_of,
)
from textseg_core.expressions.relations import RELATIONS


def test_no_words_mean_two_places_or_two_sizes() -> None:
    places = [words for after, before in PLACES.values() for words in {*after, *before}]
    zones = [words for table in ZONES.values() for words in table]
    superlatives = [words for table in SUPERLATIVES.values() for words in table]

    assert len(places) == len(set(places))
    assert len(zones) == len(set(zones))
    assert len(superlatives) == len(set(superlatives))
    assert not set(LARGE) & set(SMALL)


def test_words_of_a_part_of_the_view_mean_no_other_direction() -> None:
    for key, table in ZONES.items():
        for other, (after, _) in PLACES.items():
            assert other == key or not set(table) & set(after)


def test_a_corner_names_its_two_sides() -> None:
    for (vertical, side), table in CORNERS.items():
        assert all(side in words.split() for words in table)
        first = {"top": {"top", "upper"}, "bottom": {"bottom", "lower"}}[vertical]
        assert all(first & set(words.split()) for words in table)


def test_template_words_are_single_words_each_once() -> None:
    words = template_words()

    assert len(words) == len(set(words))
    assert words == tuple(sorted(words))
    assert all(word == word.strip().lower() and " " not in word for word in words)


def test_template_words_hold_those_of_every_table() -> None:
    words = set(template_words())

    for table in (*PLACES.values(),):
        assert words_of(table[0]) | words_of(table[1]) <= words
    for phrases in (*ZONES.values(), *CORNERS.values(), *ENDS.values(), *SUPERLATIVES.values()):
        assert words_of(phrases) <= words
    assert words_of(TABLE_LINKS) <= words
    assert {"second", "2nd", "wooden", "between", "except", "isn't", "both"} <= words


def test_every_relation_takes_a_link() -> None:
    assert {words.split()[0] for table in RELATIONS.values() for words in table} - {
        "higher",
    } <= LINKABLE
