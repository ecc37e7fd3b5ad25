"""What recipes share whose first stage teaches Mask R-CNN and whose last the modules upon it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.backbones import BACKBONES
from textseg_core.models.detection.proposals import ProposalEncoder
from textseg_core.models.hulanet import HulaNetwork
from textseg_core.models.mattnet import MattNetwork
from textseg_core.training.one_stage import OneStage
from textseg_core.training.rmi_recipe import load_features
from textseg_core.training.schedule import learning_rate_share
from textseg_core.training.settings import TrainSettings

DEFAULT_BACKBONE = "resnet101"
_SHARED = ("backbone.", "rpn.", "roi_heads.box_head.", "roi_heads.mask_head.")

Network = TypeVar("Network", MattNetwork, HulaNetwork)


class DetectorRecipe(OneStage, Generic[Network]):
    """One or two stages of one network, whose detector learns first and then stays as it is.

    A run of one stage teaches the modules alone, for a detector that `--init` brings.

    Attributes:
        network_class: What a subclass trains.
    """

    network_class: type[Network]

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        super().__init__(settings, words, backbones)
        if len(settings.stages) > 2:
            raise ValueError(
                f"network {settings.network} has a stage for its detector and one for its "
                f"modules, got {len(settings.stages)} stages; see its file in config/"
            )
        self._nouns: Sequence[str] = ()

    def name_things(self, nouns: Sequence[str]) -> None:
        """Let the detector tell these names apart, unless `model.categories` says otherwise."""
        self._nouns = nouns

    def build(self, stage: int) -> Network:
        """Return the network with its backbone's weights."""
        network = self._own(registry.build(self._settings.network, **self.model_settings(stage)))
        if self._backbones is not None:
            name = str(self._settings.model.get("backbone", DEFAULT_BACKBONE))
            load_detector(network.image_encoder.detector, self._backbones, name)
        self._set(network, stage)
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the same network, its detector frozen and its modules awake."""
        self._set(self._own(network), stage)
        return network

    def rate_share(self, progress: float) -> float:
        """Return warm-up and half a cosine of each stage: the modules begin at random too."""
        done = self._settings.done_in_stage(progress)
        return learning_rate_share(done, self._settings.warm_up)

    def detecting_part(self, network: Network) -> nn.Module:
        """Return what the detector's stage teaches."""
        return network.image_encoder.detector

    def _own(self, network: SegmentationNetwork) -> Network:
        if not isinstance(network, self.network_class):
            raise TypeError(
                f"expected a {self.network_class.__name__}, got {type(network).__name__}"
            )
        return network

    def _set(self, network: Network, stage: int) -> None:
        detecting = stage < len(self._settings.stages) - 1
        detector = network.image_encoder.detector
        network.requires_grad_(not detecting)
        self.detecting_part(network).requires_grad_(detecting)
        detector.freeze(not detecting)
        if detecting:
            body: nn.Module = detector.backbone.body  # type: ignore[assignment]
            body.requires_grad_(not self._settings.stages[stage].frozen_layers)


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
