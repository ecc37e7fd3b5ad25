"""Trains a system and exports every row's model; torch is imported only when this is asked for."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from textseg_core.model_info import DESCRIPTION_FILE
from textseg_core.reproduce.systems import FINAL, LOW_RESOLUTION, Row, System


def train_system(system: System, arguments: Sequence[str], out: Path) -> dict[str, Path]:
    """Train and return the checkpoints by what `Row.weights` calls them.

    Args:
        system: With a network.
        arguments: Of `textseg_core.training.train`, but `--out`; with `--resume` the run goes on.
        out: Folder of the run.

    Raises:
        ValueError: If a setting, folder or file is wrong.
        RuntimeError: If the training was stopped before its end.
    """
    given = [*arguments, "--out", str(out)]
    # What a training tells goes where it is no part of the page.
    with redirect_stdout(sys.stderr):
        return _trained(system, given, out)


def _trained(system: System, given: list[str], out: Path) -> dict[str, Path]:
    from textseg_core.training.command import parse_command
    from textseg_core.training.parallel import join_team
    from textseg_core.training.run import open_run
    from textseg_core.training.state import BEST_FILE, LAST_FILE
    from textseg_core.training.train import train

    low = any(row.weights == LOW_RESOLUTION for row in system.rows)
    with join_team(parse_command(given).device) as team:
        run = open_run(parse_command(given), team)
        # At the second stage's beginning the answers of the first are enlarged bilinearly, which
        # is the published row of low resolution.
        checkpoints: dict[str, Path] = {}
        between = out / "low_resolution.safetensors"
        if low and not run.progress.stage:
            train(run, lambda: run.progress.stage > 0)
            shutil.copyfile(out / LAST_FILE, between)
        finished = train(run)
        if low and between.is_file():
            checkpoints[LOW_RESOLUTION] = between
    # A run without pictures kept for choosing has no best weights, only its last ones.
    best = out / BEST_FILE
    checkpoints[FINAL] = best if best.exists() else out / LAST_FILE
    if not finished:
        raise RuntimeError(f"the training in {out} did not come to its end")
    return checkpoints


def export_rows(
    rows: Sequence[Row], checkpoints: Mapping[str, Path], out: Path
) -> dict[Row, Path]:
    """Export a model directory for each row whose weights are there; rows may share one.

    Raises:
        ValueError: If a checkpoint is damaged or of another network.
    """
    from textseg_core.models import registry
    from textseg_core.models.checkpoint import load_checkpoint
    from textseg_core.runtime.export import export

    made: dict[Row, Path] = {}
    exported: dict[tuple[str, tuple[tuple[str, str], ...]], Path] = {}
    for row in rows:
        if row.weights not in checkpoints:
            continue
        key = (row.weights, tuple(sorted(row.model.items())))
        if key not in exported:
            checkpoint = load_checkpoint(checkpoints[row.weights])
            settings = {**checkpoint.settings, **row.model}
            network = registry.build(checkpoint.name, **settings)
            network.load_state_dict(checkpoint.state)
            exported[key] = out / row.name
            print(f"exporting {exported[key]}", file=sys.stderr)
            export(
                network.eval(),
                checkpoint.vocabulary,
                exported[key],
                threshold=checkpoint.extra.get("threshold", 0.5),
                presence_threshold=checkpoint.extra.get("presence_threshold"),
                about=checkpoint.extra,
            )
        made[row] = exported[key]
    return made


def given_models(system: System, weights: Path, chosen: Row, out: Path) -> dict[Row, Path]:
    """Return the models of weights that the user has.

    Args:
        system: Whose weights they are.
        weights: A checkpoint of it, of which every row is exported, or a model directory, which
            is one row.
        chosen: The row that a model directory is.
        out: Folder for exports.

    Raises:
        ValueError: If it is neither, or of another network.
    """
    if (weights / DESCRIPTION_FILE).is_file():
        from textseg_core.model_info import load_model_info

        name = load_model_info(weights).name
        _check_network(system, name, weights)
        return {chosen: weights}
    if weights.suffix != ".safetensors" or not weights.is_file():
        raise ValueError(
            f"{weights}: expected a model directory or a .safetensors file of a training run"
        )
    from textseg_core.models.checkpoint import load_checkpoint

    _check_network(system, load_checkpoint(weights).name, weights)
    return export_rows([row for row in system.rows if row.weights == FINAL], {FINAL: weights}, out)


def _check_network(system: System, name: str, weights: Path) -> None:
    if name != system.network:
        raise ValueError(f"{weights} is a network {name!r}, expected {system.network!r}")
