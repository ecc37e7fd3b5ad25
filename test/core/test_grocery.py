import json
from pathlib import Path

import pytest
from published import write_picture

from textseg_core.datasets.grocery import is_held_out, load_grocery

# SHA-256 of "images/1.jpg" begins with 2b = 43, 43 % 5 = 3; of "images/15.jpg" with 19 = 25.
LABELS = [
    {"image": f"images/{n}.jpg", "fine": "granny smith", "category": "apple", "group": "fruit"}
    for n in range(40)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty labels and one picture."""
    (tmp_path / "labels.json").write_text(json.dumps(LABELS))
    write_picture(tmp_path / "images/0.jpg", level=150)
    return tmp_path


def test_photographs_come_in_the_order_of_the_list_with_their_names(folder: Path) -> None:
    photos = load_grocery(folder, "all")

    assert [photo.image_path for photo in photos] == [folder / item["image"] for item in LABELS]
    assert photos[0].names == ("apple", "granny smith", "fruit")


def test_a_name_that_occurs_twice_is_given_once(tmp_path: Path) -> None:
    record = {"image": "a.jpg", "fine": "lemon", "category": "lemon", "group": "fruit"}
    (tmp_path / "labels.json").write_text(json.dumps([record]))

    assert load_grocery(tmp_path, "all")[0].names == ("lemon", "fruit")


def test_a_picture_is_read_when_it_is_asked_for(folder: Path) -> None:
    photos = load_grocery(folder, "all")

    assert photos[0].load()[0, 0].tolist() == [150, 150, 150]
    with pytest.raises(ValueError, match=r"1\.jpg: expected .*GroceryStoreDataset"):
        photos[1].load()


def test_the_parts_are_disjoint_complete_and_of_the_digest(folder: Path) -> None:
    train, held_out = (
        {photo.image_path.name for photo in load_grocery(folder, split)}
        for split in ("train", "held_out")
    )

    assert not train & held_out
    assert len(train | held_out) == 40
    assert held_out == {f"{n}.jpg" for n in range(40) if is_held_out(f"images/{n}.jpg")}


def test_the_digest_holds_out_a_fifth() -> None:
    assert [is_held_out(f"images/{n}.jpg") for n in (1, 15)] == [False, True]
    share = sum(is_held_out(f"images/{n:05d}.jpg") for n in range(4000)) / 4000

    assert share == pytest.approx(52 / 256, abs=0.02)


@pytest.mark.parametrize("content", ["{", "[5]", '[{"image": "a.jpg"}]', '{"image": 1}', "null"])
def test_a_damaged_list_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)

    with pytest.raises(ValueError, match=r"labels\.json is not a list of image, fine, category"):
        load_grocery(tmp_path)


def test_a_missing_list_or_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels\.json is missing: expected a list of image"):
        load_grocery(tmp_path)
    with pytest.raises(ValueError, match="split into train, held_out, all, got 'test'"):
        load_grocery(tmp_path, "test")
