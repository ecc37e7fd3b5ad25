import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from textseg_core.training.journal import FLUSH_STEPS, Journal
from textseg_core.training.state import LOG_FILE, Progress


def note(journal: Journal, step: int, mask: float = 0.25, scenes: int = 4) -> None:
    parts = {"mask": torch.tensor(mask, requires_grad=True), "coarse": torch.tensor(0.5)}
    where = Progress(step=step, run_min=1.5)
    journal.step(where, done=0.123456, rate=1 / 3, parts=parts, scenes=scenes, wait_s=0.0)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text("utf-8").splitlines()]


def test_every_step_has_a_line_with_the_parts_of_its_loss(tmp_path: Path) -> None:
    with Journal(tmp_path, 0, active=True) as journal:
        note(journal, 0)
        note(journal, 1, mask=1.0)
        journal.flush()

        first, second = lines(tmp_path)
    speed = first.pop("scenes_per_s")
    assert speed > 0
    assert first == {
        "step": 0,
        "minutes": 1.5,
        "progress": 0.12346,
        "rate": 0.3333,
        "loss": 0.75,
        "mask": 0.25,
        "coarse": 0.5,
        "waiting": 0.0,
    }
    assert (second["step"], second["loss"]) == (1, 1.5)
    assert list((tmp_path / "tensorboard").glob("events.*"))


def test_a_network_whose_loss_has_no_part_of_the_mask_has_lines_too(tmp_path: Path) -> None:
    with Journal(tmp_path, 0, active=True) as journal:
        parts = {"ranking": torch.tensor(0.5)}
        journal.step(Progress(), done=0.1, rate=0.1, parts=parts, scenes=4, wait_s=0.0)
        journal.flush()

        (line,) = lines(tmp_path)
    assert (line["loss"], line["ranking"]) == (0.5, 0.5)


def test_losses_stay_on_the_device_for_a_few_steps(tmp_path: Path) -> None:
    with Journal(tmp_path, 0, active=True) as journal:
        for step in range(FLUSH_STEPS - 1):
            note(journal, step)
        assert lines(tmp_path) == []
        note(journal, FLUSH_STEPS - 1)
        assert len(lines(tmp_path)) == FLUSH_STEPS


def test_throughput_leaves_out_what_came_before_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("textseg_core.training.journal.time.monotonic", lambda: now[0])
    with Journal(tmp_path, 0, active=True) as journal:
        now[0] = 100.0
        journal.flush()  # a validation ends
        note(journal, 0, scenes=6)
        now[0] = 103.0
        journal.flush()

    assert lines(tmp_path)[0]["scenes_per_s"] == 2.0


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_run_at_its_step(
    tmp_path: Path, bad: float, active: bool
) -> None:
    with Journal(tmp_path, 0, active=active) as journal:
        note(journal, 5)
        note(journal, 6, mask=bad)
        with pytest.raises(RuntimeError, match=r"at step 6 .*mask.* lower rate"):
            journal.flush()


def test_processes_that_do_not_lead_write_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "run", 0, active=False) as journal:
        note(journal, 0)
        journal.flush()
        journal.scores(1, {"score": 0.5}, {"score": 0.4})
        journal.picture(1, np.zeros((4, 4, 3), np.uint8))

    assert not (tmp_path / "run").exists()


def test_a_resumed_run_replaces_the_steps_that_it_does_again(tmp_path: Path) -> None:
    for first, last in ((0, 5), (3, 6)):
        with Journal(tmp_path, first, active=True) as journal:
            for step in range(first, last):
                note(journal, step, mask=float(first))
            journal.flush()

    assert [(line["step"], line["mask"]) for line in lines(tmp_path)] == [
        *((0, 0.0), (1, 0.0), (2, 0.0)),
        *((3, 3.0), (4, 3.0), (5, 3.0)),
    ]


def test_validations_and_pictures_are_kept(tmp_path: Path) -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 250
    with Journal(tmp_path, 0, active=True) as journal:
        journal.scores(9, {"scenes": 0.51239, "score": 0.5}, {"score": 0.61239})
        journal.scores(10, {}, {})
        journal.picture(9, red)
        journal.picture(10, None)

    assert lines(tmp_path) == [
        {
            "step": 9,
            "validation": {"scenes": 0.5124, "score": 0.5},
            "validation_unaveraged": {"score": 0.6124},
        }
    ]
    (path,) = (tmp_path / "pictures").iterdir()
    assert path.name == "step_000009.jpg"
    blue, _, red_again = cv2.imread(str(path))[4, 4]
    assert (blue < 10, red_again > 240) == (True, True)
