import hashlib

import pytest

from textseg_core.scenes.split import admits, is_held_out_composition, is_held_out_object


def share(text: str) -> float:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def test_the_digest_of_the_id_decides_for_an_object() -> None:
    ids = [f"mug-{number:03d}" for number in range(64)]

    assert [is_held_out_object(i) for i in ids] == [share(f"object {i}") < 0.2 for i in ids]


def test_the_digest_of_both_words_decides_for_a_composition() -> None:
    pairs = [
        (w, c) for w in ("red", "left", "on", "second") for c in ("mug", "can", "box", "apple")
    ]

    assert [is_held_out_composition(*pair) for pair in pairs] == [
        share(f"composition {word} {category}") < 0.15 for word, category in pairs
    ]


def test_about_a_fifth_of_objects_and_a_seventh_of_compositions_are_held_out() -> None:
    objects = sum(is_held_out_object(f"thing-{k}") for k in range(2000))
    compositions = sum(is_held_out_composition(str(k), "mug") for k in range(2000))

    assert 340 < objects < 460
    assert 250 < compositions < 350


# 2^32 times 0.15 is 644245094; the digests begin with these numbers.
HELD_OUT = next((w, "mug") for w in map(str, range(99)) if share(f"composition {w} mug") < 0.15)
KNOWN = next((w, "mug") for w in map(str, range(99)) if share(f"composition {w} mug") >= 0.15)


@pytest.mark.parametrize(
    ("pairs", "train", "test"),
    [
        ((), True, True),
        ((KNOWN,), True, False),
        ((HELD_OUT,), False, True),
        ((KNOWN, HELD_OUT), False, True),
    ],
)
def test_training_has_no_held_out_pair_and_tests_have_at_least_one(
    pairs: tuple[tuple[str, str], ...], train: bool, test: bool
) -> None:
    assert admits("train", pairs) is train
    assert admits("test", pairs) is test
    assert admits("all", pairs)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="'train', 'test' or 'all', got 'val'"):
        admits("val", ())  # type: ignore[arg-type]
