"""What recipes of networks without a schedule of their own share: AdamW, one size, one network."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn, optim

from textseg_core.models.base import SegmentationNetwork
from textseg_core.training.schedule import learning_rate_share
from textseg_core.training.settings import TrainSettings
from textseg_core.training.weights import parameter_groups


class OneStage:
    """One network through all stages, by AdamW, the rate rising and then falling along a cosine.

    Args:
        settings: Every stage of the same `input_px`.
        words: The vocabulary.
        backbones: Folder of the backbones' weights; None to start at random.

    Raises:
        ValueError: If stages differ in size, or a source has no masks.
    """

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        if len({stage.input_px for stage in settings.stages}) != 1:
            raise ValueError(
                f"network {settings.network} keeps its size through all stages, got "
                f"{[stage.input_px for stage in settings.stages]}"
            )
        if any("weak" in stage.mixture for stage in settings.stages):
            raise ValueError(
                f"network {settings.network} has no loss for weak labels; drop source 'weak'"
            )
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

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the same network."""
        return network

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return AdamW; a backbone that starts from ImageNet's weights has its own rate."""
        share = self._settings.backbone_share if self._backbones is not None else 1.0
        return optim.AdamW(
            parameter_groups(network, self._settings.rate, share, self._settings.weight_decay)
        )

    def rate_share(self, progress: float) -> float:
        """Return warm-up and half a cosine over the whole run."""
        return learning_rate_share(progress, self._settings.warm_up)
