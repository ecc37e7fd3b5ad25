"""Chen et al. 2019 in the same loop: Adam, a rate that halves, the sum of three losses."""

from torch import Tensor, nn, optim

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.chen2019 import Chen2019Network
from textseg_core.models.detection.proposals import unshortened
from textseg_core.training.chen_loss import chen_losses
from textseg_core.training.one_stage import OneStage
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.rmi_recipe import load_features
from textseg_core.training.samples import Sample

DEFAULT_BACKBONE = "resnet101"
#: Shares of a run after which the rate halves: every 8,000 of the release's 50,000 steps.
HALVING = 8 / 50


def halved_share(progress: float) -> float:
    """Return the share of the top rate after a share of the run: halved after each `HALVING`."""
    return 0.5 ** int(min(1.0, progress) / HALVING + 1e-9)


class Chen2019Recipe(OneStage):
    """One network through all stages, each of the same `input_px`.

    `losses.caption` of the settings is the paper's alpha. A stage with `frozen_layers` keeps the
    image encoder as it is; the backbone's last stage, which looks at boxes, always learns.
    """

    def build(self, stage: int) -> Chen2019Network:
        """Return the network with its backbone's weights."""
        network = registry.build("chen2019", **self.model_settings(stage))
        if not isinstance(network, Chen2019Network):
            raise TypeError(f"expected a Chen2019Network, got {type(network).__name__}")
        if self._backbones is not None:
            name = str(self._settings.model.get("backbone", DEFAULT_BACKBONE))
            for part in (network.image_encoder.features, network.query_head.tail):
                load_features(part, self._backbones, name)
        self._freeze(network, stage)
        return network

    def enter(self, network: SegmentationNetwork, stage: int) -> SegmentationNetwork:
        """Return the same network, its image encoder frozen if the stage wants that."""
        if not isinstance(network, Chen2019Network):
            raise TypeError(f"expected a Chen2019Network, got {type(network).__name__}")
        self._freeze(network, stage)
        return network

    def _freeze(self, network: Chen2019Network, stage: int) -> None:
        frozen = bool(self._settings.stages[stage].frozen_layers)
        network.image_encoder.freeze_backbone(frozen and "backbone" not in self._settings.ablate)

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return Adam; the backbone's layers have their share of the rate."""
        return optim.Adam(
            penalised_groups(network, self._settings, (".features.", ".tail."), biases=True)
        )

    def rate_share(self, progress: float) -> float:
        """Return the share of the rate that the release's steps have."""
        return halved_share(progress)

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the parts of the loss, of Q expressions for each of B images."""
        if not isinstance(network, Chen2019Network):
            raise TypeError(f"expected a Chen2019Network, got {type(network).__name__}")
        (features,) = network.image_encoder(batch["image"])
        token_ids = batch["token_ids"].flatten(0, 1)
        read = network.expression_encoder(token_ids)
        # Boxes want more digits than bfloat16 has.
        with unshortened(features):
            filters, fusion = (part.float() for part in read)
            target = batch["target"].flatten(0, 1)
            parts = chen_losses(network, features.float(), (filters, fusion), token_ids, target)
        return {name: self._settings.loss_weight(name) * value for name, value in parts.items()}
