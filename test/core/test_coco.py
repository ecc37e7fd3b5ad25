import json
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published import HEIGHT, WIDTH, box_mask, polygon, run_lengths, write_instances

from textseg_core.arrays import BoolArray
from textseg_core.datasets.coco import Annotation, annotated_scene, read_coco

IMAGE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
BOX = (5, 10, 25, 30)


def mask_of(outline: Any, tmp_path: Path) -> BoolArray:
    """The mask of an outline as it stands in an annotation file."""
    path = write_instances(
        tmp_path / "instances.json", ["cup"], [(1, "a.jpg")], [(9, 1, "cup", outline)]
    )
    (annotation,) = read_coco(path).images[1].annotations
    return annotation.mask(HEIGHT, WIDTH)


def test_a_polygon_gives_its_pixels(tmp_path: Path) -> None:
    np.testing.assert_array_equal(mask_of(polygon(BOX), tmp_path), box_mask(BOX))


def test_several_polygons_are_one_thing(tmp_path: Path) -> None:
    mask = mask_of(polygon(BOX) + polygon((40, 0, 50, 5)), tmp_path)

    np.testing.assert_array_equal(mask, box_mask(BOX) | box_mask((40, 0, 50, 5)))


def test_polygons_of_fewer_than_three_corners_are_nothing(tmp_path: Path) -> None:
    # pycocotools would take four numbers for a box of 20 x 20.
    assert not mask_of([[5.0, 5.0, 20.0, 20.0]], tmp_path).any()
    assert mask_of([[5.0, 5.0, 20.0, 20.0], *polygon(BOX)], tmp_path).sum() == 400


def test_plain_run_lengths_give_their_pixels(tmp_path: Path) -> None:
    ring = box_mask(BOX) & ~box_mask((10, 15, 20, 25))

    np.testing.assert_array_equal(mask_of(run_lengths(ring), tmp_path), ring)


def test_compressed_run_lengths_give_their_pixels(tmp_path: Path) -> None:
    # COCO's text form of the counts 0, 40, 2360 is "0", "X1" (8 + 32 x 1), "hY2" (24 + 32 x 9
    # + 1024 x 2): each group of five bits plus 48, and 32 more if another follows.
    mask = mask_of({"size": [HEIGHT, WIDTH], "counts": "0X1hY2"}, tmp_path)

    np.testing.assert_array_equal(mask, box_mask((0, 0, 1, 40)))


def test_compressed_differences_are_added_up(tmp_path: Path) -> None:
    # 5, 3, 10, 4, 2378: from the fourth on less the one before the last, so 4 - 3 = 1 and
    # 2378 - 10 = 2368 = 0 + 32 x 10 + 1024 x 2.
    mask = mask_of({"size": [HEIGHT, WIDTH], "counts": "53:1PZ2"}, tmp_path)

    assert np.flatnonzero(mask.ravel(order="F")).tolist() == [5, 6, 7, 18, 19, 20, 21]


def test_compressed_differences_may_be_negative(tmp_path: Path) -> None:
    # 5, 30, 5, 20, 2340: 20 - 30 = -10 = 22 - 32, 2340 - 5 = 2335 = 31 + 32 x 8 + 1024 x 2; 30
    # takes two groups, as its fifth bit would be a sign.
    mask = mask_of({"size": [HEIGHT, WIDTH], "counts": "5n05FoX2"}, tmp_path)

    assert np.flatnonzero(mask.ravel(order="F")).tolist() == [*range(5, 35), *range(40, 60)]


@pytest.mark.parametrize(
    "outline",
    [
        {"size": [HEIGHT, WIDTH], "counts": [0, 40]},
        {"size": [HEIGHT, WIDTH], "counts": []},
        {"size": [HEIGHT, WIDTH], "counts": [2500, -100]},
        {"size": [WIDTH, HEIGHT], "counts": [0, 40, 2360]},
        {"size": [HEIGHT, WIDTH], "counts": "zzzz"},
        {"size": [HEIGHT, WIDTH], "counts": ""},
    ],
)
def test_run_lengths_that_do_not_fill_the_picture_are_refused(
    outline: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="annotation 9: expected run lengths of 40 rows and 60"):
        mask_of(outline, tmp_path)


def test_polygons_are_kept_as_machine_numbers(tmp_path: Path) -> None:
    path = write_instances(
        tmp_path / "i.json", ["cup"], [(1, "a.jpg")], [(9, 1, "cup", polygon(BOX))]
    )

    outline = read_coco(path).images[1].annotations[0].segmentation

    assert outline == (array("d", polygon(BOX)[0]),)


def test_a_scene_tells_where_each_annotation_went_and_leaves_out_what_has_no_pixel(
    tmp_path: Path,
) -> None:
    path = write_instances(
        tmp_path / "i.json",
        ["couch", "dog"],
        [(1, "a.jpg")],
        [
            (7, 1, "dog", polygon((0, 0, 0, 0))),
            (8, 1, "couch", polygon(BOX)),
            (9, 1, "dog", polygon((40, 0, 50, 5))),
        ],
        crowds=(9,),
    )
    index = read_coco(path)

    scene, places = annotated_scene(IMAGE, index.images[1].annotations, index, "a")

    assert places == {8: 0, 9: 1}
    couch, dog = scene.objects
    assert (couch.names, couch.hypernyms) == (("couch", "sofa"), ("furniture",))
    assert (couch.countable, dog.countable) == (True, False)
    assert scene.closed_names == {"couch", "dog"}
    assert {"dog", "animal"} <= scene.hidden_names
    assert "couch" not in scene.hidden_names


def test_a_thing_too_small_is_there_but_hidden() -> None:
    # 0.0005 of 40 x 60 = 2400 pixels is 1.2 pixels.
    outlines = [array("d", polygon((x, 0, x + width, 1))[0]) for x, width in ((0, 1), (10, 2))]
    annotations = [Annotation(i, "cup", (outline,), False) for i, outline in enumerate(outlines)]
    index = read_index_of("cup")

    scene, places = annotated_scene(IMAGE, annotations, index, "a")

    assert places == {0: 0, 1: 1}
    assert [thing.countable for thing in scene.objects] == [False, True]
    assert scene.hidden_names == {"cup"}


def read_index_of(category: str) -> Any:
    from textseg_core.datasets.coco import CocoIndex

    return CocoIndex(Path("instances.json"), {}, (category,))


def test_run_lengths_of_another_size_name_file_and_annotation() -> None:
    bad = Annotation(33, "cup", {"size": [2, 2], "counts": [0, 4]}, False)

    with pytest.raises(ValueError, match=r"instances\.json: annotation 33: expected run lengths"):
        annotated_scene(IMAGE, [bad], read_index_of("cup"), "a")


@pytest.mark.parametrize(
    "change",
    [
        {"images": [{"id": 1}]},
        {"images": None},
        {"categories": []},
        {"annotations": [5]},
        {"annotations": [{"image_id": 1, "category_id": 10}]},
        {"annotations": [{"image_id": 1, "category_id": 10, "segmentation": {"size": [1, 1]}}]},
        {"annotations": [{"image_id": 1, "category_id": 10, "segmentation": [["x"]]}]},
        {
            "annotations": [
                {"image_id": 1, "category_id": 10, "segmentation": {"size": [1, 1], "counts": 5}}
            ]
        },
    ],
)
def test_a_damaged_annotation_file_is_named_with_its_address(
    change: dict[str, Any], tmp_path: Path
) -> None:
    path = write_instances(
        tmp_path / "i.json", ["cup"], [(1, "a.jpg")], [(9, 1, "cup", polygon(BOX))]
    )
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(ValueError, match=r"i\.json is not a COCO instances .*cocodataset\.org"):
        read_coco(path)
