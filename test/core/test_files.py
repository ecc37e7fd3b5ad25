from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from published import write_picture

from textseg_core.datasets.files import Origin, first_folder, read_json, read_rgb

ORIGIN = Origin("Set", "https://example.org/set")


def test_a_picture_comes_back_as_rgb(tmp_path: Path) -> None:
    bgr = np.zeros((4, 6, 3), np.uint8)
    bgr[..., 0] = 200
    cv2.imwrite(str(tmp_path / "a.png"), bgr)

    rgb = read_rgb(tmp_path / "a.png", ORIGIN)

    assert rgb.dtype == np.uint8
    assert rgb.shape == (4, 6, 3)
    assert rgb[0, 0].tolist() == [0, 0, 200]


def test_a_rotation_in_exif_is_ignored_as_annotations_are_of_the_stored_pixels(
    tmp_path: Path,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)

    assert read_rgb(tmp_path / "a.jpg", ORIGIN, (30, 20)).shape == (20, 30, 3)


def test_a_grey_picture_gets_three_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6), 7, np.uint8))

    assert read_rgb(tmp_path / "a.png", ORIGIN).shape == (4, 6, 3)


def test_a_missing_picture_is_named_with_its_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: expected a readable .*there is none.*org/set"):
        read_rgb(tmp_path / "a.jpg", ORIGIN)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"a\.jpg: expected .* but it cannot be decoded"):
        read_rgb(tmp_path / "a.jpg", ORIGIN)


def test_a_picture_of_another_size_than_annotated_is_refused(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", width=30, height=20)

    with pytest.raises(ValueError, match=r"expected 60 x 40 pixels as annotated .* got 30 x 20"):
        read_rgb(path, ORIGIN, (60, 40))


@pytest.mark.parametrize("data", [b"", b"{", b"[1,", b"\xff\xfe{}", b"[" * 200_000])
def test_damaged_json_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)

    with pytest.raises(ValueError, match=r"a\.json is not a table \(Set\).*example\.org"):
        read_json(tmp_path / "a.json", "a table", ORIGIN)


def test_missing_json_is_named_also_below_a_file_and_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    for path in (tmp_path / "a.json", tmp_path / "file" / "a.json", tmp_path):
        with pytest.raises(ValueError, match=r"is missing: expected a table \(Set\); get it"):
            read_json(path, "a table", ORIGIN)


def test_the_named_folder_wins_then_the_first_that_exists_then_the_first(tmp_path: Path) -> None:
    there, absent, named = tmp_path / "there", tmp_path / "absent", tmp_path / "named"
    there.mkdir()

    assert first_folder(named, (there,)) == named
    assert first_folder(None, (absent, there)) == there
    assert first_folder(None, (absent, named)) == absent
