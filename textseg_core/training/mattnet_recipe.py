"""MAttNet in the same loop: a stage for its detector, then stages for its modules upon that."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn, optim
from torch.nn import functional as F

from textseg_core.expressions.phrases import MATERIALS
from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.backbones import BACKBONES
from textseg_core.models.detection.proposals import ANYTHING, ProposalEncoder, unshortened
from textseg_core.models.matt_modules import see
from textseg_core.models.mattnet import Asked, MattNetwork, known_things
from textseg_core.training.detection import detection_losses
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.ranking import attribute_loss, ranking_loss
from textseg_core.training.rmi_recipe import load_features
from textseg_core.training.samples import Sample
from textseg_core.training.settings import TrainSettings
from textseg_core.training.things import ThingEncoder, things_of
from textseg_core.training.vocabulary import COLORS

_SHARED = ("backbone.", "rpn.", "roi_heads.box_head.", "roi_heads.mask_head.")
ATTRIBUTES = (*COLORS, *MATERIALS)
DEFAULT_BACKBONE = "resnet101"
_STEADY = 1 / 3


def falling_share(done: float) -> float:
    """Return the share of the top rate after a share of a stage.

    All of it for the first third, then a tenth for every further third.

    Source:
        The release keeps the rate for 8,000 steps, then takes a tenth for every 8,000 more.
    """
    return float(0.1 ** (max(0.0, done - _STEADY) / _STEADY))


class MattRecipe:
    """The first of two stages teaches the detector; the last, the modules upon it as it then is.

    A run of one stage teaches the modules alone, for a detector that `--init` brings.

    Args:
        settings: Their `weight_decay` is Adam's L2 penalty, on weights only.
        words: The vocabulary.
        backbones: Folder with `NAME.safetensors` of the backbone, as
            `textseg_core.training.backbone` writes it; None to start at random.
    """

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        if len({stage.input_px for stage in settings.stages}) != 1 or len(settings.stages) > 2:
            raise ValueError(
                "network mattnet has a stage for its detector and one for its modules, of one "
                f"size, got {[stage.input_px for stage in settings.stages]}; see "
                "config/train_mattnet2018.yaml"
            )
        if any("weak" in stage.mixture for stage in settings.stages):
            raise ValueError("network mattnet has no loss for weak labels; drop source 'weak'")
        self._settings = settings
        self._words = words
        self._nouns: Sequence[str] = ()
        self._backbones = None if "backbone" in settings.ablate else backbones

    def name_things(self, nouns: Sequence[str]) -> None:
        """Let the detector tell these names apart, unless `model.categories` says otherwise."""
        self._nouns = nouns

    @property
    def things(self) -> ThingEncoder:
        """What the losses must know of a scene."""
        model = self.model_settings(0)
        return ThingEncoder(listed_names(model["categories"]), listed_names(model["attributes"]))

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the network."""
        nouns = [noun for noun in dict.fromkeys(self._nouns) if noun != ANYTHING]
        return {
            "categories": [ANYTHING, *nouns],
            "attributes": list(ATTRIBUTES),
            **self._settings.model,
            "vocabulary_size": len(self._words),
            "input_px": self._settings.stages[stage].input_px,
        }

    def build(self, stage: int) -> MattNetwork:
        """Return the network with its backbone's weights."""
        network = registry.build("mattnet", **self.model_settings(stage))
        if not isinstance(network, MattNetwork):
            raise TypeError(f"expected a MattNetwork, got {type(network).__name__}")
        if self._backbones is not None:
            name = str(self._settings.model.get("backbone", DEFAULT_BACKBONE))
            load_detector(network.image_encoder.detector, self._backbones, name)
        self._set(network, stage)
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the same network, its detector frozen and its modules awake."""
        if not isinstance(network, MattNetwork):
            raise TypeError(f"expected a MattNetwork, got {type(network).__name__}")
        self._set(network, stage)
        return network

    def _teaches_detector(self, stage: int) -> bool:
        return stage < len(self._settings.stages) - 1

    def _set(self, network: MattNetwork, stage: int) -> None:
        detecting = self._teaches_detector(stage)
        network.requires_grad_(not detecting)
        network.image_encoder.detector.freeze(not detecting)
        if detecting:
            body: nn.Module = network.image_encoder.detector.backbone.body  # type: ignore[assignment]
            body.requires_grad_(not self._settings.stages[stage].frozen_layers)

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return Adam with the L2 penalty on weights; the backbone has its own rate.

        What is frozen for a time is in it too: without a gradient Adam leaves it alone.
        """
        return optim.Adam(penalised_groups(network, self._settings, (".backbone.body.",)))

    def rate_share(self, progress: float) -> float:
        """Return the share within the stage that the run is in."""
        stage = self._settings.stage_at(progress)
        begun = sum(earlier.share for earlier in self._settings.stages[:stage])
        return falling_share((progress - begun) / self._settings.stages[stage].share)

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return Mask R-CNN's losses in the detector's stage, else those of the modules."""
        if not isinstance(network, MattNetwork):
            raise TypeError(f"expected a MattNetwork, got {type(network).__name__}")
        detector = network.image_encoder.detector
        things = things_of(batch)
        if any(p.requires_grad for p in detector.rpn.parameters()):
            return detection_losses(detector, detector.features(batch["image"]), things)

        with torch.no_grad():
            features = detector.features(batch["image"])
        with unshortened(batch["image"]):
            asked = Asked(*network.expression_encoder(batch["token_ids"].flatten(0, 1)))
            categories = len(detector.categories)
            described = known_things(things.boxes, things.labels, things.there, categories)
            visual = network.image_encoder.modules_of
            seen = see(visual, detector, features, described)
            members = things.members
            there = things.there[:, None].expand(-1, members.shape[1], -1)
            total = network.query_head.score(seen, asked, there.flatten(0, 1)).total
            scores = total.view_as(members)
            visual.count(things.attributes, things.described)
            best = (scores.detach() - 4.0 * (1.0 - there)).amax(dim=2)
            known = members.amax(dim=2)
            return {
                "ranking": ranking_loss(scores, members, things.there),
                "attributes": attribute_loss(
                    seen.attributes, things.attributes, things.described, visual.attribute_counts
                ),
                "presence": self._settings.loss_weight("presence")
                * F.binary_cross_entropy_with_logits(network.query_head.presence(best), known),
            }


def load_detector(detector: ProposalEncoder, folder: Path, backbone: str) -> None:
    """Start a detector from weights of its backbone, or of a whole Mask R-CNN.

    Args:
        detector: Whose backbone keeps the statistics of its norms from then on.
        folder: Holds `maskrcnn_NAME_fpn.safetensors`, torchvision's state dict, of which all
            but the categories is taken; else `NAME.safetensors` of the backbone.
        backbone: NAME, a name of `backbones.BACKBONES`.

    Raises:
        ValueError: If neither file is there, or it is damaged or of another network.
    """
    if backbone not in BACKBONES:
        raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, got {backbone!r}")
    whole = folder / f"maskrcnn_{backbone}_fpn.safetensors"
    if whole.is_file():
        load_mask_rcnn(detector, whole)
    else:
        body: nn.Module = detector.backbone.body  # type: ignore[assignment]
        load_features(body, folder, backbone)
    detector.keep_statistics()


def load_mask_rcnn(detector: ProposalEncoder, path: Path) -> None:
    """Load what a detector shares with torchvision's Mask R-CNN: all but the last layers.

    Raises:
        ValueError: If the file is damaged or of another network.
    """
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{path}: expected torchvision's state dict ({error}); fetch it again with "
            f"python -m textseg_core.training.backbone --more {path.stem}"
        ) from error
    mine = detector.state_dict()
    shared = [name for name in mine if name.startswith(_SHARED)]
    # Norms that were frozen count no batches.
    counts = [name for name in shared if name.endswith("num_batches_tracked")]
    wrong = [
        name
        for name in shared
        if name not in counts and (name not in state or state[name].shape != mine[name].shape)
    ]
    if wrong:
        raise ValueError(
            f"{path} is not of this detector: {len(wrong)} of {len(shared)} tensors are missing "
            f"or of another shape, {wrong[0]} first; pyramid_channels is 256, box_channels 1024 "
            "and mask_layers 4 in torchvision"
        )
    taken = {name: state[name].float() for name in shared if name not in counts}
    detector.load_state_dict({**mine, **taken})


def listed_names(value: object) -> tuple[str, ...]:
    """Return a setting that lists names.

    Raises:
        ValueError: If it is no list.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"categories and attributes must be lists of names, got {value!r}")
    return tuple(str(name) for name in value)
