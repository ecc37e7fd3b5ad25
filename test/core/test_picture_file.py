"""Which files are pictures, and that they are read as people see them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textseg_core.picture_file import pictures_in, read_upright


def test_a_picture_is_turned_as_its_camera_said(tmp_path: Path) -> None:
    pixels = np.zeros((2, 3), np.uint8)
    pixels[0, 2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that a quarter turn clockwise makes it upright
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)

    upright = np.asarray(read_upright(tmp_path / "turned.png"))

    assert upright.tolist() == [[0, 0], [0, 0], [0, 255]]


def test_what_has_more_than_8_bits_or_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "text.png").write_text("no picture")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:60])

    for name, fault in (
        ("deep.png", "has more than 8 bits a channel"),
        ("text.png", "is no picture, or of a kind"),
        ("cut.png", "cannot be read as a picture"),
        ("none.png", "cannot be read as a picture"),
    ):
        with pytest.raises(ValueError, match=f"{name} {fault}"):
            read_upright(tmp_path / name)


def test_pictures_of_a_folder_come_by_name_whatever_the_case_of_their_ending(
    tmp_path: Path,
) -> None:
    for name in ("b.JPG", "a.gif", "notes.txt"):
        (tmp_path / name).touch()

    assert [file.name for file in pictures_in(tmp_path)] == ["a.gif", "b.JPG"]


def test_a_folder_without_pictures_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no picture; accepted are \.bmp, \.gif"):
        pictures_in(tmp_path)
    with pytest.raises(ValueError, match="none is not a folder"):
        pictures_in(tmp_path / "none")
