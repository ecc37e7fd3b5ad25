"""The command line of the training loop: settings from a file, changed by options."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from textseg_core.training.open_sources import Folders
from textseg_core.training.settings import TrainSettings
from textseg_core.training.settings_file import load_settings

PERMISSIVE_LICENCES = (4, 5, 7)  # CC BY, CC BY-SA, no known restrictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a call asks for.

    Attributes:
        settings: Of the run.
        folders: What it learns from.
        out: Folder of everything it writes.
        resume: Whether it goes on with the run in `out`.
        init: Checkpoint whose weights it starts from.
        embeddings: Word vectors in GloVe's format that the words start from; not read by a run
            that goes on.
        deterministic: Whether two runs are to give the same numbers.
        device: "cpu" or "cuda"; None for CUDA where there is one.
        threads: Of torch on the CPU; 0 for its own choice.
    """

    settings: TrainSettings
    folders: Folders
    out: Path
    resume: bool = False
    init: Path | None = None
    embeddings: Path | None = None
    deterministic: bool = False
    device: str | None = None
    threads: int = 0


def parse_command(arguments: list[str] | None = None) -> Command:
    """Return what the command line asks for.

    Raises:
        ValueError: If the settings are wrong, or options contradict each other.
    """
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.training.train",
        description="Train a network; see docs/training.md.",
    )
    add = parser.add_argument
    add("--config", type=Path, required=True, help="settings, YAML")
    add("--data", type=Path, help="holds photos/, surfaces/, grocery/, backbones/ as needed")
    add("--scenes", type=Path, nargs="+", default=[], help="rendered scenes")
    add("--sprites", type=Path, help="rendered cut-outs, for the source 'tables'")
    add("--out", type=Path, default=Path("runs/train"))
    add("--minutes", type=float, help="length of the whole run by the clock")
    add("--steps", type=int, help="length of the whole run in steps")
    add("--part-minutes", type=float, help="end cleanly after so long; go on with --resume")
    add("--resume", action="store_true", help="go on with the run in --out")
    add("--init", type=Path, help="checkpoint to start from; its vocabulary is extended")
    add("--embeddings", type=Path, help="word vectors to start from, GloVe's text format")
    add("--seed", type=int)
    add("--deterministic", action="store_true", help="the same numbers twice, but slower")
    add("--licenses", choices=("all", "permissive"), help="permissive: COCO licences 4, 5, 7")
    add("--licences", type=int, nargs="+", help="COCO licence ids of the photographs to use")
    add("--device", choices=("cpu", "cuda"), help="the default is CUDA where there is a device")
    add("--threads", type=int, default=0, help="threads of torch on the CPU")
    add("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(arguments)

    changes = list(given.changes)
    if given.minutes is not None and given.steps is not None:
        raise ValueError("expected --minutes or --steps, got both")
    if given.minutes is not None:
        changes += [f"minutes={given.minutes}", "steps=null"]
    if given.steps is not None:
        changes += [f"steps={given.steps}", "minutes=null"]
    if given.part_minutes is not None:
        changes.append(f"part_minutes={given.part_minutes}")
    if given.seed is not None:
        changes.append(f"seed={given.seed}")
    if given.licenses is not None and given.licences is not None:
        raise ValueError("expected --licenses or --licences, got both")
    if given.licenses is not None:
        ids = list(PERMISSIVE_LICENCES) if given.licenses == "permissive" else "null"
        changes.append(f"licences={ids}")
    if given.licences is not None:
        changes.append(f"licences={given.licences}")
    settings = load_settings(given.config, changes)
    if given.deterministic and settings.steps is None:
        raise ValueError(
            "a deterministic run counts steps, as no clock runs twice the same: give --steps N"
        )
    if given.resume and given.init is not None:
        raise ValueError("expected --resume or --init, got both")
    if given.embeddings is not None and given.init is not None:
        raise ValueError("expected --embeddings or --init, whose words have vectors, got both")
    return Command(
        settings=settings,
        folders=Folders(data=given.data, scenes=tuple(given.scenes), sprites=given.sprites),
        out=given.out,
        resume=given.resume,
        init=given.init,
        embeddings=given.embeddings,
        deterministic=given.deterministic,
        device=given.device,
        threads=given.threads,
    )
