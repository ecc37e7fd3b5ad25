"""The network of Yu et al. 2018, "MAttNet: Modular Attention Network"."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.boxes import OUTSIDE, paste
from textseg_core.models.detection.proposals import (
    ANYTHING,
    ProposalEncoder,
    Proposals,
    unshortened,
)
from textseg_core.models.matt_modules import CELLS, Match, Seen, VisualModules, see
from textseg_core.models.module_language import LanguageAttention
from textseg_core.models.rmi import for_each

MODULES = ("subject", "location", "relationship")
STRIDE = 4
#: Score of what cannot be chosen; scores lie in [-1, 1].
_NEVER = -4.0


class Asked(NamedTuple):
    """What the expressions ask of the modules.

    Attributes:
        weights: (Q, 3), of subject, location and relationship.
        phrases: (Q, 3, J), each module's phrase where things are compared, of length one.
        glance: (Q, C), what the attention over the subject's cells looks for.
    """

    weights: Tensor
    phrases: Tensor
    glance: Tensor


class Scored(NamedTuple):
    """How well things fit expressions.

    Attributes:
        total: (Q, K), in [-1, 1].
        modules: (Q, 3, K), each module's score, unweighted, in [-1, 1].
        attention: (Q, K, 49), over the subject's cells; sums to one.
    """

    total: Tensor
    modules: Tensor
    attention: Tensor


class Comprehension(NamedTuple):
    """What MAttNet found, with what it attended to.

    Attributes:
        proposals: Things that were chosen among, those of one image.
        scores: (Q, K), in [-1, 1]; where no thing may be chosen, far below.
        chosen: (Q,), place of the best.
        boxes: (Q, 4), its box in pixels of the input.
        weights: (Q, 3), of `MODULES`.
        words: (Q, 3, T), each module's attention over the words.
        cells: (Q, 7, 7), the subject module's attention over the chosen box.
        modules: (Q, 3), each module's score of the chosen thing.
        attributes: (K, A), probability of each attribute word.
    """

    proposals: Proposals
    scores: Tensor
    chosen: Tensor
    boxes: Tensor
    weights: Tensor
    words: Tensor
    cells: Tensor
    modules: Tensor
    attributes: Tensor


class MattNetwork(SegmentationNetwork):
    """Chooses the proposal that fits the expression best, by three modules; answers its mask.

    Args:
        vocabulary_size: Number of words.
        input_px: Side of the square input, a multiple of 32.
        tokens: Length of a padded expression.
        backbone: Of Mask R-CNN: "resnet101" as in the paper, or "resnet50", "resnet18",
            "mobilenet_v3_large", "mobilenet_v2".
        categories: Names that the detector tells apart, "thing" first; that alone for none.
        attributes: Words that may be said of a thing.
        proposals: Things to choose among in one image, 5 at least.
        regions: Regions of which they are chosen.
        candidates: Anchors of each level of which the regions are chosen.
        pyramid_channels: Of the feature pyramid.
        box_channels: Of the box head.
        mask_layers: Convolutions of the mask head.
        least_score: Least probability of being a thing at all with which a proposal may be
            chosen; where no proposal reaches it, the likeliest one may.
        embedding_channels: Of a word.
        language_channels: Of the hidden layer and of each direction's state.
        visual_channels: Of the modules.
        joint_channels: Of the space in which things and phrases are compared.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Yu et al. 2018, CVPR, arXiv:1801.08186; details from its release.
    """

    name = "mattnet"
    image_outputs = ("boxes", "eligible", "masks", "cells", "glances", "places", "beside", "met")
    expression_outputs = ("weights", "phrases", "glance")
    head_outputs = ("logits", "presence")
    stride = STRIDE

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 640,
        tokens: int = 20,
        backbone: str = "resnet101",
        categories: Sequence[str] = (ANYTHING,),
        attributes: Sequence[str] = ("red",),
        proposals: int = 32,
        regions: int = 256,
        candidates: int = 512,
        pyramid_channels: int = 256,
        box_channels: int = 1024,
        mask_layers: int = 4,
        least_score: float = 0.65,
        embedding_channels: int = 512,
        language_channels: int = 512,
        visual_channels: int = 512,
        joint_channels: int = 512,
    ):
        super().__init__()
        if not attributes:
            raise ValueError("attributes must name at least one word, got none")
        if proposals < 5:
            raise ValueError(f"proposals must be 5 at least, got {proposals}")
        if not 0.0 <= least_score < 1.0:
            raise ValueError(f"least_score must lie in [0, 1), got {least_score}")
        self.input_px = input_px
        self.tokens = tokens
        self.attributes = tuple(attributes)
        detector = ProposalEncoder(
            categories=categories,
            input_px=input_px,
            backbone=backbone,
            proposals=proposals,
            regions=regions,
            candidates=candidates,
            pyramid_channels=pyramid_channels,
            box_channels=box_channels,
            mask_layers=mask_layers,
        )
        visual = VisualModules(
            detector.c3_channels,
            detector.c4_channels,
            visual_channels,
            joint_channels,
            len(attributes),
        )
        self.image_encoder: MattImageEncoder = MattImageEncoder(detector, visual, least_score)
        self.expression_encoder: MattExpressionEncoder = MattExpressionEncoder(
            vocabulary_size, embedding_channels, language_channels, visual_channels, joint_channels
        )
        self.query_head: MattHead = MattHead(visual_channels, joint_channels, input_px // STRIDE)

    @torch.no_grad()
    def comprehend(
        self,
        image: Tensor,
        token_ids: Tensor,
        boxes: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> Comprehension:
        """Return the box that each expression means, and why.

        Args:
            image: (1, S, S, 3) uint8 RGB.
            token_ids: (Q, T) int64.
            boxes: (K, 4), the things to choose among; None for what the detector finds.
            labels: (K,), categories of these; None for what the detector thinks of them.
        """
        encoder = self.image_encoder
        features = encoder.detector.features(image)
        if boxes is None:
            found = encoder.detector.propose(features)
            eligible = encoder.eligible(found)
        else:
            eligible = torch.ones_like(boxes[None, :, 0])
            if labels is None:
                found = encoder.detector.describe(features, boxes[None], eligible)
            else:
                categories = len(encoder.detector.categories)
                found = known_things(boxes[None], labels[None], eligible, categories)
                found = found._replace(masks=encoder.detector.masks(features, found.boxes))
        seen = see(encoder.modules_of, encoder.detector, features, found)
        read = self.expression_encoder.language(token_ids)
        scored = self.query_head.score(seen, Asked(*self.expression_encoder(token_ids)))
        scores = scored.total + (1.0 - eligible) * _NEVER
        chosen = scores.argmax(dim=1)
        rows = torch.arange(len(chosen), device=chosen.device)
        return Comprehension(
            proposals=found,
            scores=scores,
            chosen=chosen,
            boxes=found.boxes[0, chosen],
            weights=read.weights,
            words=read.attention,
            cells=scored.attention[rows, chosen].view(-1, CELLS, CELLS),
            modules=scored.modules[rows, :, chosen],
            attributes=torch.sigmoid(seen.attributes[0]),
        )

    def draw(self, answer: Comprehension) -> Tensor:
        """Return the mask of what was chosen, logits (Q, S / 4, S / 4)."""
        masks = answer.proposals.masks[0, answer.chosen].clamp(-OUTSIDE, OUTSIDE)
        drawn: Tensor = paste(masks, answer.boxes, self.input_px // STRIDE, STRIDE)[:, 0]
        return drawn


class MattImageEncoder(nn.Module):
    """Mask R-CNN and what the modules see of its proposals, free of the expression."""

    def __init__(self, detector: ProposalEncoder, visual: VisualModules, least_score: float):
        super().__init__()
        self.detector = detector
        self.modules_of = visual
        self._least_score = least_score

    def eligible(self, proposals: Proposals) -> Tensor:
        """Return 1 for proposals that may be chosen, else 0, (B, K)."""
        best = proposals.scores.amax(dim=1, keepdim=True)
        likely = (proposals.scores >= self._least_score) | (proposals.scores >= best)
        return likely.to(proposals.valid.dtype) * proposals.valid

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return `MattNetwork.image_outputs` for uint8 RGB (B, S, S, 3)."""
        features = self.detector.features(image)
        with unshortened(image):
            found = self.detector.propose(features)
            seen = see(self.modules_of, self.detector, features, found)
        shown = (seen.cells, seen.glances, seen.places, seen.beside, seen.met)
        return (found.boxes, self.eligible(found), found.masks, *shown)


class MattExpressionEncoder(nn.Module):
    """The language attention network and the phrases' side of the matching functions."""

    def __init__(
        self,
        vocabulary_size: int,
        embedding_channels: int,
        channels: int,
        visual_channels: int,
        joint_channels: int,
    ):
        super().__init__()
        self.language = LanguageAttention(
            vocabulary_size, embedding_channels, channels, len(MODULES)
        )
        self.matches = nn.ModuleList(Match(channels, joint_channels) for _ in MODULES)
        self.to_glance = nn.Linear(channels, visual_channels, bias=False)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, ...]:
        """Return the fields of `Asked` for ids (Q, T)."""
        read = self.language(token_ids)
        phrases = [match(read.phrases[:, place]) for place, match in enumerate(self.matches)]
        return Asked(read.weights, torch.stack(phrases, dim=1), self.to_glance(read.phrases[:, 0]))


class MattHead(nn.Module):
    """Scores every proposal by the three modules and answers the best one's mask.

    Source:
        Yu et al. 2018, section 3.2: S(o|r) is the sum over modules of weight times the cosine of
        thing and phrase; the subject is pooled over its cells by attention of its phrase; the
        relationship's score is the greatest over the neighbours.
    """

    def __init__(self, visual_channels: int, joint_channels: int, cells: int):
        super().__init__()
        self.to_attention = nn.Linear(visual_channels, 1, bias=False)
        self.subject_match = Match(visual_channels, joint_channels)
        # A score is no probability: what it says of presence is learnt, see `presence`.
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.least = nn.Parameter(torch.tensor(0.0))
        self._cells = cells

    def score(self, seen: Seen, asked: Asked, there: Tensor | None = None) -> Scored:
        """Return how well each of K things fits each of Q expressions.

        Args:
            seen: Of one image for all expressions, or of B with Q / B expressions each, in order.
            asked: Of Q expressions.
            there: (Q, K), above 0.5 for things that the norms learn from; None for all.
        """
        glances = for_each(seen.glances, asked.glance)
        cells = for_each(seen.cells, asked.glance)
        hidden = torch.tanh(glances + asked.glance[:, None, :, None])
        scores = (hidden * self.to_attention.weight[0, :, None]).sum(dim=2)
        attention = torch.softmax(scores, dim=2)
        pooled = (cells @ attention[..., None])[..., 0]
        flat = None if there is None else there.reshape(-1)
        subject = self.subject_match(pooled.flatten(0, 1), flat)
        subject = subject.view(-1, attention.shape[1], subject.shape[1])
        beside = for_each(seen.beside, asked.glance)
        met = for_each(seen.met, asked.glance)
        asked_of = asked.phrases[:, :, None]
        around = (beside * asked_of[:, 2, None]).sum(dim=3)
        # Of no neighbour at all the greatest score is the least there is.
        around = around * met - (1.0 - met)
        modules = [
            (subject * asked_of[:, 0]).sum(dim=2),
            (for_each(seen.places, asked.glance) * asked_of[:, 1]).sum(dim=2),
            around.amax(dim=2),
        ]
        each = torch.stack(modules, dim=1)
        return Scored((asked.weights[:, :, None] * each).sum(dim=1), each, attention)

    def presence(self, best: Tensor) -> Tensor:
        """Return the logit that a thing of such a score is what was meant."""
        return self.sharpness * (best - self.least)

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (Q, 1, S / 4, S / 4) and presence (Q,).

        Args:
            given: `MattNetwork.image_outputs`, of one image or of B with Q / B expressions each,
                then the fields of `Asked`.
        """
        boxes, eligible, masks, *shown = given[:-3]
        asked = Asked(*given[-3:])
        seen = Seen._make([*shown, shown[-1]])  # its attributes are not looked at
        allowed = for_each(eligible, asked.glance)
        scores = self.score(seen, asked).total + (1.0 - allowed) * _NEVER
        best, place = scores.max(dim=1)
        places = torch.arange(masks.shape[1], device=masks.device)
        chosen = (places == place[:, None]).to(masks.dtype)[:, None]
        # Of one image these are products with all expressions at once.
        mask = chosen @ for_each(masks.clamp(-OUTSIDE, OUTSIDE).flatten(2), chosen)
        box = (chosen.to(boxes.dtype) @ for_each(boxes, chosen))[:, 0]
        side = masks.shape[-1]
        logits = paste(mask.view(-1, side, side), box, self._cells, STRIDE)
        return logits, self.presence(best)


def known_things(boxes: Tensor, labels: Tensor, there: Tensor, categories: int) -> Proposals:
    """Return things whose boxes and categories are known, as the modules take proposals.

    They have no masks and no embedding, which cost most and which no module looks at.

    Args:
        boxes: (B, N, 4), in pixels of the input.
        labels: (B, N), indices of categories; of no meaning where no thing is.
        there: (B, N), 1 where there is a thing, else 0.
        categories: How many there are.
    """
    batch, count = there.shape
    known = boxes.new_zeros(batch, count, 1 + categories)
    known.scatter_(2, (labels.clamp(min=0) + 1)[..., None], 1.0)
    masks, embedding = boxes.new_zeros(batch, count, 0, 0), boxes.new_zeros(batch, count, 0)
    return Proposals(boxes, there, known, there, masks, embedding)
