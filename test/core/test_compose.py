import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn import Box, box_mask, flat_sprite, polygon, write_photos

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.datasets.photos import Photo, load_photos
from textseg_core.scenes.scene import Scene
from textseg_core.training.compose import (
    SceneBuilder,
    SceneSources,
    Sprite,
    change_light,
    cut_outs,
    draw_scene,
    load_sprites,
    load_surfaces,
    pasted_scene,
    photo_builder,
    photo_scene,
    table_names,
    table_scene,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
GREY = (128, 128, 128)


def grey(side: int = 100) -> UInt8Array:
    return np.full((side, side, 3), GREY, np.uint8)


def builder_with(box: Box) -> SceneBuilder:
    """A grey picture of side 100 that shows a cup at the box."""
    builder = SceneBuilder(grey())
    mask = box_mask(box, 100, 100)
    builder.add(flat_sprite("cup", RED), mask, int(mask.sum()), upright=False)
    return builder


def test_a_pasted_square_stands_on_its_base_and_shows_its_colour() -> None:
    builder = SceneBuilder(grey())

    builder.paste(flat_sprite("mug", GREEN), 50, 60, (20, 30))
    built = builder.build(frozenset({"dog"}))

    (mug,) = built.objects
    np.testing.assert_array_equal(mug.mask, box_mask((40, 30, 60, 60), 100, 100))
    assert (mug.names, mug.upright_base, mug.countable) == (("mug",), True, True)
    assert (built.image[31:59, 41:59] == GREEN).all()
    assert (built.image[~box_mask((39, 29, 61, 61), 100, 100)] == GREY).all()
    assert built.closed_names == {"dog"}
    assert built.hidden_names == frozenset()


def test_only_the_opaque_part_of_a_sprite_counts() -> None:
    sprite = flat_sprite("mug", GREEN)
    sprite.rgba[:, :20, 3] = 0  # the left half is clear
    builder = builder_with((40, 40, 60, 60))

    builder.paste(sprite, 50, 60, (20, 20))
    cup, mug = builder.build(frozenset()).objects

    np.testing.assert_array_equal(mug.mask, box_mask((50, 40, 60, 60), 100, 100))
    np.testing.assert_array_equal(cup.mask, box_mask((40, 40, 50, 60), 100, 100))


def test_what_is_pasted_over_something_takes_its_pixels() -> None:
    builder = builder_with((20, 20, 60, 60))

    builder.paste(flat_sprite("mug", GREEN), 50, 60, (20, 40))  # the right half of the cup
    built = builder.build(frozenset())

    cup, mug = built.objects
    np.testing.assert_array_equal(cup.mask, box_mask((20, 20, 40, 60), 100, 100))
    assert mug.area == 800
    assert cup.countable
    assert built.hidden_names == frozenset()


def test_what_is_mostly_covered_becomes_a_hidden_name() -> None:
    builder = builder_with((20, 20, 60, 60))

    builder.paste(flat_sprite("mug", GREEN), 44, 60, (32, 40))  # leaves 8 of 40 columns: 0.2
    built = builder.build(frozenset())

    cup, _ = built.objects
    assert cup.area == 320
    assert not cup.countable
    assert built.hidden_names == {"cup"}


def test_what_is_fully_covered_is_no_object_but_a_hidden_name() -> None:
    builder = builder_with((20, 20, 60, 60))

    builder.paste(flat_sprite("mug", GREEN), 40, 60, (40, 40))
    built = builder.build(frozenset())

    assert [item.names[0] for item in built.objects] == ["mug"]
    assert built.hidden_names == {"cup"}


@pytest.mark.parametrize(
    ("box", "objects", "countable"),
    [
        ((0, 0, 7, 7), 1, True),  # 49 px
        ((0, 0, 47, 1), 1, False),  # 47 px: too small to be asked for
        ((0, 0, 16, 1), 1, False),  # 16 px
        ((0, 0, 15, 1), 0, False),  # 15 px: too small to be an object
    ],
)
def test_small_things_are_hidden_names(box: Box, objects: int, countable: bool) -> None:
    built = builder_with(box).build(frozenset())

    assert len(built.objects) == objects
    assert [item.countable for item in built.objects] == [countable] * objects
    assert ("cup" in built.hidden_names) is not countable


def test_a_thing_pasted_half_outside_keeps_the_half_in_view() -> None:
    builder = SceneBuilder(grey())

    builder.paste(flat_sprite("mug", GREEN), 0, 60, (40, 40))
    (mug,) = builder.build(frozenset()).objects

    np.testing.assert_array_equal(mug.mask, box_mask((0, 20, 20, 60), 100, 100))
    assert mug.countable  # half of it is more than 0.3


def test_a_thing_pasted_mostly_outside_is_hidden() -> None:
    builder = SceneBuilder(grey())

    builder.paste(flat_sprite("mug", GREEN), -10, 60, (40, 40))  # 10 of 40 columns
    built = builder.build(frozenset())

    assert [item.countable for item in built.objects] == [False]
    assert built.hidden_names == {"mug"}


def test_a_thing_pasted_outside_leaves_the_picture_alone() -> None:
    builder = SceneBuilder(grey())

    builder.paste(flat_sprite("mug", GREEN), 300, 60, (40, 40))

    assert builder.build(frozenset()).objects == ()
    assert (builder.image == GREY).all()


def test_names_hidden_by_hand_stay_hidden() -> None:
    builder = SceneBuilder(grey())

    builder.hide(("cup", "mug"))

    assert builder.build(frozenset()).hidden_names == {"cup", "mug"}


def test_a_shadow_darkens_the_ground_below_and_nothing_far_away() -> None:
    builder = SceneBuilder(grey())

    builder.shade(50, 80, 30, 0.5)

    assert builder.image[77, 50].tolist() == pytest.approx([64] * 3, abs=6)
    assert (builder.image[:50] == GREY).all()


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """100 x 50, grey, with a red dog on the left, a blue cup and a crowd of people."""
    image = np.full((50, 100, 3), GREY, np.uint8)
    image[10:40, 10:40] = RED
    image[10:30, 60:80] = BLUE
    folder = write_photos(
        tmp_path / "photos",
        ["dog", "cup", "person"],
        (
            1,
            image,
            [
                ("dog", polygon((10, 10, 40, 40)), False),
                ("cup", polygon((60, 10, 80, 30)), False),
                ("person", polygon((85, 10, 95, 40)), True),
            ],
        ),
    )
    return load_photos(folder)[0]


def overlap(mask: BoolArray, other: BoolArray) -> float:
    return float((mask & other).sum() / (mask | other).sum())


def looks(image: UInt8Array, colour: tuple[int, int, int]) -> BoolArray:
    near: BoolArray = np.all(np.abs(image.astype(int) - colour) < 100, axis=2)
    return near


def test_a_whole_photograph_is_letterboxed() -> None:
    photo = Photo(1, np.full((50, 100, 3), GREY, np.uint8), ())

    built = photo_scene(photo, 64, frozenset(), np.random.default_rng(0), whole=True)

    assert built.image.shape == (64, 64, 3)
    lit: BoolArray = built.image.max(axis=2) > 0
    np.testing.assert_array_equal(np.flatnonzero(np.any(lit, axis=1))[[0, -1]], [16, 47])
    assert lit[17:47, 1:63].all()


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_masks_follow_a_photograph_through_crop_and_mirror(
    photo: Photo, whole: bool, seed: int
) -> None:
    built = photo_scene(photo, 96, frozenset({"dog"}), np.random.default_rng(seed), whole)

    for item in built.objects:
        colour = {"dog": RED, "cup": BLUE}.get(item.names[0])
        if colour:
            assert overlap(item.mask, looks(built.image, colour)) > 0.85


def test_half_of_the_photographs_are_mirrored(photo: Photo) -> None:
    mirrored = 0
    for seed in range(40):
        built = photo_scene(photo, 96, frozenset(), np.random.default_rng(seed), whole=True)
        place = {item.names[0]: item.center[0] for item in built.objects}
        mirrored += place["dog"] > place["cup"]

    assert 10 < mirrored < 30


def test_crowds_are_not_countable_and_stand_nowhere(photo: Photo) -> None:
    built = photo_scene(photo, 96, frozenset(), np.random.default_rng(0), whole=True)

    assert {item.names[0]: item.countable for item in built.objects} == {
        **{"dog": True, "cup": True},
        "person": False,
    }
    assert not any(item.upright_base for item in built.objects)


def test_a_dog_mostly_cropped_away_is_not_said_to_be_absent(photo: Photo) -> None:
    for seed in range(60):
        built = photo_scene(photo, 96, frozenset({"dog"}), np.random.default_rng(seed), False)
        dogs = [item for item in built.objects if item.names[0] == "dog"]
        seen = looks(built.image, RED).sum()
        assert not seen or dogs or "dog" in built.hidden_names
        assert all(item.countable or "dog" in built.hidden_names for item in dogs)


def test_the_photograph_itself_is_left_alone(photo: Photo) -> None:
    before = photo.image.copy()
    builder = photo_builder(photo, 96, np.random.default_rng(0))

    builder.paste(flat_sprite("mug", GREEN), 48, 90, (60, 60))
    builder.shade(48, 90, 60, 0.5)

    np.testing.assert_array_equal(photo.image, before)


@pytest.fixture
def sources(photo: Photo) -> SceneSources:
    mugs = [
        flat_sprite("mug", GREEN, elevation_deg=float(angle), pixels_per_metre=400.0)
        for angle in (20, 35, 50, 65)
    ]
    balls = [
        flat_sprite("ball", BLUE, 20, elevation_deg=float(angle), pixels_per_metre=400.0)
        for angle in (20, 35, 50, 65)
    ]
    hats = [flat_sprite("hat", RED, hypernyms=("clothes",))]
    return SceneSources(
        photos=[photo],
        cut_outs=[flat_sprite("mug", GREEN)],
        sprites=[*mugs, *balls, *hats],
        surfaces=[grey()],
        photo_names=frozenset({"dog", "cup", "person"}),
    )


def same(first: Scene, second: Scene) -> bool:
    return (
        np.array_equal(first.image, second.image)
        and [item.names for item in first.objects] == [item.names for item in second.objects]
        and all(
            np.array_equal(a.mask, b.mask)
            for a, b in zip(first.objects, second.objects, strict=True)
        )
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_same_seed_draws_the_same_scene(sources: SceneSources, seed: int) -> None:
    first, second, other = (
        draw_scene(sources, 96, np.random.default_rng(s)) for s in (seed, seed, seed + 100)
    )

    assert same(first, second)
    assert not same(first, other)


@pytest.mark.parametrize("seed", range(8))
def test_things_on_a_table_do_not_share_pixels_and_show_their_colour(
    sources: SceneSources, seed: int
) -> None:
    built = table_scene(sources, 128, np.random.default_rng(seed))

    assert built.objects
    assert np.sum([item.mask for item in built.objects], axis=0).max() == 1
    for item in built.objects:
        # Where it is not covered later a mug is green; a shadow may darken a part of it.
        median = np.median(built.image[item.mask], axis=0)
        assert median.argmax() == {"mug": 1, "ball": 2}[item.names[0]]
        assert item.upright_base


def test_sprites_without_an_elevation_stand_on_no_table(sources: SceneSources) -> None:
    names = {
        item.names[0]
        for seed in range(12)
        for item in table_scene(sources, 96, np.random.default_rng(seed)).objects
    }

    assert names == {"mug", "ball"}


def test_things_on_a_table_were_all_seen_from_about_one_elevation(sources: SceneSources) -> None:
    angles = (20, 35, 50, 65)
    sprites = [
        flat_sprite(f"{angle}", GREEN, elevation_deg=angle + shift, pixels_per_metre=400.0)
        for angle in angles
        for shift in (-5.0, 5.0)
    ]
    tables = replace(sources, sprites=sprites)

    names = [
        {item.names[0] for item in table_scene(tables, 96, np.random.default_rng(seed)).objects}
        for seed in range(30)
    ]

    assert {len(found) for found in names} == {1}
    assert set.union(*names) == {"20", "35", "50", "65"}


def test_things_on_a_table_keep_their_proportions(sources: SceneSources) -> None:
    # A mug is 40 px = 0.1 m, a ball 20 px = 0.05 m; nearness changes both by at most 1.15 / 0.65.
    for seed in range(12):
        widths: dict[str, list[float]] = {"mug": [], "ball": []}
        for item in table_scene(sources, 128, np.random.default_rng(seed)).objects:
            x0, y0, x1, y1 = item.box
            if item.area == (x1 - x0) * (y1 - y0) == (x1 - x0) ** 2:  # in full view
                widths[item.names[0]].append(x1 - x0)
        for mug in widths["mug"]:
            for ball in widths["ball"]:
                assert 2 / (1.15 / 0.65) - 0.3 < mug / ball < 2 * (1.15 / 0.65) + 0.5


def test_absence_on_a_table_is_certain_for_all_names(sources: SceneSources) -> None:
    expected = {"mug", "ball", "hat", "clothes", "dog", "cup", "person"}

    assert table_names(sources) == expected
    assert table_scene(sources, 96, np.random.default_rng(0)).closed_names == expected


def test_a_photograph_with_things_pasted_in_names_both(sources: SceneSources) -> None:
    names = {
        item.names[0]
        for seed in range(20)
        for item in pasted_scene(sources, 96, np.random.default_rng(seed)).objects
    }

    assert {"dog", "cup", "mug"} <= names
    # A texture or a photograph's background may hold a mug, so only COCO's names are closed.
    closed = pasted_scene(sources, 96, np.random.default_rng(0)).closed_names
    assert closed == sources.photo_names


def test_cut_outs_are_whole_single_and_large(tmp_path: Path) -> None:
    image = np.full((100, 100, 3), GREY, np.uint8)
    image[20:80, 20:40] = RED
    folder = write_photos(
        tmp_path / "photos",
        ["dog", "dining table"],
        (
            1,
            image,
            [
                ("dog", polygon((20, 20, 40, 80)), False),
                ("dog", polygon((0, 20, 40, 80)), False),  # touches the edge
                ("dog", polygon((50, 20, 55, 25)), False),  # 25 px
                ("dog", polygon((20, 20, 40, 80)), True),  # a crowd
                ("dining table", polygon((20, 20, 40, 80)), False),
            ],
        ),
    )

    (sprite,) = cut_outs(load_photos(folder), least_area_px=1000)

    assert sprite.rgba.shape == (60, 20, 4)
    assert (sprite.rgba == (*RED, 255)).all()
    assert (sprite.names, sprite.hypernyms) == (("dog", "puppy"), ("animal",))


def test_other_light_keeps_shape_and_input_and_depends_on_the_seed() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    before = image.copy()

    first, second, other = (change_light(image, np.random.default_rng(s)) for s in (1, 1, 2))

    assert first.shape == image.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(image, before)


def test_other_light_leaves_a_red_thing_reddish() -> None:
    image = np.full((16, 16, 3), (200, 60, 60), np.uint8)

    for seed in range(30):
        red, green, blue = change_light(image, np.random.default_rng(seed)).mean(axis=(0, 1))
        assert red > green + 20
        assert red > blue + 20


def write_sprites(folder: Path, sprites: list[Sprite]) -> None:
    records = []
    for index, sprite in enumerate(sprites):
        cv2.imwrite(str(folder / f"{index}.png"), cv2.cvtColor(sprite.rgba, cv2.COLOR_RGBA2BGRA))
        records.append(
            {
                "file": f"{index}.png",
                "names": sprite.names,
                "hypernyms": sprite.hypernyms,
                "colors": sprite.colors,
                "elevation_deg": sprite.elevation_deg,
                "pixels_per_metre": sprite.pixels_per_metre,
            }
        )
    (folder / "sprites.json").write_text(json.dumps(records), encoding="utf-8")


def test_sprites_come_back_from_their_files(tmp_path: Path) -> None:
    sprite = flat_sprite("mug", (250, 120, 10), 8, hypernyms=("container",), colors=("orange",))
    sprite = replace(sprite, elevation_deg=35.5, pixels_per_metre=300.0)
    sprite.rgba[:4, :, 3] = 0
    write_sprites(tmp_path, [sprite])

    (loaded,) = load_sprites(tmp_path)

    np.testing.assert_array_equal(loaded.rgba, sprite.rgba)
    assert (loaded.names, loaded.hypernyms, loaded.colors) == (
        *(("mug",), ("container",)),
        ("orange",),
    )
    assert (loaded.elevation_deg, loaded.pixels_per_metre) == (35.5, 300.0)


def test_missing_sprites_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sprites\.json is missing: run python -m textseg_core"):
        load_sprites(tmp_path)


def test_a_sprite_without_alpha_is_named(tmp_path: Path) -> None:
    write_sprites(tmp_path, [flat_sprite("mug", RED)])
    cv2.imwrite(str(tmp_path / "0.png"), grey())

    with pytest.raises(ValueError, match=r"0\.png: expected a PNG with alpha"):
        load_sprites(tmp_path)


def test_surfaces_are_found_in_folders_below(tmp_path: Path) -> None:
    (tmp_path / "wood").mkdir()
    cv2.imwrite(str(tmp_path / "wood" / "oak.jpg"), np.full((16, 16, 3), (0, 0, 250), np.uint8))

    (surface,) = load_surfaces(tmp_path)

    assert surface.shape == (16, 16, 3)
    assert surface[8, 8].tolist() == pytest.approx([250, 0, 0], abs=8)


def test_a_folder_without_textures_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected \.jpg textures"):
        load_surfaces(tmp_path)


def test_an_unreadable_texture_is_named(tmp_path: Path) -> None:
    (tmp_path / "oak.jpg").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"oak\.jpg: expected a readable picture"):
        load_surfaces(tmp_path)
