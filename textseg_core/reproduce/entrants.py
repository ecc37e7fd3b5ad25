"""Which systems stand in one table, and how they come to learn the same for as long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from textseg_core.reproduce.systems import CONFIGS, SYSTEMS, Row, System

#: Rendered scenes for everybody, a tenth of them asked for table, floor and wall too.
MIXTURE = "{scenes: 0.9, stuff: 0.1}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrant:
    """One system of the table.

    Attributes:
        system: How it is trained, and its rows.
        labels: What each row is called in the table.
        changes: To its settings, for a run of minutes, as `--set` takes them.
    """

    system: System
    labels: tuple[str, ...]
    changes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Those that one network answers to by itself."""
        return tuple(row for row in self.system.rows if not row.dense_crf)


_COMPACT = System(
    paper="",
    table="",
    network="compact",
    config="train_compare.yaml",
    rows=(Row(system="compact"),),
)

# Its SGD has learnt nothing after the few hundred steps that minutes allow.
_HU_IN_MINUTES = ("optimiser=adam", "rate=0.001", "weight_decay=0.00001")

ENTRANTS: Mapping[str, Entrant] = MappingProxyType(
    {
        "compact": Entrant(system=_COMPACT, labels=("ours, compact",)),
        "hu2016": Entrant(
            system=SYSTEMS["hu2016"],
            labels=("Hu et al. 2016, low resolution", "Hu et al. 2016, high resolution"),
            # Narrow layers as the other systems' files have them.
            changes=(
                *_HU_IN_MINUTES,
                *(f"model.{name}_channels=128" for name in ("embedding", "expression", "hidden")),
            ),
        ),
        # The paper's network at its own width, to be compared at its own cost. Few have VGG-16's
        # weights at hand, so that it starts without.
        "hu2016_vgg16": Entrant(
            system=SYSTEMS["hu2016"],
            labels=(
                "Hu et al. 2016, VGG-16 from random weights, low resolution",
                "Hu et al. 2016, VGG-16 from random weights, high resolution",
            ),
            changes=(
                "model.backbone=vgg16",
                "ablate=[backbone]",
                *_HU_IN_MINUTES,
            ),
        ),
        "whole_image": Entrant(system=SYSTEMS["whole_image"], labels=("whole image",)),
        "per_word": Entrant(
            system=SYSTEMS["per_word"],
            labels=("per word, average", "per word, intersection", "per word, union"),
        ),
        "scrc": Entrant(system=SYSTEMS["scrc"], labels=("SCRC, box", "SCRC, GrabCut")),
        "grounder": Entrant(
            system=SYSTEMS["grounder"], labels=("GroundeR, box", "GroundeR, GrabCut")
        ),
        "segment_proposals": Entrant(
            system=SYSTEMS["segment_proposals"], labels=("classification of segments",)
        ),
        "rmi": Entrant(system=SYSTEMS["rmi"], labels=("RMI",), changes=("rate=0.001",)),
        "rmi_lstm": Entrant(
            system=SYSTEMS["rmi_lstm"], labels=("RMI's baseline, LSTM",), changes=("rate=0.001",)
        ),
        "mattnet": Entrant(
            system=SYSTEMS["mattnet"], labels=("MAttNet",), changes=("rate=0.001",)
        ),
        "chen2019": Entrant(
            system=SYSTEMS["chen2019"], labels=("Chen et al. 2019",), changes=("rate=0.001",)
        ),
        "hulanet": Entrant(system=SYSTEMS["hulanet"], labels=("HULANet",)),
    }
)


def training_arguments(
    entrant: Entrant, *, scenes: Sequence[Path], data: Path | None, minutes: float, input_px: int
) -> list[str]:
    """Return the arguments of `textseg_core.training.train` for one system, but `--out`.

    Network, optimiser, batch and losses stay as the system's file in `config` has them; what is
    learnt from, its size and the time are the same for all.

    Args:
        entrant: With a network.
        scenes: Folders of rendered scenes.
        data: Holds `backbones/`; None to start from random weights.
        minutes: Of one core, however busy that is.
        input_px: Side of the networks' input.
    """
    from textseg_core.training.settings_file import load_settings

    config = CONFIGS / entrant.system.config
    changes = [
        *entrant.system.changes,
        *entrant.changes,
        "workers=0",
        "clock=core",
        "save_minutes=1",
        "validate_minutes=1000000",
        "validation_scenes=24",
    ]
    for place in range(len(load_settings(config).stages)):
        changes += [
            f"stages.{place}.input_px={input_px}",
            f"stages.{place}.mixture={MIXTURE}",
        ]
    if data is None:
        changes.append("ablate=[backbone]")
    settings = [word for change in changes for word in ("--set", change)]
    return [
        *("--config", str(config)),
        *(() if data is None else ("--data", str(data))),
        *("--scenes", *(str(folder) for folder in scenes)),
        *("--device", "cpu", "--threads", "1", "--minutes", str(minutes)),
        *settings,
    ]
