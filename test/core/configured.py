"""A run of a few steps by one of the files in `config`, made small, and the model it gives."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from drawn_data import write_data

from textseg_core.runtime import export
from textseg_core.segmenter import Segmenter
from textseg_core.training.train import main

CONFIGS = Path(__file__).parents[2] / "config"


def run_of(
    config: str,
    folder: Path,
    model: Mapping[str, object],
    *,
    stages: int = 1,
    batch: int = 2,
    steps: int = 2,
) -> Path:
    """Train on drawn data from random weights; return the run's folder."""
    data = write_data(folder / "data")
    changes: dict[str, object] = {f"model.{name}": value for name, value in model.items()}
    for stage in range(stages):
        changes |= {f"stages.{stage}.input_px": 64, f"stages.{stage}.batch": batch}
        changes |= {f"stages.{stage}.queries": 2}
    changes |= {"workers": 0, "validation_scenes": 1, "minutes": "null", "steps": steps}
    changes |= {"ablate": "[backbone]"}
    given = ["--config", str(CONFIGS / config), "--data", str(data)]
    given += ["--scenes", str(data / "scenes"), "--out", str(folder / "run"), "--device", "cpu"]
    main(
        [*given, *(part for key, value in changes.items() for part in ("--set", f"{key}={value}"))]
    )
    return folder / "run"


def assert_answers(checkpoint: Path, folder: Path) -> None:
    """Export a checkpoint and ask the model about a picture, in words that it knows."""
    assert export.main(["--checkpoint", str(checkpoint), "--out", str(folder)]) == 0
    answer = Segmenter.load(folder).segment(np.zeros((48, 64, 3), np.uint8), "the red one")
    assert answer.response_map.shape == (48, 64)
    assert answer.unknown_words == ()
