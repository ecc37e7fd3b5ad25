from pathlib import Path

import pytest
from published import polygon, write_instances, write_picture

from textseg_core.datasets.photos import is_held_out
from textseg_core.datasets.written import load_coco, load_written_photos
from textseg_core.scenes.split import admits

CATEGORIES = ["cup", "dog", "chair"]
TRAINED, HELD_OUT = 1, 6  # see test_photos.py


def write(path: Path, pictures: Path, *ids: int) -> None:
    """Pictures with a cup at the left and a dog at the right; every second is of licence 1."""
    write_instances(
        path,
        CATEGORIES,
        [(image_id, f"{image_id:012d}.jpg") for image_id in ids],
        [
            item
            for image_id in ids
            for item in (
                (10 * image_id, image_id, "cup", polygon((2, 5, 22, 25))),
                (10 * image_id + 1, image_id, "dog", polygon((30, 5, 50, 25))),
            )
        ],
        licences=dict.fromkeys(ids[1::2], 1),
    )
    for image_id in ids:
        write_picture(pictures / f"{image_id:012d}.jpg")


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO val2017 of three pictures."""
    write(tmp_path / "annotations/instances_val2017.json", tmp_path / "val2017", 3, 8, 5)
    return tmp_path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one photograph of each part."""
    write(tmp_path / "instances.json", tmp_path / "images", TRAINED, HELD_OUT)
    return tmp_path


def test_pictures_are_listed_without_opening_them(coco: Path) -> None:
    for path in coco.rglob("*.jpg"):
        path.unlink()

    described = load_coco(coco, "val")

    assert [item.key for item in described] == ["3", "8", "5"]
    with pytest.raises(ValueError, match=r"000000000008\.jpg: expected .*cocodataset\.org"):
        described[1].load()


def test_expressions_are_written_from_the_annotation(coco: Path) -> None:
    scene, queries = load_coco(coco, "val", count=12)[0].load()

    assert [thing.names[0] for thing in scene.objects] == ["cup", "dog"]
    assert len(queries) > 3
    meant = {name for query in queries for i in query.targets for name in scene.objects[i].names}
    assert {"cup", "dog"} <= meant


def test_the_same_seed_writes_the_same_expressions_and_another_others(coco: Path) -> None:
    first, again, other = (
        [query.expression for query in load_coco(coco, "val", seed=seed)[0].load()[1]]
        for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_only_admitted_licences_are_listed(coco: Path) -> None:
    assert [item.key for item in load_coco(coco, "val", licences=frozenset({1}))] == ["8"]


def test_annotations_of_2014_serve_where_those_of_2017_are_missing(tmp_path: Path) -> None:
    write(tmp_path / "annotations/instances_train2014.json", tmp_path / "images/train2014", 3)

    (described,) = load_coco(tmp_path, "train")

    assert described.image_path == tmp_path / "images/train2014/000000000003.jpg"


def test_missing_annotations_are_named_as_of_2017(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"instances_train2017\.json is missing.*cocodataset"):
        load_coco(tmp_path, "train")


def test_a_split_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="splits with masks are train and val, got 'test'"):
        load_coco(tmp_path, "test")


def test_only_training_keeps_away_from_held_out_combinations(coco: Path) -> None:
    write(coco / "annotations/instances_train2017.json", coco / "train2017", 3, 8, 5)
    admitted = {
        split: [
            admits("train", query.compositions)
            for item in load_coco(coco, split, count=60)
            for query in item.load()[1]
        ]
        for split in ("train", "val")
    }

    assert all(admitted["train"])
    assert not all(admitted["val"])


@pytest.mark.parametrize(
    ("split", "keys"),
    [("train", [TRAINED]), ("held_out", [HELD_OUT]), ("all", [TRAINED, HELD_OUT])],
)
def test_photographs_are_split_by_the_digest(photos: Path, split: str, keys: list[int]) -> None:
    assert [is_held_out(key) for key in (TRAINED, HELD_OUT)] == [False, True]
    assert [int(item.key) for item in load_written_photos(photos, split)] == keys


def test_photographs_load_with_their_masks(photos: Path) -> None:
    scene, queries = load_written_photos(photos)[0].load()

    assert [thing.area for thing in scene.objects] == [400, 400]
    assert queries


def test_no_picture_left_is_an_error(photos: Path) -> None:
    with pytest.raises(ValueError, match=r"instances\.json: no picture is left"):
        load_written_photos(photos, licences=frozenset({7}))


def test_an_unknown_part_of_the_photographs_is_refused(photos: Path) -> None:
    with pytest.raises(ValueError, match="split into train, held_out, all, got 'val'"):
        load_written_photos(photos, "val")
