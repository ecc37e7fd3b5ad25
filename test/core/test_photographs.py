"""The benchmark on drawn photographs of coloured blocks, answered by the network of conftest.

The categories are called "red", "green" and "blue", so that network knows them by name.
"""

from pathlib import Path

import numpy as np
import pytest
from drawn import box_mask, polygon, run_lengths, write_photos

from textseg_core.datasets.photos import is_held_out, load_photos
from textseg_core.evaluation.metrics import MEAN_IOU, N_ACC, T_ACC
from textseg_core.evaluation.photographs import (
    PhotoScenes,
    baseline_records,
    baseline_table,
    main,
    scene_of,
)
from textseg_core.evaluation.questions import Question, draw_questions
from textseg_core.evaluation.records import judge_mask, read_results
from textseg_core.scenes.scene import Query

NAMES = ["red", "green", "blue"]
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
HELD_OUT = [image_id for image_id in range(50) if is_held_out(image_id)]
TRAINED = next(image_id for image_id in range(50) if not is_held_out(image_id))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three held-out pictures of 96 x 96 with blocks along the network's cells, one other."""
    blocks = [
        [("red", (8, 8, 40, 40)), ("green", (56, 48, 88, 88))],
        [("red", (8, 8, 32, 32)), ("red", (48, 48, 88, 88))],
        [("green", (16, 24, 64, 64))],
    ]
    photos = []
    for image_id, things in zip([*HELD_OUT[:3], TRAINED], [*blocks, blocks[0]], strict=True):
        image = np.zeros((96, 96, 3), np.uint8)
        for name, (x0, y0, x1, y1) in things:
            image[y0:y1, x0:x1] = COLOURS[name]
        photos.append((image_id, image, [(name, polygon(box), False) for name, box in things]))
    return write_photos(tmp_path / "photos", NAMES, *photos)


def test_only_held_out_photographs_are_asked_about_and_always_the_same(folder: Path) -> None:
    scenes = PhotoScenes(folder)

    first, second = (
        draw_questions(scenes, ["category", "absent"], per_kind=9, compositions="all")
        for _ in range(2)
    )

    assert [int(scenes[index].scene_id) for index in range(len(scenes))] == HELD_OUT[:3]
    assert [len(scenes[index].objects) for index in range(len(scenes))] == [2, 2, 1]
    assert first == second
    assert {question.index for question in first} == {0, 1, 2}


def test_small_things_crowds_and_empty_masks_are_not_asked_for(tmp_path: Path) -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    folder = write_photos(
        tmp_path / "photos",
        NAMES,
        (
            HELD_OUT[0],
            image,
            [
                ("red", polygon((0, 0, 2, 2)), False),  # 4 px of 9216 are less than 0.0005
                ("green", run_lengths(box_mask((10, 10, 40, 40), 96, 96)), True),
                ("blue", run_lengths(np.zeros((96, 96), np.bool_)), False),
            ],
        ),
    )

    scene = scene_of(load_photos(folder)[0], frozenset(NAMES))

    assert [(o.names[0], o.countable) for o in scene.objects] == [("red", False), ("green", False)]
    assert scene.hidden_names == {"red", "blue"}


def test_a_good_eye_for_colours_scores_high_where_a_colour_is_all_that_is_asked(
    folder: Path, model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"

    main(
        [
            *("--photos", str(folder), "--weights", str(model_directory)),
            *("--per-kind", "6", "--json", str(path), "--gallery", str(tmp_path / "sheets")),
        ]
    )

    records, _ = read_results(path)
    nouns = [record for record in records if record.kind == "category"]
    assert len(nouns) >= 3
    assert MEAN_IOU.of(nouns) > 0.97  # enlarging the cells rounds a block's corners off
    assert T_ACC.of(nouns) == 1.0
    assert N_ACC.of([record for record in records if record.absent]) == 1.0
    assert len(list((tmp_path / "sheets").iterdir())) == 3
    page = capsys.readouterr().out
    assert "## Held-out photographs: colours" in page
    assert "| whole image |" in page


def test_several_trainings_give_a_mean_and_a_spread(
    folder: Path, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ["--weights", str(model_directory), str(model_directory)]

    main(["--photos", str(folder), *weights, "--per-kind", "3"])

    page = capsys.readouterr().out
    assert "### Spread over 2 trainings" in page
    assert "| N-acc | 1.000 | 0.000 | 1.000 | 1.000 | 1.000 | 1.000 |" in page
    with pytest.raises(SystemExit, match="--json and --gallery take one model, got 2"):
        main(["--photos", str(folder), *weights, "--json", "results.json"])


def test_a_missing_folder_ends_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"evaluation\.photographs: .*instances\.json is missing"):
        main(["--photos", str(tmp_path)])


def test_baselines_answer_the_same_questions_without_looking(folder: Path) -> None:
    scenes = PhotoScenes(folder)
    red = Question(0, scenes[0].scene_id, Query("the red", (0,), "category"), 1024)
    absent = Question(0, scenes[0].scene_id, Query("the blue", (), "absent"), 0)

    rows = baseline_records(scenes, [red, absent])

    assert len(rows) == 9
    assert all(len(records) == 2 for records in rows.values())
    assert MEAN_IOU.of(rows["whole image"]) == pytest.approx(1024 / 9216)
    assert N_ACC.of(rows["whole image"]) == 0.0


def test_the_table_s_text(folder: Path) -> None:
    scene = PhotoScenes(folder)[0]
    red = Query("the red", (0,), "category")
    absent = Query("the blue", (), "absent")
    nothing = np.zeros((96, 96), np.bool_)
    model = [judge_mask(scene, red, scene.objects[0].mask), judge_mask(scene, absent, nothing)]
    whole = [judge_mask(scene, query, ~nothing) for query in (red, absent)]

    lines = baseline_table(model, {"whole image": whole}).markdown().splitlines()

    assert lines[2:] == [
        "| all expressions | count | mean IoU | overall IoU | prec@0.5 | prec@0.6 | prec@0.7 | "
        "prec@0.8 | prec@0.9 | T-acc | N-acc |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        "| model | 2 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |",
        "| model, nouns alone | 1 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 "
        "| 1.000 |  |",
        "| model, category | 1 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 "
        "| 1.000 |  |",
        "| model, absent | 1 |  |  |  |  |  |  |  |  | 1.000 |",
        "| whole image | 2 | 0.111 | 0.111 | 0.000 | 0.000 | 0.000 | 0.000 | 0.000 "
        "| 1.000 | 0.000 |",
        "",
        "Mean IoU is 9.00 times that of the best trivial baseline (whole image).",
    ]
