import json
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published import box_mask, corners, task, write_phrasecut

from textseg_core.datasets.phrasecut import count_parts, draw_polygons, load_phrasecut
from textseg_core.scenes.scene import target_mask

CUP, OTHER = corners((2, 3, 11, 12)), corners((20, 3, 29, 12))


def test_a_phrase_means_all_its_instances(tmp_path: Path) -> None:
    tasks = [task(9, "9__1", "red cups", [[CUP], [OTHER]], attributes=["red"])]

    scene, queries = load_phrasecut(write_phrasecut(tmp_path, tasks), "val")[0].load()

    both = box_mask((2, 3, 12, 13)) | box_mask((20, 3, 30, 13))
    np.testing.assert_array_equal(target_mask(scene, queries[0]), both)
    assert [thing.names for thing in scene.objects] == [("cups",), ("cups",)]
    assert (queries[0].targets, queries[0].several) == ((0, 1), False)


def test_one_asked_for_where_several_fit_is_marked(tmp_path: Path) -> None:
    tasks = [
        task(9, "a", "cup", [[CUP], [OTHER]]),
        task(9, "b", "cup", [[CUP]]),
        task(9, "c", "cups", [[CUP], [OTHER]]),
    ]

    _, queries = load_phrasecut(write_phrasecut(tmp_path, tasks), "val")[0].load()

    assert [query.several for query in queries] == [True, False, False]


def test_polygons_of_one_instance_are_joined(tmp_path: Path) -> None:
    folder = write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP, OTHER]])])

    scene, queries = load_phrasecut(folder, "val")[0].load()

    assert len(scene.objects) == 1
    assert target_mask(scene, queries[0]).sum() == 200


def test_outlines_belong_to_the_region_and_corners_are_cut_to_whole_pixels() -> None:
    # The evaluation of the data set draws int(x), int(y), outline included: 10.9 counts as 10.
    square = array("d", [1.9, 2.9, 4.2, 2.1, 4.9, 5.5, 1.1, 5.9])

    mask = draw_polygons((square,), 10, 10)

    np.testing.assert_array_equal(mask, box_mask((1, 2, 5, 6), 10, 10))


def test_a_polygon_of_one_corner_is_nothing_and_of_two_a_line() -> None:
    assert not draw_polygons((array("d", [3, 3]),), 8, 8).any()
    np.testing.assert_array_equal(
        draw_polygons((array("d", [1, 3, 5, 3]),), 8, 8), box_mask((1, 3, 6, 4), 8, 8)
    )


@pytest.mark.parametrize(
    ("structure", "kind"),
    [
        ({}, "category"),
        ({"attributes": ["red"]}, "attribute"),
        ({"relation_descriptions": [["on", "table"]]}, "relation"),
        (
            {"attributes": ["red"], "relation_descriptions": [["on", "table"]]},
            "attribute and relation",
        ),
    ],
)
def test_the_kind_is_what_the_phrase_is_made_of(
    tmp_path: Path, structure: dict[str, Any], kind: str
) -> None:
    folder = write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]], **structure)])

    assert load_phrasecut(folder, "val")[0].load()[1][0].kind == kind


def test_a_query_knows_the_parts_of_its_phrase(tmp_path: Path) -> None:
    structure = {"attributes": ["red"], "relation_descriptions": [["on", "wooden table"]]}
    folder = write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]], **structure)])

    (query,) = load_phrasecut(folder, "val")[0].load()[1]

    assert query.parts == (
        ("attribute", "red"),
        ("category", "cup"),
        ("predicate", "on"),
        ("support", "wooden table"),
    )


def test_names_and_attributes_are_counted(tmp_path: Path) -> None:
    tasks = [
        task(9, "a", "red cup", [[CUP]], name="cup", attributes=["red"]),
        task(4, "b", "dog", [[CUP]]),
        task(9, "c", "Cup", [[OTHER]]),
    ]

    counts = count_parts(write_phrasecut(tmp_path, tasks), "val")

    assert counts == {"category": {"cup": 2, "dog": 1}, "attribute": {"red": 1}}


@pytest.mark.parametrize("name", ["image_data_split.json", "image_data_split3000.json"])
def test_both_names_of_the_picture_list_are_taken(tmp_path: Path, name: str) -> None:
    folder = write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]])], image_data=name)

    assert load_phrasecut(folder, "val")[0].expressions == ("cup",)


def test_phrases_are_gathered_by_picture_in_the_order_of_the_file(tmp_path: Path) -> None:
    tasks = [task(9, "a", "cup", [[CUP]]), task(4, "b", "dog", []), task(9, "c", "mug", [[CUP]])]

    described = load_phrasecut(write_phrasecut(tmp_path, tasks), "val")

    assert [(item.key, item.expressions) for item in described] == [
        ("9", ("cup", "mug")),
        ("4", ("dog",)),
    ]


def test_splits_can_be_joined(tmp_path: Path) -> None:
    write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]])], "miniv")
    write_phrasecut(
        tmp_path, [task(4, "b", "dog", [[CUP]]), task(9, "c", "red cup", [[CUP]])], "val"
    )

    described = load_phrasecut(tmp_path, "val_miniv")

    assert [item.expressions for item in described] == [("dog",), ("red cup", "cup")]


def test_a_phrase_without_a_pixel_is_left_out(tmp_path: Path) -> None:
    folder = write_phrasecut(tmp_path, [task(9, "a", "cup", [[[[3, 3]]]])])

    with pytest.warns(RuntimeWarning, match="phrasecut/9: 'cup' is left out"):
        scene, queries = load_phrasecut(folder, "val")[0].load()

    assert (scene.objects, queries) == ((), ())


def test_a_missing_file_is_named_with_its_address(tmp_path: Path) -> None:
    write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]])])

    with pytest.raises(ValueError, match=r"refer_train\.json is missing.*PhraseCutDataset"):
        load_phrasecut(tmp_path, "train")
    (tmp_path / "image_data_split3000.json").unlink()
    with pytest.raises(
        ValueError, match=r"split3000\.json is missing.* or image_data_split\.json"
    ):
        load_phrasecut(tmp_path, "val")


@pytest.mark.parametrize(
    "content", [[5], {"a": 1}, [{"task_id": 1}], [task(9, "a", "cup", [[[1, 2]]])]]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: Any) -> None:
    write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]])])
    (tmp_path / "refer_val.json").write_text(json.dumps(content))

    with pytest.raises(ValueError, match=r"refer_val\.json is not a list of PhraseCut tasks"):
        load_phrasecut(tmp_path, "val")


def test_a_picture_unknown_to_the_list_is_an_error(tmp_path: Path) -> None:
    write_phrasecut(tmp_path, [task(9, "a", "cup", [[CUP]])])
    (tmp_path / "image_data_split3000.json").write_text("[]")

    with pytest.raises(ValueError, match="it lacks picture 9"):
        load_phrasecut(tmp_path, "val")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="splits are train, val, test, miniv, got 'testA'"):
        load_phrasecut(tmp_path, "testA")
