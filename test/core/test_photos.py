import json
from pathlib import Path

import numpy as np
import pytest
from drawn import box_mask, polygon, run_lengths, write_photos

from textseg_core.datasets.photos import category_names, is_held_out, load_photos

CATEGORIES = ["cup", "couch", "dog"]
# SHA-256 of "1" begins with 6b = 107, 107 % 3 = 2; of "2" with d4 = 212, 212 % 3 = 2;
# of "5" with ef = 239, 239 % 3 = 2; of "6" with e7 = 231, 231 % 3 = 0.
TRAINED, HELD_OUT = 1, 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of 30 x 20, one of each part of the split, under licences 4 and 1."""
    first = np.zeros((20, 30, 3), np.uint8)
    first[5:15, 10:20] = (200, 100, 50)
    ring = box_mask((4, 4, 12, 12), 20, 30)
    ring[6:10, 6:10] = False
    return write_photos(
        tmp_path / "photos",
        CATEGORIES,
        (
            TRAINED,
            first,
            [("cup", polygon((10, 5, 20, 15)), False), ("couch", run_lengths(ring), True)],
        ),
        (HELD_OUT, np.full((20, 30, 3), 9, np.uint8), []),
        licences={TRAINED: 4, HELD_OUT: 1},
    )


def test_pixels_are_rgb_and_masks_those_of_polygon_and_run_lengths(folder: Path) -> None:
    photo = next(photo for photo in load_photos(folder) if photo.image_id == TRAINED)

    assert photo.image.shape == (20, 30, 3)
    assert photo.image[7, 12].tolist() == [200, 100, 50]
    cup, couch = photo.instances
    np.testing.assert_array_equal(cup.mask(), box_mask((10, 5, 20, 15), 20, 30))
    assert couch.mask().sum() == 8 * 8 - 4 * 4
    assert not couch.mask()[8, 8]
    assert (cup.crowd, couch.crowd) == (False, True)


def test_an_instance_has_its_synonyms_and_hypernyms(folder: Path) -> None:
    cup, couch = load_photos(folder, held_out=False)[0].instances

    assert (cup.names, cup.hypernyms) == (("cup",), ())
    assert (couch.names, couch.hypernyms) == (("couch", "sofa"), ("furniture",))


def test_a_polygon_of_two_parts_is_one_instance(tmp_path: Path) -> None:
    parts = polygon((0, 0, 4, 4)) + polygon((10, 0, 12, 4))
    image = np.zeros((20, 30, 3), np.uint8)
    folder = write_photos(tmp_path / "p", CATEGORIES, (1, image, [("cup", parts, False)]))

    (instance,) = load_photos(folder)[0].instances

    assert instance.mask().sum() == 16 + 8


def test_compressed_run_lengths_are_read_too(tmp_path: Path) -> None:
    # COCO's text form of the counts 0, 40, 560: two full columns of 20 rows, then background.
    compressed = {"size": [20, 30], "counts": "0X1`a0"}
    image = np.zeros((20, 30, 3), np.uint8)
    folder = write_photos(tmp_path / "p", CATEGORIES, (1, image, [("cup", compressed, False)]))

    (instance,) = load_photos(folder)[0].instances

    np.testing.assert_array_equal(instance.mask(), box_mask((0, 0, 2, 20), 20, 30))


def test_the_two_parts_of_the_split_are_disjoint_and_complete(folder: Path) -> None:
    ids = [
        [photo.image_id for photo in load_photos(folder, held_out)]
        for held_out in (False, True, None)
    ]

    assert ids == [[TRAINED], [HELD_OUT], [TRAINED, HELD_OUT]]


def test_the_split_is_that_of_the_digest_and_a_third() -> None:
    assert [is_held_out(image_id) for image_id in (1, 2, 5, 6)] == [False, False, False, True]
    share = sum(is_held_out(image_id) for image_id in range(5000)) / 5000
    assert share == pytest.approx(86 / 256, abs=0.02)


@pytest.mark.parametrize(("licences", "ids"), [({4}, [1]), ({1}, [6]), ({1, 4}, [1, 6])])
def test_only_admitted_licences_are_read(folder: Path, licences: set[int], ids: list[int]) -> None:
    photos = load_photos(folder, licences=frozenset(licences))

    assert [photo.image_id for photo in photos] == ids


def test_pictures_may_lie_beside_the_annotation(folder: Path) -> None:
    for path in (folder / "images").iterdir():
        path.rename(folder / path.name)

    assert len(load_photos(folder)) == 2


def test_no_photograph_left_is_an_error_that_says_what_was_asked(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"photos: no photograph is left for .*frozenset\(\{7\}\)"
    ):
        load_photos(folder, licences=frozenset({7}))


def test_a_missing_or_broken_picture_is_named(folder: Path) -> None:
    (folder / "images" / f"{TRAINED:012d}.png").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"000000000001\.png: expected a readable picture"):
        load_photos(folder, held_out=False)


@pytest.mark.parametrize("text", ["{", "[]", "null", json.dumps({"images": [], "categories": []})])
def test_a_damaged_annotation_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "instances.json").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"instances\.json is not a COCO instances file"):
        load_photos(tmp_path)


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"instances\.json is missing: expected a COCO"):
        category_names(tmp_path)


def test_categories_come_in_the_order_of_the_file(folder: Path) -> None:
    assert category_names(folder) == ("cup", "couch", "dog")
