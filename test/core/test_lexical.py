from pathlib import Path

import numpy as np
import pytest

from textseg_core.arrays import Float32Array
from textseg_core.training.lexical import classes_of, label_nouns, lexical_vectors, read_labels


def labels_with(names: dict[int, str]) -> list[list[str]]:
    """1000 labels without meaning but for those given."""
    return [names.get(index, f"class number {index}").split(", ") for index in range(1000)]


def test_labels_are_split_at_commas(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("tench, Tinca tinca\n" + "mug\n" * 998 + "\ncup\n", encoding="utf-8")

    labels = read_labels(path)

    assert labels[0] == ["tench", "Tinca tinca"]
    assert labels[999] == ["cup"]


def test_a_list_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("mug\n" * 999, encoding="utf-8")

    with pytest.raises(ValueError, match=r"labels\.txt: expected 1000 lines .* got 999"):
        read_labels(path)


def test_everyday_nouns_are_kept_and_species_and_long_names_are_not() -> None:
    labels = [
        ["tabby", "tabby cat"],
        ["cougar", "puma", "Felis concolor"],
        ["French loaf"],  # an everyday name may begin with a capital
        ["T-shirt", "ox"],
        ["pot for a plant"],
        ["mug", "tabby"],
    ]

    assert label_nouns(labels)[:7] == [
        "tabby",
        "tabby cat",
        "cougar",
        "puma",
        "french loaf",
        "t shirt",
        "mug",
    ]


def test_nouns_that_look_like_labels_are_known_where_the_labels_are() -> None:
    nouns = label_nouns(labels_with({657: "missile"}))

    assert "rocket" in nouns  # looks like a missile
    assert "dog" in nouns  # a range of classes
    assert "tower" not in nouns  # no label here shows one


def test_a_noun_names_the_classes_of_its_own_label() -> None:
    labels = labels_with({3: "banana", 8: "plantain, Banana", 9: "banana split"})

    assert classes_of("banana", labels) == [3, 8]


def test_hyphens_count_as_spaces() -> None:
    assert classes_of("t shirt", labels_with({7: "T-shirt"})) == [7]


def test_a_noun_of_other_looks_names_those_classes_alone() -> None:
    labels = labels_with({504: "coffee mug", 20: "mug"})

    assert classes_of("mug", labels) == [504]


def test_a_kind_names_a_range_of_classes_ends_included() -> None:
    assert classes_of("cat", labels_with({})) == [281, 282, 283, 284, 285]
    assert len(classes_of("bird", labels_with({}))) == 18 + 21 + 20


def test_an_unknown_noun_names_no_class() -> None:
    assert classes_of("somebody", labels_with({})) == []


@pytest.fixture(scope="module")
def classifier() -> Float32Array:
    """(1000, 12) with a mean that is not zero."""
    rng = np.random.default_rng(0)
    weights: Float32Array = (rng.normal(size=(1000, 12)) + 3).astype(np.float32)
    return weights


def test_at_full_width_vectors_times_projection_give_back_the_centred_classifier(
    classifier: Float32Array,
) -> None:
    words = ["banana", "lemon", "orange"]
    labels = labels_with({10: "banana", 11: "lemon", 12: "orange"})
    centred = classifier[[10, 11, 12]] - classifier.mean(axis=0)

    vectors, projection = lexical_vectors(words, labels, classifier, 12)

    # Up to each row's length: word vectors have length one.
    again = vectors @ projection
    again *= (np.linalg.norm(centred, axis=1) / np.linalg.norm(again, axis=1))[:, None]
    np.testing.assert_allclose(again, centred, atol=1e-4)


def test_a_class_s_own_features_come_out_nearest_to_its_noun(classifier: Float32Array) -> None:
    words = [f"class number {index}" for index in range(0, 1000, 50)]
    features = (classifier - classifier.mean(axis=0))[::50]

    vectors, projection = lexical_vectors(words, labels_with({}), classifier, 8)
    seen = features @ projection.T

    assert ((seen @ vectors.T).argmax(axis=1) == np.arange(20)).mean() >= 0.9


def test_vectors_have_length_one_or_zero(classifier: Float32Array) -> None:
    vectors, projection = lexical_vectors(["cat", "somebody"], labels_with({}), classifier, 5)

    assert vectors.shape == (2, 5)
    assert projection.shape == (5, 12)
    assert vectors.dtype == projection.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([1, 0])


def test_a_noun_of_two_classes_lies_between_them(classifier: Float32Array) -> None:
    labels = labels_with({10: "banana", 11: "lemon", 12: "banana"})

    both, one, other = lexical_vectors(
        ["banana", "class number 20", "lemon"], labels, classifier, 12
    )[0]
    first, second = (
        lexical_vectors(["fig"], labels_with({index: "fig"}), classifier, 12)[0][0]
        for index in (10, 12)
    )

    assert both @ first > 0.4
    assert both @ second > 0.4
    assert abs(one @ other) < 0.9
