"""Teaches a network with a detector a few pictures by heart, stage by stage as its recipe does."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.training.detector_recipe import DetectorRecipe, Network


def learn_by_heart(
    made: DetectorRecipe[Network], batch: dict[str, Tensor], steps: tuple[int, int]
) -> Network:
    """Return a network that has seen one batch so many times in either stage.

    Args:
        made: With a stage for the detector and one as long for the modules.
        batch: What its losses read.
        steps: Of each stage.
    """
    network = made.build(0)
    optimiser = made.optimiser(network)
    for stage, count in enumerate(steps):
        made.enter(network, stage)
        network.train()
        for step in range(count):
            for group in optimiser.param_groups:
                group["lr"] = group["top"] * made.rate_share(0.5 * (stage + step / count))
            loss = torch.stack(list(made.losses(network, batch).values())).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if stage == 0:
            settle(network, batch["image"])
    return network.eval()


def reached(network: Network, batch: dict[str, Tensor]) -> Tensor:
    """Return the IoU of each answer, of pixels, from pictures and words alone, (Q,)."""
    with torch.inference_mode():
        seen = network.image_encoder(batch["image"])
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        logits = network.query_head(*seen, *read)[0]
    whole = F.interpolate(logits, scale_factor=float(network.stride), mode="bilinear")
    found, meant = whole > 0, batch["target"].flatten(0, 1) > 0
    return (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))


def settle(network: Network, images: Tensor) -> None:
    """Let the norms' running statistics be those of the pictures."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None
    detector = network.image_encoder.detector
    detector.freeze(False)
    network.train()
    with torch.no_grad():
        for _ in range(2):
            detector.features(images)
