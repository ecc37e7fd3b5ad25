"""The comparison of network, reasoner and both counts the same expressions for each."""

from pathlib import Path

import numpy as np
import pytest

from textseg_core.evaluation.questions import Question
from textseg_core.evaluation.reasoned import answer_scene, compare, main, some_of_each
from textseg_core.evaluation.records import judge_mask
from textseg_core.scenes.scene import Query, Scene, SceneObject


def block(x: int, *names: str) -> SceneObject:
    mask = np.zeros((40, 120), np.bool_)
    mask[10:30, x : x + 20] = True
    return SceneObject(names, mask)


SCENE = Scene(
    np.zeros((40, 120, 3), np.uint8),
    (block(5, "mug"), block(50, "bowl"), block(95, "mug")),
    frozenset(),
    scene_id="000001_0",
)


def test_true_masks_are_reasoned_on_without_a_network() -> None:
    queries = [Query("the mug left of the bowl", (0,), "relation"), Query("kettle", (), "absent")]

    records = answer_scene(SCENE, queries, None)

    assert list(records) == ["true masks"]
    assert [record.iou for record in records["true masks"]] == [1.0, 1.0]


def test_some_of_each_kind_are_asked_one_of_each_picture_first() -> None:
    asked = [
        Question(picture, f"{picture:06d}_0", Query(f"{word} mug", (0,), kind), 1)
        for picture in range(3)
        for kind in ("place", "size")
        for word in ("left", "right")
    ]

    some = some_of_each(asked, 3)

    assert sorted({(one.index, one.query.kind) for one in some}) == [
        (picture, kind) for picture in range(3) for kind in ("place", "size")
    ]
    assert some == some_of_each(asked, 3)
    assert len(some) == 6


def test_the_gain_is_the_mean_difference_in_iou() -> None:
    query = Query("the left mug", (0,), "place")
    empty = np.zeros((40, 120), np.bool_)
    wrong = judge_mask(SCENE, query, empty, "000001")
    right = judge_mask(SCENE, query, SCENE.objects[0].mask, "000001")

    table = compare({"network": [wrong, wrong], "together": [wrong, right]})

    assert table.columns[:4] == ("kind", "expressions", "network", "together")
    assert table.rows[0][:4] == ("place", "2", "0.000", "0.500")
    assert table.rows[0][4].startswith("+0.500")
    assert table.rows[-1][:4] == ("mean over kinds", "2", "0.000", "0.500")


def test_a_folder_without_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"scenes\.json is missing"):
        main(["--scenes", str(tmp_path), "--of", "truth"])
