from collections import Counter

import numpy as np

from textseg_core.expressions.phrases import LARGE, PLACES, SMALL, pick


def test_pick_draws_every_option_about_equally_often() -> None:
    rng = np.random.default_rng(0)

    counts = Counter(pick(rng, ("a", "b", "c")) for _ in range(3000))

    assert set(counts) == {"a", "b", "c"}
    assert min(counts.values()) > 900


def test_pick_is_the_same_for_the_same_seed() -> None:
    first, second = (np.random.default_rng(3) for _ in range(2))

    assert [pick(first, "abcdef") for _ in range(20)] == [
        pick(second, "abcdef") for _ in range(20)
    ]


def test_no_words_mean_two_places_or_two_sizes() -> None:
    places = [words for after, before in PLACES.values() for words in {*after, *before}]

    assert len(places) == len(set(places))
    assert not set(LARGE) & set(SMALL)
