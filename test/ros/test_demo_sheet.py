import numpy as np
import pytest

from textseg_ros.demo.sheet import CELL_HEIGHT_PX, CELL_WIDTH_PX, contact_sheet


def test_pictures_of_any_size_lie_in_rows_of_equal_cells() -> None:
    pictures = [np.full((40 + 10 * n, 90, 3), 10 * n, np.uint8) for n in range(7)]

    sheet = contact_sheet(pictures, [None] * 7, [None] * 7, columns=3)

    assert sheet.shape == (3 * CELL_HEIGHT_PX, 3 * CELL_WIDTH_PX, 3)
    assert tuple(sheet[CELL_HEIGHT_PX // 2, CELL_WIDTH_PX // 2]) == (0, 0, 0)
    assert tuple(sheet[CELL_HEIGHT_PX // 2, CELL_WIDTH_PX * 3 // 2]) == (10, 10, 10)


def test_a_right_answer_is_framed_green_and_a_wrong_one_red() -> None:
    pictures = [np.zeros((48, 64, 3), np.uint8)] * 2

    sheet = contact_sheet(pictures, [None, None], [True, False])

    right, wrong = sheet[1, 20].astype(int), sheet[1, CELL_WIDTH_PX + 20].astype(int)
    assert right[1] > right[0] + 100
    assert wrong[0] > wrong[1] + 100


def test_the_expected_box_is_drawn_and_the_picture_given_stays_as_it_was() -> None:
    picture = np.zeros((230, 310, 3), np.uint8)

    sheet = contact_sheet([picture], [(100, 50, 60, 40)], [True])

    # The picture fills the cell inside a frame of 5 pixels, so the box begins at (105, 55).
    assert tuple(sheet[55, 106]) == (255, 255, 255)
    assert not picture.any()


def test_no_picture_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([], [], [])
