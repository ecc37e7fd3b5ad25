"""The comparison of network, reasoner and both counts the same expressions for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.evaluation.questions import Question
from textseg_core.evaluation.reasoned import answer_scene, compare, main, some_of_each
from textseg_core.evaluation.records import judge_mask
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.segmenter import Segmenter

RED = (255, 0, 0)


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


def test_of_a_command_the_target_is_reasoned_on() -> None:
    command = Query("bring the mug left of the bowl to the mug on the right", (0,), "relation")

    (record,) = answer_scene(SCENE, [command], None)["true masks"]

    assert record.iou == 1.0


def test_of_a_command_the_network_s_instances_are_of_the_target(
    colour_backend: Callable[..., Any],
    build_segmenter: Callable[..., Segmenter],
    draw_blocks: Callable[..., UInt8Array],
) -> None:
    image = draw_blocks(96, 192, (16, 32, 32, 32, RED), (128, 32, 32, 32, RED))
    blocks = []
    for x in (16, 128):
        mask = np.zeros((96, 192), np.bool_)
        mask[32:64, x : x + 32] = True
        blocks.append(SceneObject(("block",), mask))
    scene = Scene(image, tuple(blocks), frozenset(), scene_id="000001_0")
    segmenter = build_segmenter(colour_backend(several=8.0))

    records = answer_scene(
        scene,
        [Query("bring the right red block to the left red block", (1,), "place")],
        segmenter,
        truth=False,
    )

    # The network knows colours alone and shows both; the rules know which is to the right.
    assert records["network"][0].iou == pytest.approx(0.5, abs=0.05)
    assert records["together"][0].iou > 0.9


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
