from pathlib import Path

import cv2
import numpy as np
import pytest

from textseg_core.runtime.cases import PER_PICTURE, drawn_cases, load_pictures, picture_cases


def write_pictures(folder: Path, count: int) -> None:
    for index in range(count):
        name = folder / "below" / f"{index:02d}.png"
        name.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(name), np.full((4, 6, 3), (0, 0, index), np.uint8))


def test_drawn_cases_are_the_same_every_time() -> None:
    first, again = list(drawn_cases(3)), list(drawn_cases(5))
    assert len(again) == 5
    for one, other in zip(first, again, strict=False):
        assert np.array_equal(one.image, other.image)
        assert one.expressions == other.expressions
    assert not np.array_equal(first[0].image, first[1].image)


def test_drawn_cases_show_what_they_ask_for() -> None:
    reddest = 0.0
    for case in drawn_cases(8):
        assert case.image.shape == (480, 640, 3)
        assert case.image.dtype == np.uint8
        assert len(case.expressions) == PER_PICTURE
        if any("the red" in text for text in case.expressions):
            red = case.image[..., 0].astype(int) - case.image[..., 1:].max(axis=-1)
            reddest = max(reddest, float((red > 100).mean()))
    assert reddest > 0.005


def test_pictures_of_a_folder_are_read_as_rgb_and_evenly_chosen(tmp_path: Path) -> None:
    write_pictures(tmp_path, 10)
    reds = [int(image[0, 0, 0]) for image in load_pictures(tmp_path, 5)]
    assert reds == [0, 2, 4, 6, 8]
    assert len(list(load_pictures(tmp_path, 99))) == 10


def test_each_picture_is_asked_the_same_number_of_questions(tmp_path: Path) -> None:
    write_pictures(tmp_path, 5)
    cases = list(picture_cases(tmp_path, 5))
    assert [len(case.expressions) for case in cases] == [PER_PICTURE] * 5
    assert cases[0].expressions != cases[1].expressions


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no picture; expected files \.jpg"):
        list(load_pictures(tmp_path, 5))


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg is no picture"):
        list(load_pictures(tmp_path, 5))


def test_no_pictures_at_all_are_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path, 1)
    with pytest.raises(ValueError, match="must be at least 1, got 0"):
        list(load_pictures(tmp_path, 0))
