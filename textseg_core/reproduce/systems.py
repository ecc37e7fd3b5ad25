"""Which published rows each system of this repository answers to, and how it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

CONFIGS = Path(__file__).parents[2] / "config"

#: Which weights of a run a row is measured with.
FINAL, LOW_RESOLUTION = "final", "low resolution"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One published row that a trained system stands beside.

    Attributes:
        system: As the published tables name it.
        variant: As the published tables name it.
        model: Settings of the network that differ; no weight depends on them.
        dense_crf: Whether the answers are drawn to the picture's edges.
        weights: Which of the run's weights answer, `FINAL` or `LOW_RESOLUTION`.
        backbone: Of the published network; empty if it has none.
        others: Variants of the same that were published on other backbones, by these.
    """

    system: str
    variant: str = ""
    model: Mapping[str, str] = field(default_factory=dict)
    dense_crf: bool = False
    weights: str = FINAL
    backbone: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the row is called on the command line and in our tables."""
        return self.variant or self.system

    def on(self, backbone: str) -> "Row":
        """Return the row that was published on a backbone; this one if none was."""
        if backbone not in self.others:
            return self
        return replace(self, variant=self.others[backbone], backbone=backbone)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system.

    Attributes:
        paper: Key of the paper whose table it is printed in.
        table: Key of that table.
        network: In the registry; empty if nothing is trained.
        backbone: Of that network where its settings name none.
        config: Training settings, of the folder `config`.
        changes: To those settings, as `--set` takes them.
        small: Settings of the network in a small run.
        rate: Of a small run.
        stages: Of a small run: what each differs in.
        rows: Whose published figures it stands beside.
        comprehends: Whether it chooses among things, so that it may be given the true ones.
    """

    paper: str
    table: str
    network: str = ""
    backbone: str = ""
    config: str = ""
    changes: tuple[str, ...] = ()
    small: Mapping[str, object] = field(default_factory=dict)
    rate: float = 0.002
    stages: tuple[Mapping[str, object], ...] = ({},)
    rows: tuple[Row, ...]
    comprehends: bool = False


#: Of all networks in Hu et al.'s table, those of the baselines too.
_HU_BACKBONE = "vgg16"

_NARROW = {"embedding_channels": 64, "hidden_channels": 64}
_READER = {**_NARROW, "expression_channels": 64}
_TWO: tuple[Mapping[str, object], ...] = ({"share": 0.6}, {"share": 0.4})
_REGIONS = {"backbone": "mobilenet_v2", "visual_channels": 64, "proposals": 50}

_DETECTOR = {
    "backbone": "mobilenet_v2",
    "regions": 32,
    "candidates": 64,
    "pyramid_channels": 48,
    "box_channels": 64,
    "mask_layers": 1,
}


def _over_boxes(name: str, widths: Mapping[str, object]) -> System:
    answers = {"bbox": "box", "grabcut": "grabcut"}
    return System(
        paper="hu2016",
        table="table1",
        network=name,
        backbone="resnet101",
        config=f"train_{name}.yaml",
        small={**_REGIONS, **widths},
        rows=tuple(
            Row(system=name, variant=variant, model={"answer": answer}, backbone=_HU_BACKBONE)
            for variant, answer in answers.items()
        ),
    )


def _rmi(interaction: str, variant: str) -> System:
    rows = tuple(
        Row(
            system="rmi",
            variant=f"deeplab-{variant}{end}",
            dense_crf=bool(end),
            backbone="deeplab101",
            others={"resnet101": f"resnet-{variant}{end}"},
        )
        for end in ("", "-dcrf")
    )
    return System(
        paper="rmi",
        table="iou",
        network="rmi",
        backbone="deeplab101",
        config="train_rmi2017.yaml",
        changes=(f"model.interaction={interaction}",),
        small={
            "backbone": "mobilenet_v2",
            "interaction": interaction,
            "cell_stride": 16,
            "visual_channels": 64,
            **_READER,
        },
        rows=rows,
    )


def _hulanet(modules: str) -> System:
    return System(
        paper="phrasecut",
        table="results",
        network="hulanet",
        backbone="resnet101",
        config="train_hulanet2020.yaml",
        changes=(f"model.modules={modules}",),
        small={
            **_DETECTOR,
            "modules": modules,
            "map_stride": 8,
            "proposals": 12,
            "embedding_channels": 48,
            "language_channels": 48,
            "relation_channels": 16,
        },
        rate=0.004,
        stages=({"share": 0.6}, {"share": 0.4}),
        rows=(Row(system="hulanet", variant=modules, backbone="resnet101"),),
    )


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "whole_image": System(paper="hu2016", table="table1", rows=(Row(system="whole-image"),)),
        "per_word": System(
            paper="hu2016",
            table="table1",
            network="per_word",
            backbone="vgg16",
            config="train_per_word.yaml",
            small={"backbone": "mobilenet_v2", "answer_stride": 4, "classes": 60},
            rows=tuple(
                Row(
                    system="per-word",
                    variant=name,
                    model={"combination": name},
                    backbone=_HU_BACKBONE,
                )
                for name in ("average", "intersection", "union")
            ),
        ),
        "scrc": _over_boxes("scrc", _NARROW),
        "grounder": _over_boxes("grounder", _READER),
        "segment_proposals": System(
            paper="hu2016",
            table="table1",
            network="segment_proposals",
            backbone="resnet101",
            config="train_segment_proposals.yaml",
            small={**_REGIONS, **_READER},
            rows=(Row(system="mcg-classification", backbone=_HU_BACKBONE),),
        ),
        "hu2016": System(
            paper="hu2016",
            table="table1",
            network="hu2016",
            backbone="vgg16",
            config="train_hu2016.yaml",
            small={"backbone": "mobilenet_v2", "coordinates": 8, **_READER},
            rate=0.02,
            stages=_TWO,
            rows=(
                Row(
                    system="hu2016",
                    variant="low-res",
                    weights=LOW_RESOLUTION,
                    backbone=_HU_BACKBONE,
                ),
                Row(system="hu2016", variant="high-res", backbone=_HU_BACKBONE),
            ),
        ),
        "rmi": _rmi("mlstm", "rmi"),
        "rmi_lstm": _rmi("lstm", "lstm"),
        "mattnet": System(
            paper="mattnet",
            table="table4",
            network="mattnet",
            backbone="resnet101",
            config="train_mattnet2018.yaml",
            small={
                **_DETECTOR,
                "proposals": 12,
                "embedding_channels": 64,
                "language_channels": 64,
                "visual_channels": 64,
                "joint_channels": 64,
            },
            rate=0.001,
            stages=({"share": 0.6, "queries": 1}, {"share": 0.4}),
            rows=(Row(system="mattnet", backbone="resnet101"),),
            comprehends=True,
        ),
        "chen2019": System(
            paper="chen2019",
            table="table2",
            network="chen2019",
            backbone="resnet101",
            config="train_chen2019.yaml",
            small={
                "backbone": "mobilenet_v2",
                "proposals": 8,
                "embedding_channels": 64,
                "word_channels": 64,
                "expression_channels": 128,
                "caption_channels": 48,
            },
            rate=0.001,
            stages=({"batch": 2},),
            rows=(Row(system="chen2019", variant="full", backbone="resnet101"),),
        ),
        "hulanet": _hulanet("cat+att+rel"),
        "hulanet_cat": _hulanet("cat"),
        "hulanet_cat_att": _hulanet("cat+att"),
        "hulanet_cat_rel": _hulanet("cat+rel"),
    }
)
