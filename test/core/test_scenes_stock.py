from pathlib import Path

import numpy as np
import pytest
from test_scenes_packs import ENTRY, write_pack

from textseg_core.scenes.arrange import arrange
from textseg_core.scenes.footprint import overlaps
from textseg_core.scenes.packs import PackItem, load_pack
from textseg_core.scenes.split import is_held_out_composition, is_held_out_object
from textseg_core.scenes.stock import Stock, allowed_colors, belongs

COLORS = ("red", "green", "blue", "white", "black", "yellow")


@pytest.fixture
def items(tmp_path: Path) -> list[PackItem]:
    """Sixty small blocks, six colours each of ten categories."""
    entries = [
        {**ENTRY, "id": f"{name}_{color}", "category": f"block {name}", "colors": [color]}
        for name in range(10)
        for color in COLORS
    ]
    return load_pack(write_pack(tmp_path / "pack", *entries))


def test_each_object_belongs_to_training_or_to_the_test(items: list[PackItem]) -> None:
    for item in items:
        held_out = is_held_out_object(item.object_id)
        assert belongs(item.object_id, "test") is held_out
        assert belongs(item.object_id, "train") is not held_out
        assert belongs(item.object_id, "all")


def test_a_stock_draws_only_objects_of_its_split(items: list[PackItem]) -> None:
    rng = np.random.default_rng(0)
    for split, held_out in (("train", False), ("test", True)):
        stock = Stock(items, split, shapes=True)  # type: ignore[arg-type]
        drawn = [stock.draw(rng) for _ in range(15)]
        assert {is_held_out_object(model.object_id) for model in drawn} == {held_out}


def test_shapes_are_the_larger_part(items: list[PackItem]) -> None:
    stock, rng = Stock(items, "all", shapes=True), np.random.default_rng(1)

    made = sum(not stock.draw(rng).names[0].startswith("block") for _ in range(60))

    assert 30 < made < 54  # 0.7 of 60, within three standard deviations


def test_training_shows_no_shape_in_a_held_out_colour() -> None:
    stock, rng = Stock([], "train", shapes=True), np.random.default_rng(2)

    for model in (stock.draw(rng) for _ in range(30)):
        assert not is_held_out_composition(model.colors[0], model.names[0])


def test_only_training_keeps_from_held_out_colours() -> None:
    category = next(n for n in map(str, range(99)) if is_held_out_composition("red", n))

    assert "red" not in allowed_colors(category, COLORS, "train")
    assert allowed_colors(category, COLORS, "test") == set(COLORS)


def test_preferred_colours_are_drawn_and_avoided_ones_are_not(items: list[PackItem]) -> None:
    stock, rng = Stock(items, "all", shapes=False), np.random.default_rng(3)

    for _ in range(20):
        assert stock.draw(rng, "block 3", prefer=["blue"]).colors == ("blue",)
        assert stock.draw(rng, "block 3", avoid=COLORS[:5]).colors == ("yellow",)
        assert stock.draw(rng, "block 3", prefer=["mauve"]).colors[0] in COLORS


def test_a_group_has_one_category_with_like_and_with_other_colours(items: list[PackItem]) -> None:
    stock, rng = Stock(items, "all", shapes=False), np.random.default_rng(4)
    counts = {1: 0, 2: 0, 3: 0}
    for _ in range(100):
        group = stock.draw_group(rng, 3)
        assert len({model.names[0] for model in group}) == 1
        counts[len({model.colors[0] for model in group})] += 1

    assert counts[1] > 20
    assert counts[3] > 35


def test_nouns_are_those_of_all_splits(items: list[PackItem]) -> None:
    nouns = Stock(items, "test", shapes=False).nouns

    assert nouns == {f"block {name}" for name in range(10)} | {"brick", "block", "toy"}


def test_an_empty_stock_is_refused() -> None:
    with pytest.raises(ValueError, match="no object belongs to split 'train': give more packs"):
        Stock([], "train", shapes=False)


def test_arranged_things_stand_apart_and_several_share_a_category() -> None:
    stock = Stock([], "train", shapes=True)
    shared = 0
    for seed in range(5):
        arrangement = arrange(stock, np.random.default_rng(seed))
        placed = arrangement.placed
        assert 3 <= len(placed) <= 16
        names = [thing.model.names[0] for thing in placed]
        shared += len(set(names)) < len(names)
        standing = [thing for thing in placed if thing.z == 0.01]
        for index, thing in enumerate(standing):
            assert not any(overlaps(thing, other) for other in standing[:index])
            assert np.hypot(thing.x, thing.y) < 0.43
    assert shared >= 4


def test_the_same_generator_gives_the_same_arrangement() -> None:
    stock = Stock([], "train", shapes=True)

    first, second = (arrange(stock, np.random.default_rng(7)) for _ in range(2))

    assert [(t.model.object_id, t.x, t.y, t.yaw_rad) for t in first.placed] == [
        (t.model.object_id, t.x, t.y, t.yaw_rad) for t in second.placed
    ]


def test_a_pack_of_nothing_but_big_things_is_arranged_too(tmp_path: Path) -> None:
    entry = {**ENTRY, "size_m": [0.6, 0.5, 0.2]}
    stock = Stock(load_pack(write_pack(tmp_path / "pack", entry)), "all", shapes=False)

    assert arrange(stock, np.random.default_rng(0)).placed
