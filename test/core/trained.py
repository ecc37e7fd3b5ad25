"""Short training runs of the small configuration on a folder that the tests draw."""

import json
from pathlib import Path

from textseg_core.training.command import Command, parse_command
from textseg_core.training.parallel import join_team
from textseg_core.training.run import Run, open_run
from textseg_core.training.state import LOG_FILE
from textseg_core.training.train import train

SMALL = Path(__file__).parents[2] / "config" / "train_small.yaml"
STEPS = 20
#: The small configuration with little to calculate: 12 steps at 64 pixels, then 8 at 96.
SHRUNK = (
    "model={width: 32, lexical_width: 8, tokens: 12, layers: 1}",
    *("stages.0.input_px=64", "stages.0.batch=2", "stages.0.queries=2"),
    *("stages.1.input_px=96", "stages.1.batch=1", "stages.1.queries=2"),
    *("workers=0", "validation_scenes=1", "ablate=[backbone]", "precision=fp32"),
)


def arguments(data: Path, out: Path, *more: str, scenes: str = "scenes") -> list[str]:
    """The command line of a run on a folder that `drawn_data.write_data` wrote."""
    given = ["--config", str(SMALL), "--data", str(data), "--scenes", str(data / scenes)]
    given += ["--out", str(out), "--steps", str(STEPS), "--device", "cpu"]
    return [*given, *(part for change in SHRUNK for part in ("--set", change)), *more]


def command(data: Path, out: Path, *more: str, scenes: str = "scenes") -> Command:
    """The same, read."""
    return parse_command(arguments(data, out, *more, scenes=scenes))


def run_until(asked: Command, step: int = STEPS) -> Run:
    """Train up to a step as one part of the run."""
    with join_team("cpu") as team:
        run = open_run(asked, team)
        train(run, lambda: run.progress.step >= step)
    return run


def losses(folder: Path) -> list[tuple[int, float]]:
    """Step and loss of every line that a run logged."""
    lines = (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()
    noted = map(json.loads, lines)
    return [(line["step"], line["loss"]) for line in noted if "loss" in line]
