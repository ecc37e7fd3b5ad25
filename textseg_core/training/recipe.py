"""How each network is built, what it is taught by, and how its stages differ."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.compact import CompactNetwork
from textseg_core.training.mask_loss import agreement_loss, mask_loss
from textseg_core.training.samples import Annotator, Sample
from textseg_core.training.schedule import learning_rate_share
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.weights import load_backbone, parameter_groups


class Recipe(Protocol):
    """What the training loop must know of a network."""

    def build(self, stage: int) -> SegmentationNetwork:
        """Return a new network as the stage wants it, with the weights a run starts from."""
        ...

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the network as a later stage wants it: the same one, or one that follows it."""
        ...

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the stage's network from its checkpoint."""
        ...

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return an optimiser whose groups have their top rate as `top`."""
        ...

    def rate_share(self, progress: float) -> float:
        """Return the share of the top rate after a share of the run."""
        ...

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the weighted parts of the loss on a prepared batch of scenes."""
        ...


@runtime_checkable
class ThingRecipe(Protocol):
    """A recipe whose losses want to know all things of a scene."""

    @property
    def things(self) -> Annotator:
        """What adds them to the samples."""
        ...

    def name_things(self, nouns: Sequence[str]) -> None:
        """Tell how things may be called in the run's sources, before anything else is asked."""
        ...


class LossModule(nn.Module):
    """A network together with its losses, since DDP wants one forward pass."""

    def __init__(self, recipe: Recipe, network: SegmentationNetwork) -> None:
        super().__init__()
        self._recipe = recipe
        self.network = network

    def forward(self, batch: Sample) -> dict[str, Tensor]:
        """Return the parts of the loss."""
        return self._recipe.losses(self.network, batch)


class CompactRecipe:
    """Our network: AdamW, one network through all stages."""

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        self._settings = settings
        self._words = words
        self._backbones = backbones

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the network."""
        without: dict[str, object] = {
            name: False
            for name in ("coordinates", "attention", "presence")
            if name in self._settings.ablate
        }
        return {
            **self._settings.model,
            **without,
            "vocabulary_size": len(self._words),
            "input_px": self._settings.stages[stage].input_px,
        }

    def build(self, stage: int) -> CompactNetwork:
        """Return a network with ImageNet's backbone, unless that is ablated."""
        network = registry.build("compact", **self.model_settings(stage))
        if not isinstance(network, CompactNetwork):
            raise TypeError(f"expected a CompactNetwork, got {type(network).__name__}")
        if "backbone" not in self._settings.ablate and self._backbones is not None:
            load_backbone(network, self._backbones, self._words)
        network.expression_encoder.lexicon.weight.requires_grad_(False)
        self._set(network, self._settings.stages[stage])
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Change size and frozen blocks of the same network."""
        if not isinstance(network, CompactNetwork):
            raise TypeError(f"expected a CompactNetwork, got {type(network).__name__}")
        self._set(network, self._settings.stages[stage])
        return network

    def _set(self, network: CompactNetwork, stage: Stage) -> None:
        network.resize(stage.input_px)
        frozen = 0 if "backbone" in self._settings.ablate else stage.frozen_layers
        network.image_encoder.freeze(frozen)

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return AdamW; without ImageNet's weights the backbone learns at the full rate."""
        share = 1.0 if "backbone" in self._settings.ablate else self._settings.backbone_share
        return optim.AdamW(
            parameter_groups(network, self._settings.rate, share, self._settings.weight_decay)
        )

    def rate_share(self, progress: float) -> float:
        """Return warm-up and half a cosine over the whole run."""
        return learning_rate_share(progress, self._settings.warm_up)

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the parts of the loss for B scenes with Q expressions each."""
        seen = network.image_encoder(batch["image"])
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        logits, presence, several, coarse = (
            part.float() for part in network.query_head(*seen, *read)
        )
        target = batch["target"].flatten(0, 1)
        there, placed = batch["presence"].flatten(), batch["placed"].flatten()
        coarse_target = F.avg_pool2d(target, target.shape[-1] // coarse.shape[-1])
        bce = F.binary_cross_entropy_with_logits
        # Where only presence is known, its part of the loss has a weight of its own.
        known = placed + (1 - placed) * self._settings.loss_weight("weak")
        parts = {
            "mask": mask_loss(logits, target, there, placed),
            "coarse": mask_loss(coarse, coarse_target, there, placed),
            "presence": bce(presence, there, weight=known),
            "several": bce(several, batch["several"].flatten(), weight=there * placed),
            "agreement": agreement_loss(logits, there, known)
            + agreement_loss(coarse, there, known * (1 - placed)),
        }
        return {name: self._settings.loss_weight(name) * value for name, value in parts.items()}


def whole_loss(parts: dict[str, Tensor]) -> Tensor:
    """Return the sum of the parts of a loss."""
    return torch.stack(list(parts.values())).sum()
