"""Chooses the best weights: mean IoU on scenes of the training split kept out of the training."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from textseg_core.models.base import SegmentationNetwork
from textseg_core.scenes.scene import Scene
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.augment import prepare
from textseg_core.training.dataset import queries_for
from textseg_core.training.samples import Sample, collate, encode_sample

_SEED = 20_160_320


def validation_samples(
    scenes: Mapping[str, Sequence[Scene]],
    tokenizer: Tokenizer,
    *,
    queries: int,
    size_px: int,
    stride: int,
) -> dict[str, list[Sample]]:
    """Return the same samples at every call: whole scenes and fixed expressions."""
    samples: dict[str, list[Sample]] = {}
    for source, found in scenes.items():
        encoded = []
        for number, scene in enumerate(found):
            rng = np.random.default_rng([_SEED, number])
            asked = queries_for(scene, (), queries, rng)
            if asked:
                encoded.append(
                    encode_sample(scene, asked, tokenizer, size_px=size_px, stride=stride)
                )
        if encoded:
            samples[source] = encoded
    return samples


def answers(network: SegmentationNetwork, sample: Sample) -> tuple[Tensor, Tensor]:
    """Return what a network answers to one prepared scene.

    Returns:
        The response of each cell, 0 where the expression is not found, (Q, 1, s, s); and
        the target.
    """
    outputs = network(sample["image"], sample["token_ids"].flatten(0, 1))
    response = torch.sigmoid(outputs["logits"].float())
    if "presence" in outputs:
        response = response * (outputs["presence"] > 0).view(-1, 1, 1, 1)
    return response, sample["target"].flatten(0, 1)


def sample_ious(response: Tensor, target: Tensor) -> Tensor:
    """Return the IoU of each expression (Q,); 1 where nothing is meant and nothing found."""
    if target.shape[-1] != response.shape[-1]:
        target = torch.nn.functional.adaptive_avg_pool2d(target, response.shape[-1])
    found, meant = (response > 0.5).flatten(1), (target > 0.5).flatten(1)
    united = (found | meant).sum(dim=1)
    shared = (found & meant).sum(dim=1)
    return torch.where(united > 0, shared / united.clamp(min=1), 1.0)


@torch.no_grad()
def validate(
    network: SegmentationNetwork, samples: Mapping[str, Sequence[Sample]], device: torch.device
) -> dict[str, float]:
    """Return the mean IoU of each source and, as `score`, their mean."""
    network.eval()
    scores: dict[str, float] = {}
    for source, found in samples.items():
        ious = []
        for sample in found:
            batch = {name: value.to(device) for name, value in collate([sample]).items()}
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                ious.append(sample_ious(*answers(network, prepare(batch, None))))
        scores[source] = float(torch.cat(ious).mean())
    if scores:
        scores["score"] = sum(scores.values()) / len(scores)
    return scores
