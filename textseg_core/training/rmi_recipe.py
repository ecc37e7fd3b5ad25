"""Liu et al. 2017 (RMI) in the same loop: Adam, a polynomial rate, logistic loss per pixel."""

from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn, optim

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.rmi import RmiNetwork
from textseg_core.training.loss import weighted_logistic_loss
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.samples import Sample
from textseg_core.training.settings import TrainSettings

LAST_RATE = 1e-5
POWER = 0.9
DEFAULT_BACKBONE = "deeplab101"


def polynomial_share(progress: float, *, top: float) -> float:
    """Return the share of the top rate after a share of the run.

    It falls from `top` to `LAST_RATE` as (1 - progress) ** `POWER`.

    Source:
        Liu et al. 2017, section 4.2.
    """
    end = min(1.0, LAST_RATE / top)
    return float(end + (1.0 - end) * (1.0 - min(1.0, progress)) ** POWER)


class RmiRecipe:
    """One network through all stages, each of the same `input_px`.

    Args:
        settings: Their `weight_decay` is Adam's L2 penalty, on weights only.
        words: The vocabulary.
        backbones: Folder with `NAME.safetensors` of the backbone, as
            `textseg_core.training.backbone` writes it; None to start at random.
    """

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        if len({stage.input_px for stage in settings.stages}) != 1:
            raise ValueError(
                "network rmi keeps its size through all stages, got "
                f"{[stage.input_px for stage in settings.stages]}; see config/train_rmi2017.yaml"
            )
        if any("weak" in stage.mixture for stage in settings.stages):
            raise ValueError("network rmi has no loss for weak labels; drop source 'weak'")
        self._settings = settings
        self._words = words
        self._backbones = None if "backbone" in settings.ablate else backbones

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the network."""
        return {
            **self._settings.model,
            "vocabulary_size": len(self._words),
            "input_px": self._settings.stages[stage].input_px,
        }

    def build(self, stage: int) -> RmiNetwork:
        """Return the network with its backbone's weights."""
        network = registry.build("rmi", **self.model_settings(stage))
        if not isinstance(network, RmiNetwork):
            raise TypeError(f"expected an RmiNetwork, got {type(network).__name__}")
        if self._backbones is not None:
            name = str(self._settings.model.get("backbone", DEFAULT_BACKBONE))
            load_features(network.image_encoder.features, self._backbones, name)
        self._freeze(network, stage)
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the same network, its backbone frozen if the stage wants that."""
        if not isinstance(network, RmiNetwork):
            raise TypeError(f"expected an RmiNetwork, got {type(network).__name__}")
        self._freeze(network, stage)
        return network

    def _freeze(self, network: RmiNetwork, stage: int) -> None:
        frozen = bool(self._settings.stages[stage].frozen_layers)
        network.image_encoder.freeze_backbone(frozen and "backbone" not in self._settings.ablate)

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return Adam with the L2 penalty on weights; a backbone that learns has its own rate.

        What is frozen for a time is in it too: without a gradient Adam leaves it alone.
        """
        return optim.Adam(penalised_groups(network, self._settings, (".features.",)))

    def rate_share(self, progress: float) -> float:
        """Return the polynomial's share."""
        return polynomial_share(progress, top=self._settings.rate)

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the logistic loss per pixel, of Q expressions for each of B images."""
        seen = network.image_encoder(batch["image"])
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        (logits,) = network.query_head(*seen, *read)
        target = batch["target"].flatten(0, 1) > 0.5
        loss = weighted_logistic_loss(
            logits.float(), target, foreground_weight=1.0, background_weight=1.0
        )
        return {"mask": loss}


def load_features(features: nn.Module, folder: Path, backbone: str) -> None:
    """Load a backbone from `NAME.safetensors`, torchvision's state dict.

    Layers that the network has not, such as the classifier, are left out.

    Raises:
        ValueError: If the file is missing, damaged or of another network.
    """
    path = folder / f"{backbone}.safetensors"
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{path}: expected torchvision's state dict ({error}); fetch it with "
            f"python -m textseg_core.training.backbone --more {backbone}, or train from scratch "
            "with --set 'ablate=[backbone]'"
        ) from error
    mine = features.state_dict()
    found = {
        name: state[key]
        for name in mine
        for key in (name, f"features.{name}", f"backbone.{name}")
        if key in state
    }
    wrong = [name for name in mine if name not in found or found[name].shape != mine[name].shape]
    if wrong:
        raise ValueError(
            f"{path} is not of the backbone {backbone!r}: {len(wrong)} of its {len(mine)} tensors "
            f"are missing or of another shape, {wrong[0]} first"
        )
    features.load_state_dict({name: value.float() for name, value in found.items()})
