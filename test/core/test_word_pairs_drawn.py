import numpy as np
from drawn import scene, stands

from textseg_core.expressions.pairs import word_pairs
from textseg_core.scenes.scene import Scene
from textseg_core.scenes.split import is_held_out_composition


def table() -> Scene:
    return scene(
        stands("mug", -0.4, 0.0, colors=("red",)),
        stands("mug", 0.4, 0.0, colors=("blue",), side=0.2, height=0.2),
        stands("bowl", -0.26, 0.0, colors=("white",)),
        stands("box", 0.23, 0.0, colors=("green",)),
    )


def test_the_two_differ_in_one_word_and_mean_one_thing_each() -> None:
    pairs = [
        pair
        for seed in range(8)
        for pair in word_pairs(table(), np.random.default_rng(seed), compositions="all")
    ]

    assert pairs
    for first, second in pairs:
        one, other = first.expression.split(), second.expression.split()
        assert len(one) == len(other)
        assert sum(a != b for a, b in zip(one, other, strict=True)) == 1
        assert len(first.targets) == len(second.targets) == 1
        assert first.targets != second.targets
        assert first.kind == second.kind


def test_two_ways_to_name_one_thing_are_no_pair() -> None:
    # The second mug is the one nearest to the bowl and the one nearest to the box.
    drawn = scene(
        stands("mug", -0.4, 0.0), stands("mug", 0.2, 0.0), stands("bowl", 0.4, 0.1),
        stands("box", 0.4, -0.2),
    )  # fmt: skip

    pairs = word_pairs(drawn, np.random.default_rng(0), compositions="all")

    assert all(first.targets != second.targets for first, second in pairs)
    assert not any("mug nearest to" in first.expression for first, _ in pairs)


def test_opposites_colours_and_anchors_are_paired() -> None:
    pairs = [
        {first.expression, second.expression}
        for seed in range(6)
        for first, second in word_pairs(table(), np.random.default_rng(seed), compositions="all")
    ]

    assert {"the left mug", "the right mug"} in pairs
    assert {"the red mug", "the blue mug"} in pairs
    assert {"the largest mug", "the smallest mug"} in pairs
    assert {"the mug next to the bowl", "the mug next to the box"} in pairs


def test_no_expression_is_in_two_pairs() -> None:
    pairs = word_pairs(table(), np.random.default_rng(1), compositions="all")

    said = [query.expression for pair in pairs for query in pair]
    assert len(said) == len(set(said))


def test_at_most_one_pair_is_of_two_nouns_alone() -> None:
    drawn = scene(
        *(stands(noun, x / 10, 0.0) for x, noun in enumerate(("can", "cup", "jar", "pan")))
    )

    pairs = word_pairs(drawn, np.random.default_rng(0), compositions="all")

    assert [first.kind for first, _ in pairs].count("category") == 1


def test_the_same_seed_gives_the_same_pairs() -> None:
    first, second = (word_pairs(table(), np.random.default_rng(2)) for _ in range(2))

    assert first == second


def test_training_pairs_say_nothing_that_is_held_out() -> None:
    for pair in word_pairs(table(), np.random.default_rng(3)):
        for query in pair:
            assert not any(is_held_out_composition(*one) for one in query.compositions)


def test_a_scene_of_one_thing_has_no_pairs() -> None:
    assert word_pairs(scene(stands("mug", 0.0, 0.0)), np.random.default_rng(0)) == []
