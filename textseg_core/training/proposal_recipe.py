"""The baselines of Hu et al. 2016 over proposals, in the same loop: what each is taught."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from textseg_core.arrays import BoolArray, Float32Array
from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.proposal_network import ProposalNetwork, pictures, stacked
from textseg_core.proposals import (
    PLACES,
    Proposals,
    box_around,
    box_places,
    box_shares,
    content,
)
from textseg_core.training.loss import weighted_logistic_loss
from textseg_core.training.one_stage import OneStage
from textseg_core.training.rmi_recipe import load_features
from textseg_core.training.samples import Sample

#: A segment that falls behind the best one by no more than this IoU is meant as well.
NEARLY = 0.05

Teaching = Literal["attention", "caption", "classification"]
TEACHING: dict[str, Teaching] = {
    "grounder": "attention",
    "scrc": "caption",
    "segment_proposals": "classification",
}


def attention_loss(scores: Tensor, ious: Tensor) -> Tensor:
    """Return the mean of -log p(best box), of the expressions for which any box has an overlap.

    Args:
        scores: Of each proposal, (Q, N).
        ious: Of each proposal with what is meant, (Q, N).

    Source:
        Rohrbach et al. 2015, equation 8, arXiv:1511.03745: the box that is attended to in training
        is the proposal that overlaps most with the truth.
    """
    best, index = ious.max(dim=1)
    losses = F.cross_entropy(scores, index, reduction="none")
    known = (best > 0).to(losses.dtype)
    return (losses * known).sum() / known.sum().clamp(min=1.0)


def caption_loss(likelihoods: Tensor, words: Tensor, known: Tensor) -> Tensor:
    """Return minus the mean log-likelihood of a word, of the expressions that have a target.

    Args:
        likelihoods: Of each expression as the caption of its own box, (Q,).
        words: How many words each has, (Q,).
        known: 1 for those with a target, (Q,).
    """
    return -(likelihoods * known).sum() / (words * known).sum().clamp(min=1.0)


def classification_loss(scores: Tensor, ious: Tensor, present: Tensor) -> Tensor:
    """Return the logistic loss of each proposal: is it the segment that is meant, or not.

    The best one is, where it overlaps at all, and those that are nearly as good. Were every one
    with an IoU of 0.5 meant, as for detections, the best would be told from none of them.

    Args:
        scores: (Q, N).
        ious: (Q, N).
        present: (Q, N), 1 where there is a proposal.
    """
    meant = (ious >= ious.amax(dim=1, keepdim=True) - NEARLY) & (ious > 0)
    there = present > 0.5
    return weighted_logistic_loss(scores[there], meant[there])


class ProposalRecipe(OneStage):
    """GroundeR's, SCRC's and the segments' classifier, by AdamW.

    Hu et al. 2016 name no optimiser for them.
    """

    def build(self, stage: int) -> ProposalNetwork:
        """Return the network with its backbone's weights."""
        network = registry.build(self._settings.network, **self.model_settings(stage))
        if not isinstance(network, ProposalNetwork):
            raise TypeError(f"expected a ProposalNetwork, got {type(network).__name__}")
        if self._backbones is not None:
            name = str(self._settings.model.get("backbone", "resnet101"))
            load_features(network.image_encoder.describe.cells.features, self._backbones, name)
        return network

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the loss of Q expressions for each of B images, by what the network is."""
        if not isinstance(network, ProposalNetwork):
            raise TypeError(f"expected a ProposalNetwork, got {type(network).__name__}")
        image = batch["image"]
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        targets = (batch["target"].squeeze(2) > 0.5).cpu().numpy()
        taught = TEACHING[network.name]
        if taught == "caption":
            return {"mask": self._caption(network, image, targets, read)}
        found = network.image_encoder.propose(image)
        shares, places, present = network.image_encoder.told(image, found)
        (regions,) = network.image_encoder.describe(image, shares, places)
        scores = network.query_head.scores(regions, present, *read).float()
        ious = overlaps(found, targets, network).to(scores.device)
        if taught == "attention":
            return {"mask": attention_loss(scores, ious)}
        present = present.repeat_interleave(targets.shape[1], dim=0)
        return {"mask": classification_loss(scores, ious, present)}

    def _caption(
        self,
        network: ProposalNetwork,
        image: Tensor,
        targets: BoolArray,
        read: Sequence[Tensor],
    ) -> Tensor:
        """Return the loss of each expression as the caption of the box around its target."""
        shares, places = true_boxes(image, targets, network.cells)
        told = stacked(shares, places, image.device)
        (regions,) = network.image_encoder.describe(image, *told)
        (likelihoods,) = network.query_head.score(regions.flatten(0, 1)[:, None], *read)
        known = torch.from_numpy(targets.any(axis=(2, 3)).reshape(-1)).to(likelihoods)
        words = read[-1].float().sum(dim=1)
        return caption_loss(likelihoods.float().squeeze(1), words, known)


def overlaps(found: Sequence[Proposals], targets: BoolArray, network: ProposalNetwork) -> Tensor:
    """Return the IoU of every proposal with every target, (B Q, N), 0 where there is none.

    Args:
        found: Of B pictures.
        targets: (B, Q, S, S).
        network: Whose kind of proposals they are.
    """
    ious = np.zeros((*targets.shape[:2], network.proposals), np.float32)
    for row, proposals in enumerate(found):
        for query, target in enumerate(targets[row]):
            judge = proposals.box_ious if network.kind == "box" else proposals.segment_ious
            ious[row, query, : len(proposals)] = judge(target)
    return torch.from_numpy(ious.reshape(-1, network.proposals))


def true_boxes(
    image: Tensor, targets: BoolArray, cells: int
) -> tuple[list[Float32Array], list[Float32Array]]:
    """Return shares and places of the box around each target, (Q, ...) for each picture.

    An expression without a target has zeros.
    """
    shares, places = [], []
    for one, asked in zip(pictures(image), targets, strict=True):
        share = np.zeros((len(asked), cells * cells), np.float32)
        place = np.zeros((len(asked), PLACES), np.float32)
        for query, target in enumerate(asked):
            box = box_around(target)
            if box is not None:
                share[query] = box_shares(box[None], target.shape[0], cells)[0]
                place[query] = box_places(box[None], content(one))[0]
        shares.append(share)
        places.append(place)
    return shares, places
