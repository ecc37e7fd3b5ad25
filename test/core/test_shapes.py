import time

import numpy as np
import pytest

from textseg_core.expressions.names import HYPERNYMS
from textseg_core.scenes import shapes
from textseg_core.training.vocabulary import COLORS

CATEGORIES = [kind.category for kind in shapes.catalogue()]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_there_are_sixty_four_profiles_of_each_category() -> None:
    ids = shapes.profile_ids()

    assert len(CATEGORIES) >= 35
    assert len(set(ids)) == len(ids) == 64 * len(CATEGORIES)
    assert {"mug-000", "mug-063", "cereal box-007"} <= set(ids)


def test_geometry_follows_from_the_id_alone() -> None:
    first = shapes.build_shape("mug-003", generator(1))
    second = shapes.build_shape("mug-003", generator(2))
    other = shapes.build_shape("mug-004", generator(1))

    np.testing.assert_array_equal(first.vertices, second.vertices)
    np.testing.assert_array_equal(first.uv, second.uv)
    assert first.solids == second.solids
    assert first.size_m != other.size_m


def test_geometry_does_not_change_between_versions() -> None:
    mug = shapes.build_shape("mug-000", generator())

    assert mug.size_m == pytest.approx((0.1499, 0.0957, 0.1048), abs=5e-4)


def test_texture_follows_from_the_generator_alone() -> None:
    first = shapes.build_shape("jar-010", generator(5))
    again = shapes.build_shape("jar-010", generator(5))
    other = shapes.build_shape("jar-010", generator(6))

    np.testing.assert_array_equal(first.texture, again.texture)
    assert first.colors == again.colors
    assert (first.texture != other.texture).any()


@pytest.mark.parametrize("category", CATEGORIES)
def test_main_colour_is_one_that_was_allowed(category: str) -> None:
    for color in shapes.possible_colors(category):
        made = shapes.build_shape(f"{category}-021", generator(), colors={color})

        assert made.colors[0] == color
        assert len(set(made.colors)) == len(made.colors)
        assert set(made.colors) <= set(COLORS)


def test_a_colour_that_the_thing_never_has_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ValueError, match=r"lemon-001 cannot be blue: allow.*yellow"):
        shapes.build_shape("lemon-001", generator(), colors=["blue"])


@pytest.mark.parametrize("unknown", ["mug", "mug-64", "mug-064", "mug-0x1", "-001", "unicorn-001"])
def test_an_unknown_id_is_refused(unknown: str) -> None:
    with pytest.raises(ValueError, match=r"unknown shape|no made shape is called"):
        shapes.build_shape(unknown, generator())


def test_an_unknown_category_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'unicorn'; there are mug,"):
        shapes.possible_colors("unicorn")


def test_nouns_hold_every_name_that_a_thing_may_have() -> None:
    nouns = shapes.nouns()

    assert len(set(nouns)) == len(nouns)
    for category in CATEGORIES:
        for number in (0, 21, 42):
            made = shapes.build_shape(f"{category}-{number:03d}", generator())
            assert {*made.names, *made.hypernyms} <= set(nouns)


def test_category_comes_first_among_the_names() -> None:
    made = shapes.build_shape("cell phone-000", generator())

    assert made.names[0] == "cell phone"
    assert "phone" in made.names


def test_hypernyms_agree_with_those_of_photographs() -> None:
    for kind in shapes.catalogue():
        assert set(HYPERNYMS.get(kind.category, ())) <= set(kind.hypernyms), kind.category


def test_metal_is_said_only_of_bare_or_silver_things() -> None:
    made = shapes.build_shape("fork-002", generator(), colors={"silver"})
    plastic = shapes.build_shape("fork-002", generator(), colors={"red"})

    assert made.material == "metal"
    assert made.gloss > 0.6
    assert plastic.material == ""


def test_a_shape_is_built_in_milliseconds() -> None:
    ids = [f"{category}-000" for category in CATEGORIES]
    for object_id in ids:
        shapes.build_shape(object_id, generator())

    times = []
    for object_id in ids:
        start = time.perf_counter()
        shapes.build_shape(object_id, generator())
        times.append(time.perf_counter() - start)

    assert np.median(times) < 0.05
