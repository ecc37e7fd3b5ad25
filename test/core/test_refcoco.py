import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published import (
    CUPS,
    box_mask,
    python2_pickle,
    reference,
    write_picture,
    write_refer_folder,
)

from textseg_core.datasets.refcoco import belongs, load_grefcoco, load_refcoco
from textseg_core.scenes.scene import target_mask

REFERENCES = [
    reference(1, 581857, 20, "train", "left cup", "cup by the wall"),
    reference(2, 7, 40, "testA", "the cup"),
    reference(3, 581857, 10, "train", "dog"),
    reference(4, 581857, 30, "testAB", "right cup"),
    reference(5, 7, 40, "val", "cup"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """RefCOCO of two pictures, divided by UNC."""
    folder = write_refer_folder(tmp_path)
    (folder / "refs(unc).p").write_bytes(python2_pickle(REFERENCES))
    return folder


def test_a_split_has_its_pictures_and_expressions_without_opening_any_picture(
    folder: Path,
) -> None:
    for path in folder.parent.rglob("*.jpg"):
        path.unlink()

    (described,) = load_refcoco(folder, "train")

    assert (described.source, described.key) == ("refcoco", "581857")
    assert described.expressions == ("left cup", "cup by the wall", "dog")
    assert described.image_path == (
        folder.parent / "images/mscoco/images/train2014/COCO_train2014_000000581857.jpg"
    )


def test_every_expression_means_its_annotation(folder: Path) -> None:
    scene, queries = load_refcoco(folder, "train")[0].load()

    masks = [target_mask(scene, query) for query in queries]

    np.testing.assert_array_equal(masks[0], box_mask(CUPS[20]))
    np.testing.assert_array_equal(masks[1], box_mask(CUPS[20]))
    np.testing.assert_array_equal(masks[2], box_mask((40, 20, 55, 35)))
    assert {query.kind for query in queries} == {"referring"}


def test_other_things_of_the_picture_are_objects_too(folder: Path) -> None:
    scene, _ = load_refcoco(folder, "train")[0].load()

    assert [thing.names[0] for thing in scene.objects] == ["dog", "cup", "cup"]
    assert scene.scene_id == "refcoco/581857"


def test_loading_twice_gives_the_same(folder: Path) -> None:
    described = load_refcoco(folder, "train")[0]

    assert described.load()[1] == described.load()[1]


def test_an_index_can_be_pickled_for_other_processes(folder: Path) -> None:
    described = pickle.loads(pickle.dumps(load_refcoco(folder, "train")))[0]

    assert len(described.load()[1]) == 3


@pytest.mark.parametrize(
    ("split", "marks"),
    [
        ("train", {"train"}),
        ("val", {"val"}),
        ("testA", {"testA", "testAB", "testAC"}),
        ("testB", {"testB", "testAB"}),
        ("test", {"test", "testA", "testB", "testAB", "testAC"}),
        ("testAB", {"testAB"}),
    ],
)
def test_test_splits_match_by_letter(split: str, marks: set[str]) -> None:
    every = {"train", "val", "test", "testA", "testB", "testAB", "testAC"}

    assert {mark for mark in every if belongs(split, mark)} == marks


def test_pictures_come_in_the_order_of_the_list(folder: Path) -> None:
    described = load_refcoco(folder, "testA")

    assert [item.key for item in described] == ["7", "581857"]


def test_pictures_may_lie_in_a_named_folder(folder: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "elsewhere" / "COCO_train2014_000000000007.jpg", level=200)

    (described,) = load_refcoco(folder, "val", images=tmp_path / "elsewhere")

    assert described.load()[0].image[0, 0].tolist() == [200, 200, 200]


def test_a_missing_picture_is_named_with_the_address_of_the_pictures(folder: Path) -> None:
    (described,) = load_refcoco(folder, "val", images=folder / "none")

    with pytest.raises(ValueError, match=r"000000000007\.jpg: expected .*zips/train2014\.zip"):
        described.load()


@pytest.mark.parametrize(("source", "partition"), [("refcocog", "umd"), ("refcocog", "google")])
def test_each_set_has_its_partitions(tmp_path: Path, source: str, partition: str) -> None:
    folder = write_refer_folder(tmp_path, source)
    (folder / f"refs({partition}).p").write_bytes(python2_pickle(REFERENCES))

    (described,) = load_refcoco(folder, "val", source=source, partition=partition)

    assert described.source == source


def test_refcocog_is_divided_by_umd_unless_told_otherwise(tmp_path: Path) -> None:
    folder = write_refer_folder(tmp_path, "refcocog")

    with pytest.raises(ValueError, match=r"refs\(umd\)\.p is missing: .*lichengunc/refer"):
        load_refcoco(folder, source="refcocog")


def test_a_partition_that_nobody_made_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="divided by unc, got 'umd'"):
        load_refcoco(folder, source="refcoco+", partition="umd")


def test_a_split_that_the_file_lacks_is_refused_with_those_it_has(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"no split 'testC'; it has testA, testAB, train, val"):
        load_refcoco(folder, "testC")


class _Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("harm",))


def test_a_malicious_list_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "refs(unc).p").write_bytes(pickle.dumps([_Harm()], 2))

    with pytest.raises(ValueError, match=r"refs\(unc\)\.p is not a list of referring .*mkdir"):
        load_refcoco(folder)
    assert not (folder / "harm").exists()


@pytest.mark.parametrize(
    "content", [{"refs": []}, [5], [{"split": "train"}], [REFERENCES[0] | {"sentences": [{}]}]]
)
def test_a_list_of_something_else_is_named(folder: Path, content: Any) -> None:
    (folder / "refs(unc).p").write_bytes(python2_pickle(content))

    with pytest.raises(ValueError, match=r"refs\(unc\)\.p is not a list of referring expression"):
        load_refcoco(folder)


@pytest.mark.parametrize(
    ("record", "lacks"),
    [
        (reference(1, 3, 20, "train", "cup"), "picture 3"),
        (reference(1, 7, 20, "train", "cup"), "annotation 20 of picture 7"),
    ],
)
def test_annotation_of_another_release_is_refused(
    folder: Path, record: dict[str, Any], lacks: str
) -> None:
    (folder / "refs(unc).p").write_bytes(python2_pickle([record]))

    with pytest.raises(ValueError, match=rf"instances\.json is not .* it lacks {lacks}"):
        load_refcoco(folder)


@pytest.fixture
def grefcoco(tmp_path: Path) -> Path:
    """A gRefCOCO with expressions about two things, one and none."""
    folder = write_refer_folder(tmp_path, "grefcoco")
    references = [
        reference(1, 581857, [20, 30], "val", "both cups"),
        reference(2, 581857, [-1], "val", "the elephant"),
        reference(3, 581857, [10], "val", "the dog"),
        reference(4, 581857, 30, "val", "right cup"),
        reference(5, 7, [50], "testA", "speck"),
        reference(6, 7, [40, 50], "testA", "everything"),
    ]
    (folder / "grefs(unc).json").write_text(json.dumps(references))
    return folder


def test_expressions_mean_several_things_one_or_none(grefcoco: Path) -> None:
    scene, queries = load_grefcoco(grefcoco, "val")[0].load()

    found = {query.expression: query for query in queries}
    both = box_mask(CUPS[20]) | box_mask(CUPS[30])
    np.testing.assert_array_equal(target_mask(scene, found["both cups"]), both)
    assert {text: (len(query.targets), query.kind) for text, query in found.items()} == {
        "both cups": (2, "plural"),
        "the elephant": (0, "absent"),
        "the dog": (1, "referring"),
        "right cup": (1, "referring"),
    }
    assert not any(query.several for query in queries)


def test_what_has_no_pixel_is_left_out_and_never_taken_for_absent(grefcoco: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"grefcoco/7: 'speck' is left out"):
        _, queries = load_grefcoco(grefcoco, "testA")[0].load()

    (query,) = queries
    assert (query.expression, query.targets) == ("everything", (0,))


def test_a_missing_list_names_its_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"grefs\(unc\)\.json is missing.*henghuiding/gRefCOCO"):
        load_grefcoco(tmp_path)
