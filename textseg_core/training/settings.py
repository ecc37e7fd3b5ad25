"""Training settings, frozen; `settings_file` reads them from YAML."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textseg_core.config import check_share

SOURCES = ("scenes", "stuff", "photographs", "pasted", "tables", "described", "weak")
ABLATIONS = ("coordinates", "attention", "presence", "photographs", "negatives", "backbone")
PRECISIONS = ("bf16", "fp32")
OPTIMISERS = ("own", "adam")
CLOCKS = ("wall", "core")
LIMITED = ("scenes", "photographs")
LOSSES = {
    "mask": 1.0,
    "coarse": 0.5,
    "presence": 0.3,
    "several": 0.2,
    "agreement": 0.1,
    "weak": 0.0,
    "roi": 1.0,
    "response": 1.0,
    "caption": 1.0,
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
        clock: What minutes are: `wall` time, or `core` time, which this process had of the
            processor, however busy that is; without workers, whose work it leaves out.
        steps: Length of the run in steps; None to follow the clock.
        part_minutes: End cleanly after so long, to be resumed; None to go on to the end.
        stages: One after the other.
        rate: Top learning rate.
        optimiser: `own`, the network's as published; `adam` in place of the SGD of hu2016, which
            needs tens of thousands of steps. The others' own is of Adam's family.
        backbone_share: Of the rate, for the backbone.
        weight_decay: AdamW's, on weights only.
        warm_up: Share of the run in which the rate rises.
        average: Decay of the weights' moving average.
        clip: Longest gradient.
        precision: `bf16` (autocast) or `fp32`.
        losses: Weight of each part of the loss, keys of `LOSSES`.
        ablate: What is left out, of `ABLATIONS`.
        licences: COCO licence ids of the photographs to use; None for all.
        most: How many scenes or photographs to learn from at most, keys of
            `LIMITED`; for learning curves.
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
    clock: str = "wall"
    steps: int | None = None
    part_minutes: float | None = None
    stages: tuple[Stage, ...] = field(default_factory=lambda: (Stage(),))
    rate: float = 1e-3
    optimiser: str = "own"
    backbone_share: float = 0.1
    weight_decay: float = 0.05
    warm_up: float = 0.04
    average: float = 0.998
    clip: float = 1.0
    precision: str = "bf16"
    losses: Mapping[str, float] = field(default_factory=dict)
    ablate: tuple[str, ...] = ()
    licences: tuple[int, ...] | None = None
    most: Mapping[str, int] = field(default_factory=dict)
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
        if self.clock not in CLOCKS:
            raise ValueError(f"clock must be one of {CLOCKS}, got {self.clock!r}")
        if self.clock == "core" and self.workers:
            raise ValueError(
                f"clock 'core' leaves out what workers do: expected workers 0, got {self.workers}"
            )
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser must be one of {OPTIMISERS}, got {self.optimiser!r}")
        if self.optimiser != "own" and self.network != "hu2016":
            raise ValueError(
                f"optimiser {self.optimiser!r} is for network hu2016; {self.network} has its own, "
                "of Adam's family"
            )
        check_names("ablate", self.ablate, ABLATIONS)
        check_names("losses", self.losses, LOSSES)
        for name, weight in self.losses.items():
            _check_number(f"losses.{name}", weight)
        check_names("most", self.most, LIMITED)
        for name, most in self.most.items():
            _check_whole(f"most.{name}", most, least=1)
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

    def done_in_stage(self, progress: float) -> float:
        """Return which share of its stage is done, 0..1, after a share of the run."""
        stage = self.stage_at(progress)
        begun = sum(earlier.share for earlier in self.stages[:stage])
        return (progress - begun) / self.stages[stage].share


def check_names(name: str, given: Any, accepted: Any) -> None:
    """Refuse names that are not accepted; ValueError says which and what would be."""
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
