"""Lists weights and systems: `textseg models`."""

import json
import os
from pathlib import Path
from typing import Any

import click


@click.command(short_help="list weights and systems, with licence, size and figures")
@click.argument("directories", nargs=-1, type=click.Path(path_type=Path), metavar="[DIRECTORY]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models(directories: tuple[Path, ...], as_json: bool) -> int:
    """List weights and systems, with licence, size and figures.

    The weights that are shipped, those of each model DIRECTORY, the pretrained open-vocabulary
    models that can stand in their place, and the published systems that can be trained here. The
    exit status is 1 if weights are missing or damaged.
    """
    from textseg_core.model_info import SHIPPED_WEIGHTS

    weights = [describe(SHIPPED_WEIGHTS, shipped=True)]
    weights += [describe(directory, shipped=False) for directory in directories]
    listed = {"weights": weights, "pretrained": pretrained(), "systems": systems()}
    if as_json:
        click.echo(json.dumps(listed, indent=1))
    else:
        _show(listed)
    faulty = [one for one in weights if one["fault"]]
    for one in faulty:
        click.echo(f"textseg models: {one['fault']}", err=True)
    return 1 if faulty else 0


def describe(directory: Path, *, shipped: bool) -> dict[str, Any]:
    """Return what is known of a model directory.

    Args:
        directory: As `textseg export` writes it.
        shipped: Whether the model card is that of these weights.
    """
    from textseg_core.model_card import find_card, read_card
    from textseg_core.model_info import VOCABULARY_FILE, load_model_info, verify_files

    said: dict[str, Any] = {"path": str(directory), "shipped": shipped, "fault": ""}
    try:
        info = load_model_info(directory)
        verify_files(directory, info)
        words = (directory / VOCABULARY_FILE).read_text(encoding="utf-8").splitlines()
    except (RuntimeError, ValueError, OSError) as error:
        return {**said, "fault": str(error)}
    size = sum(path.stat().st_size for path in directory.iterdir() if path.is_file())
    card = find_card() if shipped else None
    read = None if card is None else read_card(card)
    validation = info.about.get("validation")
    return {
        **said,
        "name": info.name,
        "megabytes": round(size / 1e6, 1),
        "input": f"RGB {info.input_px} x {info.input_px}, at most {info.tokens} words",
        "words": len(words),
        "checksums": len(info.sha256),
        "licence": "as you give it" if read is None else read.facts.get("Licence", "not stated"),
        "figures": {} if read is None else read.figures,
        "validation": validation if isinstance(validation, dict) else {},
    }


def pretrained() -> list[dict[str, Any]]:
    """Return the models of `transformers` that can be used, and whether they are here."""
    from textseg_core.adapters.cards import CARDS, PREFIX

    return [
        {
            "weights": f"{PREFIX}{name}",
            "networks": [
                {
                    "repository": one.repository,
                    "licence": one.licence,
                    "gated": one.gated,
                    "here": _is_here(one.repository),
                }
                for one in networks
            ],
        }
        for name, networks in CARDS.items()
    ]


def _is_here(repository: str) -> bool:
    """Return whether the hub's cache on this machine holds a snapshot."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    snapshots = cache / f"models--{repository.replace('/', '--')}" / "snapshots"
    return snapshots.is_dir() and any(snapshots.iterdir())


def systems() -> list[dict[str, Any]]:
    """Return the published systems that are built here, with the paper of each."""
    from textseg_core.reproduce.published import published
    from textseg_core.reproduce.systems import SYSTEMS

    papers = {paper.key: paper for paper in published()}
    return [
        {
            "name": name,
            "paper": papers[system.paper].title,
            "year": papers[system.paper].year,
            "config": system.config,
            "command": f"textseg reproduce --system {name}",
        }
        for name, system in SYSTEMS.items()
    ]


def _show(listed: dict[str, Any]) -> None:
    click.echo("Weights (--weights, or the parameter `weights`):")
    for one in listed["weights"]:
        if one["fault"]:
            click.echo(f"  {one['path']}: cannot be used; see below")
            continue
        shipped = " (shipped)" if one["shipped"] else ""
        click.echo(f"  {one['name']}{shipped}: {one['path']}")
        click.echo(
            f"    {one['megabytes']} MB, {one['checksums']} checksums right; {one['input']}; "
            f"knows {one['words']} words"
        )
        click.echo(f"    licence: {one['licence']}")
        for what, figure in one["figures"].items():
            click.echo(f"    {figure:>6}  {what}")
        for what, figure in {} if one["figures"] else one["validation"].items():
            click.echo(f"    {figure:>6}  validation: {what}")
    click.echo("\nPretrained, with pip install 'textseg-ros[hub]'; weights are the user's to get:")
    for one in listed["pretrained"]:
        click.echo(f"  {one['weights']}")
        for network in one["networks"]:
            place = "on this machine" if network["here"] else "not on this machine"
            gated = ", access on request" if network["gated"] else ""
            click.echo(f"    {network['repository']}: {network['licence']}{gated}; {place}")
    click.echo("\nPublished systems, to be trained here:")
    for one in listed["systems"]:
        click.echo(f"  {one['name']:<18} {one['paper']} ({one['year']})")
