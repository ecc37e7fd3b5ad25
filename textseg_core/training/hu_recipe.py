"""Hu et al. 2016 in the same loop: low-resolution stage, then high-resolution stage, by SGD."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.hu2016 import Hu2016Network
from textseg_core.training.hu2016 import HIGH_RESOLUTION, LOW_RESOLUTION, build_optimiser
from textseg_core.training.loss import weighted_logistic_loss
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.samples import Sample
from textseg_core.training.schedule import learning_rate_share
from textseg_core.training.settings import TrainSettings
from textseg_core.training.weights import load_descriptors

_STAGES: tuple[Literal["low", "high"], ...] = ("low", "high")
_TEACHING = {"low": LOW_RESOLUTION, "high": HIGH_RESOLUTION}


class HuRecipe:
    """Two stages; in each the rate falls to a tenth after every third, as in the paper.

    The paper counts 30,000 and 18,000 steps and falls every 10,000 and 6,000; here the
    stages' shares of the run stand for them, which are the same in a run of 48,000
    (config/train_hu2016_paper.yaml).

    Args:
        settings: Of exactly two stages.
        words: The vocabulary.
        backbones: Folder of the backbone's weights: `mobilenet_v2.safetensors`, or for VGG-16
            torchvision's state dict as `vgg16.safetensors`; None to start at random.
    """

    def __init__(
        self, settings: TrainSettings, words: Sequence[str], backbones: Path | None
    ) -> None:
        if len(settings.stages) != 2:
            raise ValueError(
                f"network hu2016 is trained in two stages, got {len(settings.stages)}; "
                "see config/train_hu2016.yaml"
            )
        if any("weak" in stage.mixture for stage in settings.stages):
            raise ValueError("network hu2016 has no loss for weak labels; drop source 'weak'")
        self._settings = settings
        self._words = words
        self._backbones = None if "backbone" in settings.ablate else backbones

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the stage's network."""
        return {
            **self._settings.model,
            "vocabulary_size": len(self._words),
            "input_px": self._settings.stages[stage].input_px,
            "stage": _STAGES[stage],
        }

    def build(self, stage: int) -> Hu2016Network:
        """Return the stage's network with its backbone's weights."""
        network = registry.build("hu2016", **self.model_settings(stage))
        if not isinstance(network, Hu2016Network):
            raise TypeError(f"expected a Hu2016Network, got {type(network).__name__}")
        if self._backbones is not None:
            backbone = str(self._settings.model.get("backbone", "vgg16"))
            load_descriptors(network.image_encoder, self._backbones, backbone)
        self._freeze(network, stage)
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the high-resolution network, started from the low-resolution one."""
        if network.stride == 1:
            return network
        following = self.build(stage).to(next(network.parameters()).device)
        following.load_low_resolution(network.state_dict())
        return following

    def _freeze(self, network: Hu2016Network, stage: int) -> None:
        # One that starts at random must learn, or nothing does.
        if self._settings.stages[stage].frozen_layers and "backbone" not in self._settings.ablate:
            network.freeze_backbone()

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return the paper's SGD, or Adam where the settings say so."""
        settings = self._settings
        if settings.optimiser == "adam":
            return optim.Adam(penalised_groups(network, settings, (".features.",)))
        optimiser = build_optimiser(network, settings.rate)
        for group in optimiser.param_groups:
            group["top"] = self._settings.rate
        return optimiser

    def rate_share(self, progress: float) -> float:
        """Return a tenth after every third of a stage; half a cosine of it with Adam."""
        done = self._settings.done_in_stage(progress)
        if self._settings.optimiser == "adam":
            return learning_rate_share(done, self._settings.warm_up)
        return float(0.1 ** min(2, int(3 * done + 1e-9)))

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the logistic loss per cell or per pixel, of Q expressions for B images."""
        (visual,) = network.image_encoder(batch["image"])
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        queries = batch["token_ids"].shape[1]
        # In bf16 a transposed convolution of stride 32 takes a CPU forty seconds.
        with torch.autocast(visual.device.type, enabled=False):
            seen = visual.float().repeat_interleave(queries, dim=0)
            (logits,) = network.query_head(seen, *(part.float() for part in read))
        target = batch["target"].flatten(0, 1)
        if network.stride == 1:
            teaching, foreground = _TEACHING["high"], target > 0.5
        else:
            # One pixel of a cell is enough, as in the release.
            teaching = _TEACHING["low"]
            foreground = F.max_pool2d(target, target.shape[-1] // logits.shape[-1]) > 0
        loss = weighted_logistic_loss(
            logits,
            foreground,
            foreground_weight=teaching.foreground_weight,
            background_weight=teaching.background_weight,
        )
        return {"mask": loss}
