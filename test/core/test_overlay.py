import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.command import parse_command
from textseg_core.overlay import draw_overlay
from textseg_core.postprocess import find_objects, union_of
from textseg_core.segmentation import Segmentation, Status


def segmented(
    height: int,
    width: int,
    *boxes: tuple[int, int, int, int],
    status: Status = Status.FOUND,
    expression: str = "the red block",
) -> Segmentation:
    response = np.zeros((height, width), np.float32)
    for x, y, columns, rows in boxes:
        response[y : y + rows, x : x + columns] = 0.9
    objects = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    return Segmentation(
        mask=union_of(objects, response.shape),
        response=lambda: response,
        score=0.87,
        objects=objects,
        status=status,
        expression=expression,
        command=parse_command("the red block"),
    )


def grey(height: int, width: int) -> UInt8Array:
    return np.full((height, width, 3), 100, np.uint8)


def test_mask_is_tinted_and_the_rest_below_the_caption_is_untouched() -> None:
    picture = draw_overlay(grey(240, 320), segmented(240, 320, (100, 100, 80, 60)))
    assert picture.shape == (240, 320, 3)
    assert picture.dtype == np.uint8
    # 100 * 0.55 + (40, 220, 90) * 0.45, at a place off box, cross and axis.
    assert picture[110, 110].tolist() == [73, 154, 96]
    outside = np.ones((240, 320), np.bool_)
    outside[:40] = False
    outside[97:163, 97:183] = False
    assert (picture[outside] == 100).all()


def test_centroid_of_the_best_object_is_marked_white() -> None:
    picture = draw_overlay(grey(240, 320), segmented(240, 320, (100, 100, 81, 61)))
    assert picture[130, 140].tolist() == [255, 255, 255]


def test_axis_stays_on_the_object() -> None:
    # A C whose opening, columns 140..179, points right: only its mask and rim are painted.
    found = segmented(240, 320, (100, 100, 40, 90), (140, 100, 40, 30), (140, 160, 40, 30))
    picture = draw_overlay(grey(240, 320), found)
    assert (picture[135:155, 145:175] == 100).all()


def test_input_is_left_as_it_was() -> None:
    image = grey(240, 320)
    image.setflags(write=False)
    draw_overlay(image, segmented(240, 320, (100, 100, 80, 60)))
    assert (image == 100).all()


@pytest.mark.parametrize("status", list(Status))
def test_caption_is_legible_on_a_white_image(status: Status) -> None:
    image = np.full((240, 320, 3), 255, np.uint8)
    band = draw_overlay(image, segmented(240, 320, status=status))[:12]
    darkest, brightest = int(band.max(axis=2).min()), int(band.max())
    assert darkest <= 64
    assert brightest >= 230


def test_nothing_found_leaves_the_picture_below_the_caption_alone() -> None:
    picture = draw_overlay(grey(240, 320), segmented(240, 320, status=Status.NOT_FOUND))
    assert (picture[40:] == 100).all()
    assert not (picture[:10] == 100).all()


def test_statuses_differ_in_colour() -> None:
    found, ambiguous = (
        draw_overlay(grey(240, 320), segmented(240, 320, (100, 100, 80, 60), status=status))
        for status in (Status.FOUND, Status.AMBIGUOUS)
    )
    assert found[110, 110].tolist() != ambiguous[110, 110].tolist()


def test_lines_grow_with_the_image() -> None:
    small = draw_overlay(grey(480, 640), segmented(480, 640, (200, 200, 200, 200)))
    large = draw_overlay(grey(1920, 2560), segmented(1920, 2560, (800, 800, 800, 800)))
    # The left side of the box, away from cross and axis.
    assert (small[250, 190:210] == 255).all(axis=1).sum() == 1
    assert (large[1000, 760:840] == 255).all(axis=1).sum() in (4, 5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (8, 8), (30, 40)])
def test_small_pictures_are_drawn_too(height: int, width: int) -> None:
    found = segmented(height, width, (0, 0, width, height))
    assert draw_overlay(grey(height, width), found).shape == (height, width, 3)


def test_a_picture_without_room_for_words_is_not_hidden_by_a_band() -> None:
    assert (draw_overlay(grey(12, 30), segmented(12, 30)) == 100).all()


@pytest.mark.parametrize(
    "expression", ["левый красный блок", "左边的红色方块", "a" * 4000, "\x00"]
)
def test_any_expression_can_be_written(expression: str) -> None:
    drawn = draw_overlay(grey(240, 320), segmented(240, 320, expression=expression))
    assert drawn.shape == (240, 320, 3)


def test_image_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"of one size, got \(240, 320\) and \(120, 160\)"):
        draw_overlay(grey(240, 320), segmented(120, 160))


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="image must be uint8 RGB"):
        draw_overlay(np.zeros((4, 4), np.uint8), segmented(4, 4))


def test_a_number_stands_white_on_black_above_its_box_and_nowhere_else() -> None:
    found = segmented(240, 320, (40, 100, 60, 60), (200, 100, 60, 60), status=Status.AMBIGUOUS)
    second = max(found.objects, key=lambda one: one.box[0])
    plain = draw_overlay(grey(240, 320), found)
    picture = draw_overlay(grey(240, 320), found, [(second, "2")])

    rows, columns = np.nonzero((picture != plain).any(axis=2))
    # Letters of 320 / 28 = 11 px, with a margin of 2 at both sides: 13 to 14 rows and about 11
    # columns from the left end of the box, and all above its top line.
    assert (columns.min(), rows.max()) == (200, 99)
    assert rows.min() >= 100 - 16
    assert columns.max() < 200 + 16
    chip = picture[rows.min() : 100, 200 : columns.max() + 1]
    assert chip[0, 0].tolist() == [0, 0, 0]
    assert chip.max() > 200


def test_a_number_without_room_above_its_box_stands_in_it_below_the_caption() -> None:
    found = segmented(240, 320, (100, 0, 60, 90), status=Status.AMBIGUOUS)
    plain = draw_overlay(grey(240, 320), found)
    picture = draw_overlay(grey(240, 320), found, [(found.objects[0], "1")])

    # The caption is two rows of 9 px letters high at least; the number begins where it ends.
    rows, columns = np.nonzero((picture != plain).any(axis=2))
    assert 10 <= rows.min() <= 20
    assert columns.min() == 100
    assert rows.max() < 40


def test_a_number_at_the_right_border_stays_in_the_picture() -> None:
    found = segmented(240, 320, (312, 100, 8, 60), status=Status.AMBIGUOUS)
    plain = draw_overlay(grey(240, 320), found)
    picture = draw_overlay(grey(240, 320), found, [(found.objects[0], "12")])

    _, columns = np.nonzero((picture != plain).any(axis=2))
    assert columns.max() == 319
    assert columns.min() < 312


def test_a_numbered_object_of_another_answer_has_a_box() -> None:
    found = segmented(240, 320, (40, 100, 60, 60))
    other = segmented(240, 320, (200, 100, 60, 60)).objects[0]
    picture = draw_overlay(grey(240, 320), found, [(other, "1")])

    # Its box in the colour of the status, the lower right corner at (259, 159); it is not tinted.
    assert picture[159, 259].tolist() == [40, 220, 90]
    assert picture[130, 230].tolist() == [100, 100, 100]


def test_a_number_in_a_picture_without_room_is_left_out() -> None:
    found = segmented(8, 8, (2, 2, 4, 4), status=Status.AMBIGUOUS)
    plain = draw_overlay(grey(8, 8), found)
    assert (draw_overlay(grey(8, 8), found, [(found.objects[0], "1")]) == plain).all()
