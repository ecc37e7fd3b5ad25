"""Trains or takes a system, asks it about a data set, and prints its published table with ours."""

import argparse
import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from textseg_core.datasets.described import Described
from textseg_core.datasets.registry import DATA_SETS, Request, open_data_set
from textseg_core.evaluation.report import as_typed
from textseg_core.model_info import load_model_info
from textseg_core.reproduce import training
from textseg_core.reproduce.beside import page, published_table
from textseg_core.reproduce.figures import PublishedTable
from textseg_core.reproduce.measure import answers, measurements
from textseg_core.reproduce.small import (
    DRAWN,
    TEST_SCENES,
    TRAIN_SCENES,
    write_drawn,
    write_small_settings,
)
from textseg_core.reproduce.systems import CONFIGS, FINAL, SYSTEMS, Row, System

SMALL_STEPS = 150
_PER_PICTURE = 6


def measured(options: argparse.Namespace, given: Sequence[str]) -> str:
    """Train or take a system, ask it about a data set, and return the page."""
    system = SYSTEMS[options.system]
    chosen = _chosen_row(system, options.variant)
    _check(options)
    table = published_table(system)
    out = options.out or Path(tempfile.mkdtemp(prefix=f"textseg-{options.system}-"))
    if options.small:
        pictures, split, partition = _drawn(out, options)
    else:
        pictures, split, partition = _pictures(options, table)
    asked = pictures if options.most is None else pictures[: options.most]
    part = "" if len(asked) == len(pictures) else f"the first {len(asked)} pictures"
    weights: Path | None = options.weights
    if not system.network:
        models: dict[Row, Path | None] = dict.fromkeys(system.rows)
    elif weights is not None:
        models = {**training.given_models(system, weights, chosen, out / "models")}
    else:
        arguments = _small_training(system, options, out) if options.small else []
        arguments = arguments or _training(system, options, partition)
        checkpoints = training.train_system(system, arguments, out / "run")
        models = {**training.export_rows(system.rows, checkpoints, out / "models")}
        weights = checkpoints[FINAL]
    if options.variant is not None:
        models = {row: model for row, model in models.items() if row == chosen}
    data = DRAWN if options.small else options.data
    counted = 0
    ours = {}
    for row, model in models.items():
        records = answers(model, asked, dense_crf=row.dense_crf)
        counted = len(records)
        ours[row] = measurements(
            records, table, data=data, split=split, partition=partition, part=part
        )
    backbone, trained = _training_told(system, models)
    where = " ".join(filter(None, (data, partition, split)))
    lines = [
        f"## {options.system} on {where}",
        "",
        f"- command: `{as_typed('textseg reproduce', given)}`",
        f"- {counted} expressions about {len(asked)} pictures{f', {part}' if part else ''}",
        *trained,
        f"- files: {out}",
    ]
    told = "\n".join(lines) + "\n\n" + page(table, ours, backbone)
    if system.comprehends and weights is not None:
        told += "\n" + _comprehended(weights, asked)
    return told


def _comprehended(weights: Path, pictures: Sequence[Described]) -> str:
    """Return tables of choosing among true things and among found ones, on the same pictures."""
    if weights.suffix != ".safetensors":
        return (
            "Choosing among true things is not measured: a model directory takes no boxes; give "
            "--weights a run's .safetensors.\n"
        )
    from textseg_core.evaluation.comprehension import (
        accuracy_table,
        comprehend_pictures,
        mask_table,
    )

    found = comprehend_pictures(weights, pictures)
    if not found:
        return "Choosing among true things is not measured: no expression means one thing.\n"
    return "\n\n".join(made(found).markdown() for made in (accuracy_table, mask_table)) + "\n"


def _training_told(system: System, models: Mapping[Row, Path | None]) -> tuple[str, list[str]]:
    """Return the backbone of the models, and a line on their training; neither if unknown."""
    told = [load_model_info(model).about for model in models.values() if model]
    # Of one run: the weights of its middle, those of a low resolution, know fewer steps.
    about = max(told, key=lambda known: int(str(known.get("step") or 0)), default={})
    settings = about.get("training")
    if not isinstance(settings, dict):
        return "", []
    model = settings.get("model")
    backbone = str(model.get("backbone", system.backbone)) if isinstance(model, dict) else ""
    start = (
        "from scratch" if "backbone" in settings.get("ablate", ()) else "from ImageNet's weights"
    )
    on = f" on {backbone}" if backbone else ""
    return backbone, [
        f"- trained for {about.get('step')} steps, {about.get('minutes')} min{on}, {start}"
    ]


def _check(options: argparse.Namespace) -> None:
    """Refuse options that contradict each other."""
    if options.small:
        wrong = [
            name for name in ("folder", "split", "most") if getattr(options, name) is not None
        ]
        if wrong or options.data not in (None, DRAWN):
            named = ", ".join(f"--{name}" for name in wrong) or f"--data {options.data}"
            raise ValueError(f"--small draws its own pictures, got {named}; leave it out")
    elif options.data is None or options.folder is None:
        raise ValueError(
            "expected --data NAME and --folder FOLDER, or --small, which needs neither"
        )


def _chosen_row(system: System, variant: str | None) -> Row:
    rows = {row.name: row for row in system.rows}
    if variant is None:
        return system.rows[-1] if system.network == "hu2016" else system.rows[0]
    if variant not in rows:
        raise ValueError(f"--variant must be one of {', '.join(rows)}, got {variant!r}")
    return rows[variant]


def _drawn(out: Path, options: argparse.Namespace) -> tuple[tuple[Described, ...], str, str]:
    """Draw the pictures of a small run; return those that are asked about."""
    if options.weights is None and SYSTEMS[options.system].network:
        write_drawn(out, "train", TRAIN_SCENES)
    folder = write_drawn(out, "test", TEST_SCENES)
    return open_data_set("rendered", Request(folder=folder, count=_PER_PICTURE)), "test", ""


def _pictures(
    options: argparse.Namespace, table: PublishedTable
) -> tuple[tuple[Described, ...], str, str]:
    """Open a data set; return its pictures, its split and who divided it."""
    if options.data not in DATA_SETS:
        raise ValueError(f"unknown data set {options.data!r}; expected {', '.join(DATA_SETS)}")
    split, partition = chosen_part(table, options.data, options.split or "", options.partition)
    request = Request(
        folder=options.folder, split=split, partition=partition, images=options.images
    )
    pictures = open_data_set(options.data, request)
    for picture in pictures[:1]:
        picture.load()  # so that missing folders are told before hours of training
    return pictures, split, partition


def chosen_part(
    table: PublishedTable, data: str, split: str = "", partition: str = ""
) -> tuple[str, str]:
    """Return which split of which partition of a data set is asked.

    What is not named is what the table has figures of, the test split or else val first; of a
    data set that it does not have, the usual partition, and test or else val.

    Args:
        table: As published.
        data: A key of `DATA_SETS`.
        split: As named; empty if not.
        partition: As named; empty if not.
    """
    known = DATA_SETS[data]
    published = [one.condition for one in table.figures if one.condition.data == data]
    if not partition:
        theirs = {one.partition for one in published}
        partition = _first(known.partitions, theirs)
    if not split:
        tried = [name for name in ("test", "val") if name in known.splits]
        theirs = {one.split for one in published if one.partition == partition}
        split = _first(tried, theirs)
    return split, partition


def _first(names: Sequence[str], wanted: Collection[str]) -> str:
    """Return the first name that is wanted, else the first one, or nothing of none."""
    return next((name for name in names if name in wanted), next(iter(names), ""))


def _small_training(system: System, options: argparse.Namespace, out: Path) -> list[str]:
    config = write_small_settings(out / "train.yaml", system, options.steps or SMALL_STEPS)
    return ["--config", str(config), "--scenes", str(out / "train"), "--device", "cpu"]


def _training(system: System, options: argparse.Namespace, partition: str) -> list[str]:
    """Return the arguments of a training on the data set's own training split."""
    config = options.config or CONFIGS / system.config
    if not config.is_file():
        raise ValueError(f"{config}: no such settings; name a file with --config")
    described: dict[str, str] = {"format": options.data, "folder": str(options.folder)}
    if "train" in DATA_SETS[options.data].splits:
        described["split"] = "train"
    if partition:
        described["partition"] = partition
    if options.images:
        described["images"] = str(options.images)
    changes = [*system.changes, f"described=[{json.dumps(described)}]"]
    changes += [f"stages.{place}.mixture={{described: 1}}" for place in range(_stages(config))]
    arguments = ["--config", str(config)]
    if options.pretrained is None:
        changes.append("ablate=[backbone]")
    else:
        arguments += ["--data", str(options.pretrained)]
    for name in ("steps", "minutes"):
        if getattr(options, name) is not None:
            arguments += [f"--{name}", str(getattr(options, name))]
    for change in [*changes, *options.changes]:
        arguments += ["--set", change]
    return arguments


def _stages(config: Path) -> int:
    from textseg_core.training.settings_file import load_settings

    return len(load_settings(config).stages)
