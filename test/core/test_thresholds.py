from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from drawn_scenes import BLOCKS, block_scene, write_scenes

from textseg_core.evaluation.questions import Question
from textseg_core.evaluation.thresholds import (
    MASK_THRESHOLDS,
    Choice,
    Trial,
    choose,
    main,
    try_thresholds,
    update_description,
)
from textseg_core.scenes.scene import Query
from textseg_core.segmenter import Segmenter

FLAT = (0.5,) * len(MASK_THRESHOLDS)


def there(score: float, ious: tuple[float, ...] = FLAT) -> Trial:
    return Trial(True, score, ious)


def absent(score: float) -> Trial:
    return Trial(False, score, ())


def test_presence_is_cut_in_the_middle_of_what_separates() -> None:
    choice = choose([there(0.7), there(0.9), absent(0.1), absent(0.3)])

    # Every threshold from 0.32 to 0.70 is right in all cases; the middle of 0.32 .. 0.70 is 0.52.
    assert choice.presence_threshold == 0.52
    assert (choice.t_acc, choice.n_acc) == (1.0, 1.0)


def test_presence_does_not_depend_on_how_many_absent_things_are_asked_for() -> None:
    trials = [there(0.7), there(0.4), there(0.9), absent(0.1), absent(0.5)]

    assert choose([*trials, *trials[3:] * 20]) == choose(trials)


def test_the_mask_threshold_is_that_of_the_greatest_mean_iou_of_what_is_answered() -> None:
    low = tuple(1.0 if at == 0.3 else 0.2 for at in MASK_THRESHOLDS)
    high = tuple(0.9 if at == 0.7 else 0.2 for at in MASK_THRESHOLDS)

    # The second one is refused, so only the first counts.
    choice = choose([there(0.9, high), there(0.05, low), absent(0.1), absent(0.2)])

    assert choice.threshold == 0.7
    assert choice.mean_iou == pytest.approx(0.45)
    assert choice.t_acc == 0.5


def test_of_equal_mask_thresholds_the_one_nearest_to_a_half_is_taken() -> None:
    assert choose([there(0.9), absent(0.1)]).threshold == 0.5


def test_a_network_that_does_not_say_what_is_there_refuses_nothing() -> None:
    low = tuple(1.0 if at == 0.1 else 0.2 for at in MASK_THRESHOLDS)

    # Its scores are greatest responses, by which nothing is refused when it answers.
    choice = choose([there(0.15, low), there(0.3, low), absent(0.4), absent(0.2)], refuses=False)

    assert (choice.threshold, choice.presence_threshold) == (0.1, 0.0)
    assert (choice.mean_iou, choice.t_acc, choice.n_acc) == (1.0, 1.0, 0.0)


def test_without_both_sorts_of_expression_nothing_can_be_chosen() -> None:
    with pytest.raises(ValueError, match="others that mean nothing, got 1 and 0"):
        choose([there(0.9)])


def test_every_threshold_is_tried_on_the_response(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    scene = block_scene("a", BLOCKS[0])
    questions = [
        Question(0, "a", Query("the red block", (0,), "colour"), 1024),
        Question(0, "a", Query("the blue block", (), "absent"), 0),
        Question(0, "a", Query("a block", (0, 1), "ambiguous", several=True), 2624),
    ]
    segmenter = build_segmenter(colour_backend(), presence_threshold=0.0)

    found, missing = try_thresholds(segmenter, [scene], questions)

    assert (found.there, missing.there, missing.ious) == (True, False, ())
    assert found.score > 0.99
    assert missing.score < 0.01
    assert len(found.ious) == len(MASK_THRESHOLDS)
    # A higher threshold can only take pixels away, and at 0.5 the block fits nearly.
    assert found.ious[MASK_THRESHOLDS.index(0.5)] > 0.97
    assert len(set(found.ious)) > 1


def test_only_the_two_lines_of_the_description_change(model_directory: Path) -> None:
    path = model_directory / "model.yaml"
    before = yaml.safe_load(path.read_text(encoding="utf-8"))

    update_description(model_directory, Choice(0.35, 0.62, 0.8, 0.9, 0.9))

    after = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert after == {**before, "threshold": 0.35, "presence_threshold": 0.62}


def test_a_description_without_the_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("name: x\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"model\.yaml: expected one line 'threshold: "):
        update_description(tmp_path, Choice(0.35, 0.62, 0.8, 0.9, 0.9))


def test_the_command_writes_what_it_prints(
    tmp_path: Path, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scenes(tmp_path / "val", "train", *BLOCKS)

    main(["--scenes", str(folder), "--weights", str(model_directory), "--update"])

    printed = yaml.safe_load(capsys.readouterr().out)
    described = yaml.safe_load((model_directory / "model.yaml").read_text(encoding="utf-8"))
    assert {key: described[key] for key in printed} == printed
    assert set(printed) == {"threshold", "presence_threshold"}


def test_test_scenes_are_refused(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "scenes", "test", *BLOCKS)

    with pytest.raises(SystemExit, match=r"split 'test', expected 'train'"):
        main(["--scenes", str(folder)])
