import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn, optim

from textseg_core.training.settings import TrainSettings
from textseg_core.training.state import (
    LOG_FILE,
    STATE_FILE,
    Progress,
    read_state,
    save_state,
    trim_log,
)

CPU = torch.device("cpu")
WORDS = ["<pad>", "red", "mug"]
PROGRESS = Progress(step=7, drawn=28, stage=1, run_min=2.5, best=0.25)


def save(folder: Path, **settings: Any) -> nn.Linear:
    network, average = nn.Linear(2, 1), nn.Linear(2, 1)
    optimiser = optim.AdamW(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    given = TrainSettings(**{"steps": 10, **settings})
    save_state(folder, PROGRESS, given, WORDS, network, average, optimiser)
    return network


def read(folder: Path, words: list[str] = WORDS, **settings: Any) -> dict[str, Any]:
    return read_state(folder, TrainSettings(**{"steps": 10, **settings}), words, CPU)


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    network = save(tmp_path, losses={"mask": 2.0}, licences=(4, 5))

    state = read(tmp_path, losses={"mask": 2.0}, licences=(4, 5))

    assert state["progress"] == PROGRESS
    assert state["words"] == WORDS
    assert torch.equal(state["network"]["weight"], network.weight)
    assert state["optimiser"]["state"][0]["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


def test_what_does_not_change_the_learning_may_change_between_parts(tmp_path: Path) -> None:
    save(tmp_path, workers=2, part_minutes=8.0)

    state = read(tmp_path, workers=0, save_minutes=9.0, validate_minutes=1.0)

    assert state["progress"].step == 7


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, "seed was 0, is 1"),
        ({"steps": 11}, "steps was 10, is 11"),
        ({"ablate": ("attention",)}, r"ablate was \[\], is \['attention'\]"),
        ({"most": {"scenes": 3}}, r"most was \{\}, is \{'scenes': 3\}"),
    ],
)
def test_other_settings_are_refused_by_name(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    save(tmp_path)

    with pytest.raises(ValueError, match=rf"{told}; start a new run from --init .*last\.safet"):
        read(tmp_path, **change)


def test_words_that_the_run_never_knew_are_refused(tmp_path: Path) -> None:
    save(tmp_path)

    assert read(tmp_path, WORDS[:2])["words"] == WORDS
    with pytest.raises(ValueError, match=r"does not know jar, can \(2 words in all\)"):
        read(tmp_path, ["jar", *WORDS, "can"])


def test_a_missing_state_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"last\.state\.pt is missing: .* without --resume"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no state", "cut"])
def test_a_damaged_state_is_named(tmp_path: Path, content: bytes | str) -> None:
    save(tmp_path)
    path = tmp_path / STATE_FILE
    path.write_bytes(path.read_bytes()[:-900] if isinstance(content, str) else content)

    with pytest.raises(ValueError, match=r"last\.state\.pt is damaged .*--init"):
        read(tmp_path)


def test_the_log_loses_what_will_be_done_again_and_keeps_validations_that_are_done(
    tmp_path: Path,
) -> None:
    noted: list[dict[str, Any]] = [{"step": step, "loss": 1.0} for step in range(4)]
    noted.insert(2, {"step": 2, "validation": {"score": 0.5}})  # after steps 0 and 1
    noted.append({"step": 4, "validation": {"score": 0.6}})
    lines = [json.dumps(line) for line in noted]
    path = tmp_path / LOG_FILE
    path.write_text("\n".join([*lines, '{"step": 1, "lo']), encoding="utf-8")

    trim_log(tmp_path, 2)

    assert path.read_text(encoding="utf-8").splitlines() == lines[:3]


def test_a_run_without_a_log_has_nothing_to_trim(tmp_path: Path) -> None:
    trim_log(tmp_path, 2)

    assert not list(tmp_path.iterdir())
