"""Counts of right objects among true masks, and the lists that people wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

import textseg_core.evaluation
from textseg_core.evaluation.questions import AMBIGUOUS, read_questions
from textseg_core.evaluation.right_object import (
    MASKS,
    answer_scene,
    is_right,
    main,
    shares,
    wrong_answers,
)
from textseg_core.scenes.scene import Query, Scene, SceneObject

HAND_WRITTEN = Path(textseg_core.evaluation.__file__).parent / "hand_written"


def block(x: int, name: str) -> SceneObject:
    mask = np.zeros((40, 120), np.bool_)
    mask[10:30, x : x + 20] = True
    return SceneObject((name,), mask)


SCENE = Scene(
    np.zeros((40, 120, 3), np.uint8),
    (block(5, "mug"), block(50, "bowl"), block(95, "mug")),
    frozenset(),
    scene_id="000001_0",
)
QUERIES = [
    Query("the mug left of the bowl", (0,), "relation"),
    Query("the mug right of the bowl", (0,), "relation"),
    Query("the mug", (), "absent"),
    Query("the kettle", (), "absent"),
    Query("the mug", (0, 2), "ambiguous", several=True),
    Query("the mug", (0,), "place"),
    Query("the mugs", (0, 2), "plural"),
]


def test_the_right_thing_alone_counts() -> None:
    (records,) = answer_scene(SCENE, QUERIES).values()

    # The last but one is ambiguous: the thing is shown, but another with it.
    assert [is_right(one) for one in records] == [True, False, False, True, True, False, True]


def test_shares_stand_by_kind_and_over_all_and_errors_are_listed() -> None:
    records = answer_scene(SCENE, QUERIES)

    table = shares(records)

    cells = {row[0]: (row[1], row[2].split()[0]) for row in table.rows}
    assert cells["relation"] == cells["absent"] == ("2", "0.500")
    assert cells["all"] == ("7", "0.571")
    assert wrong_answers(records)[0] == (
        f"{MASKS}; 000001_0; relation; the mug right of the bowl; found"
    )


def test_depth_is_judged_where_the_picture_has_it() -> None:
    depth = np.ones((40, 120), np.float32)
    scene = Scene(
        SCENE.image, SCENE.objects, frozenset(), scene_id="000001_0", depth=depth,
        intrinsics=np.array([[100.0, 0, 60], [0, 100.0, 20], [0, 0, 1]]),
    )  # fmt: skip

    assert list(answer_scene(scene, QUERIES[:1])) == ["masks", "masks and depth"]


def test_of_a_command_the_target_is_looked_for() -> None:
    query = Query("hand me the mug left of the bowl", (0,), "relation")

    records = answer_scene(SCENE, [query])

    assert wrong_answers(records) == []
    assert records[MASKS][0].expression == query.expression


@pytest.mark.parametrize(("name", "count"), [("1", 200), ("2", 66), ("3", 194)])
def test_the_lists_that_were_written_by_hand_are_whole(name: str, count: int) -> None:
    questions = [
        one
        for pictures in ("scenes", "photographs")
        for one in read_questions(HAND_WRITTEN / f"{pictures}_{name}.json")
    ]

    assert len(questions) == count
    assert all(bool(one.query.targets) == (one.target_px > 0) for one in questions)
    assert all(bool(one.query.targets) == (one.query.kind != "absent") for one in questions)
    assert all(one.query.several == (one.query.kind == AMBIGUOUS) for one in questions)
    assert len({(one.scene, one.query.expression) for one in questions}) == count


def test_no_two_lists_share_a_picture() -> None:
    first, second, third = [
        {entry["scene"] for name in ("scenes", "photographs") for entry in
         json.loads((HAND_WRITTEN / f"{name}_{part}.json").read_text())}
        for part in "123"
    ]  # fmt: skip
    assert not first & second
    assert not third & (first | second)


def test_a_folder_without_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"scenes\.json is missing"):
        main(["--scenes", str(tmp_path)])
