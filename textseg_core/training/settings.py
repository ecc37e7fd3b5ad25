"""Training settings: frozen, read from YAML, each overridable on the command line."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from textseg_core.config import check_share, read_mapping

SOURCES = ("scenes", "photographs", "pasted", "tables", "described", "weak")
ABLATIONS = ("coordinates", "attention", "presence", "photographs", "negatives", "backbone")
PRECISIONS = ("bf16", "fp32")
LOSSES = {
    "mask": 1.0,
    "coarse": 0.5,
    "presence": 0.3,
    "several": 0.2,
    "agreement": 0.1,
    "weak": 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the run in which size, batch and mixture stay the same.

    Attributes:
        share: Of the whole run, in (0, 1]; the shares of all stages sum to 1.
        input_px: Side of the network's input.
        batch: Scenes per step and process.
        queries: Expressions per scene.
        frozen_layers: First blocks of the backbone that stay as they are; a network other than
            `compact` freezes its whole backbone if this is not 0.
        mixture: Weight of each source, keys of `SOURCES`.
    """

    share: float = 1.0
    input_px: int = 320
    batch: int = 12
    queries: int = 6
    frozen_layers: int = 0
    mixture: Mapping[str, float] = field(default_factory=lambda: {"scenes": 1.0})

    def __post_init__(self) -> None:
        check_share("share", self.share, closed=True)
        for name in ("input_px", "batch", "queries"):
            _check_whole(name, getattr(self, name), least=1)
        _check_whole("frozen_layers", self.frozen_layers, least=0)
        if not isinstance(self.mixture, Mapping):
            raise ValueError(f"mixture must be lines 'source: weight', got {self.mixture!r}")
        for source, weight in self.mixture.items():
            if source not in SOURCES:
                raise ValueError(f"mixture names {source!r}; sources are {', '.join(SOURCES)}")
            _check_number(f"mixture.{source}", weight)
        if not sum(self.mixture.values()) > 0:
            raise ValueError(f"mixture must have a weight above 0, got {dict(self.mixture)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """Settings of a run, as in config/train.yaml.

    Attributes:
        network: Name in the registry.
        model: Keyword arguments of the network other than its vocabulary and size.
        seed: Sample i and the randomness of step i follow from the seed and i alone.
        minutes: Length of the run by the clock, all parts together; None to count steps.
        steps: Length of the run in steps; None to follow the clock.
        part_minutes: End cleanly after so long, to be resumed; None to go on to the end.
        stages: One after the other.
        rate: Top learning rate.
        backbone_share: Of the rate, for the backbone.
        weight_decay: AdamW's, on weights only.
        warm_up: Share of the run in which the rate rises.
        average: Decay of the weights' moving average.
        clip: Longest gradient.
        precision: `bf16` (autocast) or `fp32`.
        losses: Weight of each part of the loss, keys of `LOSSES`.
        ablate: What is left out, of `ABLATIONS`.
        licences: COCO licence ids of the photographs to use; None for all.
        described: Published data sets: each {format: NAME, ...} for
            `textseg_core.datasets`.
        workers: Processes that draw samples; 0 draws them in the loop.
        save_minutes: Between two writings of the state.
        validate_minutes: Between two validations.
        validation_scenes: Most scenes of each source in a validation.
    """

    network: str = "compact"
    model: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    minutes: float | None = None
    steps: int | None = None
    part_minutes: float | None = None
    stages: tuple[Stage, ...] = field(default_factory=lambda: (Stage(),))
    rate: float = 1e-3
    backbone_share: float = 0.1
    weight_decay: float = 0.05
    warm_up: float = 0.04
    average: float = 0.998
    clip: float = 1.0
    precision: str = "bf16"
    losses: Mapping[str, float] = field(default_factory=dict)
    ablate: tuple[str, ...] = ()
    licences: tuple[int, ...] | None = None
    described: tuple[Mapping[str, Any], ...] = ()
    workers: int = 0
    save_minutes: float = 2.0
    validate_minutes: float = 5.0
    validation_scenes: int = 48

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError(
                f"expected either minutes or steps, got {self.minutes=} and {self.steps=}"
            )
        for name in ("minutes", "part_minutes"):
            if getattr(self, name) is not None:
                _check_number(name, getattr(self, name), above=0.0)
        if self.steps is not None:
            _check_whole("steps", self.steps, least=1)
        for name in ("seed", "workers"):
            _check_whole(name, getattr(self, name), least=0)
        _check_whole("validation_scenes", self.validation_scenes, least=0)
        for name in ("rate", "clip", "save_minutes", "validate_minutes"):
            _check_number(name, getattr(self, name), above=0.0)
        for name in ("backbone_share", "weight_decay"):
            _check_number(name, getattr(self, name))
        for name in ("warm_up", "average"):
            check_share(name, getattr(self, name), closed=True)
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {PRECISIONS}, got {self.precision!r}")
        _check_names("ablate", self.ablate, ABLATIONS)
        _check_names("losses", self.losses, LOSSES)
        for name, weight in self.losses.items():
            _check_number(f"losses.{name}", weight)
        total = sum(stage.share for stage in self.stages)
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"the stages' shares must sum to 1, got {total:g}")

    def loss_weight(self, part: str) -> float:
        """Return the weight of a part of the loss; 0 for what an ablation leaves out."""
        if part in ("presence", "agreement") and "presence" in self.ablate:
            return 0.0
        return self.losses.get(part, LOSSES[part])

    def stage_at(self, progress: float) -> int:
        """Return the index of the stage in which a run is after a share of it, 0..1."""
        reached = 0.0
        for index, stage in enumerate(self.stages):
            reached += stage.share
            if progress < reached - 1e-9:
                return index
        return len(self.stages) - 1


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
    _check_names("settings", values, [item.name for item in fields(TrainSettings)])
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
        _check_names("stages", stage, [item.name for item in fields(Stage)])
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
    for name in ("model", "losses"):
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


def _check_names(name: str, given: Any, accepted: Any) -> None:
    if isinstance(given, str) or not isinstance(given, (Mapping, Sequence)):
        raise ValueError(f"{name} must be a list or mapping, got {given!r}")
    unknown = [str(item) for item in given if item not in accepted]
    if unknown:
        raise ValueError(
            f"{name}: unknown {', '.join(unknown)}; accepted are {', '.join(accepted)}"
        )


def _check_whole(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")


def _check_number(name: str, value: object, above: float | None = None) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0 or value == above:  # type: ignore[arg-type,operator]
        least = "a number >= 0" if above is None else "a number above 0"
        raise ValueError(f"{name} must be {least}, got {value!r}")
