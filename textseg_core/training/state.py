"""What a run leaves on disk, so that it can be used and taken up again where it ended."""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim

from textseg_core.training.settings import TrainSettings
from textseg_core.training.settings_file import plain

STATE_FILE = "last.state.pt"
LAST_FILE = "last.safetensors"
BEST_FILE = "best.safetensors"
LOG_FILE = "log.jsonl"
# What may differ between the parts of a run without changing what it learns.
_FREE = (
    *("part_minutes", "workers", "save_minutes", "validate_minutes", "validation_scenes"),
    "described",
)


@dataclass(slots=True)
class Progress:
    """Where a run is.

    Attributes:
        step: Steps that are done.
        drawn: Samples that all processes have drawn.
        stage: Index of the stage of the last step.
        run_min: Minutes over all parts.
        best: Best validation score of this stage; negative if there is none.
    """

    step: int = 0
    drawn: int = 0
    stage: int = 0
    run_min: float = 0.0
    best: float = -1.0


def save_state(
    folder: Path,
    progress: Progress,
    settings: TrainSettings,
    words: Sequence[str],
    network: nn.Module,
    average: nn.Module,
    optimiser: optim.Optimizer,
) -> None:
    """Write everything that a resumed run needs; the file appears whole or not at all.

    Randomness needs nothing: that of a step follows from the seed and the step's number.
    """
    state = {
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
        "settings": json.dumps(plain(settings)),
        "words": list(words),
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{STATE_FILE}.")
    os.close(descriptor)
    try:
        torch.save(state, temporary)
        Path(temporary).replace(folder / STATE_FILE)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read_state(
    folder: Path, settings: TrainSettings, words: Sequence[str], device: torch.device
) -> dict[str, Any]:
    """Read a state and make sure that it is of the same run.

    Args:
        folder: Of the run.
        settings: That the resumed run is to have.
        words: That the sources and ImageNet's labels need now; a run that began with trained
            weights may know more.
        device: For the tensors.

    Returns:
        `progress`, `words`, and the state dicts `network`, `average` and `optimiser`.

    Raises:
        ValueError: If there is none, it is damaged, or its run had other settings or words.
    """
    path = folder / STATE_FILE
    state = _load(folder, device)
    earlier, known = state["settings"], set(state["words"])
    now = json.loads(json.dumps(plain(settings)))
    changed = [
        key for key in now if key in earlier and key not in _FREE and now[key] != earlier[key]
    ]
    if changed:
        told = "; ".join(f"{key} was {earlier.get(key)!r}, is {now[key]!r}" for key in changed)
        raise ValueError(
            f"{path}: a resumed run keeps its settings, but {told}; "
            f"start a new run from --init {folder / LAST_FILE}"
        )
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ValueError(
            f"{path}: the run does not know {', '.join(unknown[:5])} ({len(unknown)} words in "
            "all), as its folders named other things when it began; start a new run from "
            f"--init {folder / LAST_FILE}"
        )
    return state


def saved_step(folder: Path) -> int:
    """Return the step at which a run would be taken up again; ValueError if it cannot be."""
    progress: Progress = _load(folder, torch.device("cpu"))["progress"]
    return progress.step


def _load(folder: Path, device: torch.device) -> dict[str, Any]:
    path = folder / STATE_FILE
    if not path.is_file():
        raise ValueError(f"{path} is missing: start the run without --resume")
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        state["progress"] = Progress(**state["progress"])
        state["settings"] = json.loads(state["settings"])
        state["words"] = list(state["words"])
    except Exception as error:  # torch raises many kinds for a damaged file
        # What torch says beside that would have its reader switch a safeguard off.
        raise ValueError(
            f"{path} is damaged or something else ({type(error).__name__}); delete it and start "
            f"again, or from --init {folder / LAST_FILE}"
        ) from error
    return state


def trim_log(folder: Path, step: int) -> None:
    """Drop what the log holds of steps that will be done again.

    A validation after so many steps has been done; it stays.
    """
    path = folder / LOG_FILE
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if _first_step_after(line) <= step)
    temporary = path.with_suffix(".part")
    temporary.write_text(kept, encoding="utf-8")
    temporary.replace(path)


def _first_step_after(line: str) -> float:
    """Return where a run goes on after a line of its log; infinite if the line was cut off."""
    try:
        noted = json.loads(line)
        return float(noted["step"]) + ("validation" not in noted)
    except (ValueError, KeyError, TypeError):
        return float("inf")
