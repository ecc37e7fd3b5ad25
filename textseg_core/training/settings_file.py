"""Reads training settings from YAML, with changes from the command line on top."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from textseg_core.config import read_mapping
from textseg_core.training.settings import Stage, TrainSettings, check_names


def load_settings(path: Path, overrides: Sequence[str] = ()) -> TrainSettings:
    """Read settings; what neither the file nor an override names keeps its default.

    Args:
        path: YAML file.
        overrides: `key=value` with a dotted key and a YAML value: `stages.0.batch=8`.

    Raises:
        ValueError: If a key or a value is wrong; names the file or the override.
    """
    values: dict[str, Any] = dict(read_mapping(path))
    for override in overrides:
        _override(values, override)
    try:
        return settings_from(values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def settings_from(values: Mapping[str, Any]) -> TrainSettings:
    """Return settings from plain values, as YAML holds them."""
    check_names("settings", values, [item.name for item in fields(TrainSettings)])
    kept = dict(values)
    for name in ("stages", "described"):
        if name in kept:
            if not isinstance(kept[name], Sequence) or isinstance(kept[name], str):
                raise ValueError(f"{name} must be a list, got {kept[name]!r}")
            kept[name] = tuple(kept[name])
    for name in ("ablate", "licences"):
        if isinstance(kept.get(name), list):
            kept[name] = tuple(kept[name])
    stages = []
    for stage in kept.get("stages", ()):
        if not isinstance(stage, Mapping):
            raise ValueError(f"a stage must be lines 'key: value', got {stage!r}")
        check_names("stages", stage, [item.name for item in fields(Stage)])
        stages.append(Stage(**stage))
    if stages:
        kept["stages"] = tuple(stages)
    return TrainSettings(**kept)


def plain(settings: TrainSettings) -> dict[str, Any]:
    """Return settings as values that JSON and YAML hold; `settings_from` undoes it."""
    values: dict[str, Any] = {
        item.name: getattr(settings, item.name) for item in fields(TrainSettings)
    }
    values["stages"] = [
        {item.name: getattr(stage, item.name) for item in fields(Stage)}
        | {"mixture": dict(stage.mixture)}
        for stage in settings.stages
    ]
    for name in ("model", "losses", "most"):
        values[name] = dict(values[name])
    values["ablate"] = list(settings.ablate)
    values["described"] = [dict(item) for item in settings.described]
    values["licences"] = None if settings.licences is None else list(settings.licences)
    return values


def _override(values: dict[str, Any], override: str) -> None:
    """Put one `key=value` into nested values."""
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise ValueError(f"expected key=value, got {override!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{override!r}: {text!r} is not YAML") from error
    if isinstance(value, str):  # YAML 1.1 takes 1e-3 for a word
        with contextlib.suppress(ValueError):
            value = float(value)
    *path, last = key.split(".")
    place: Any = values
    try:
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"{override!r}: the settings have no {key}") from error
