"""Baseline of Hu et al. 2016, "classification over segmentation proposals"."""

from typing import Literal

from textseg_core.models.grounder import RegionClassifier
from textseg_core.models.language import LstmEncoder
from textseg_core.models.proposal_network import ProposalNetwork
from textseg_core.proposals import PLACES


class SegmentProposalsNetwork(ProposalNetwork):
    """Says of each proposed segment whether an expression means it; answers with the best.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: See `ProposalNetwork`.
        tokens: Length of a padded expression.
        backbone: See `ProposalNetwork`.
        cell_stride: See `ProposalNetwork`.
        proposals: See `ProposalNetwork`.
        answer: "segment", the only one.
        visual_channels: Channels of a region's looks.
        embedding_channels: Channels of a word.
        expression_channels: Channels of the LSTM's state.
        hidden_channels: Channels between the classifier's two layers.

    Source:
        Hu et al. 2016, section 4.1, arXiv:1603.06180.
    """

    name = "segment_proposals"
    expression_outputs = ("expression",)

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 512,
        tokens: int = 20,
        backbone: Literal["resnet101", "resnet50", "resnet18", "mobilenet_v2"] = "resnet101",
        cell_stride: int = 16,
        proposals: int = 100,
        answer: Literal["segment"] = "segment",
        visual_channels: int = 1000,
        embedding_channels: int = 1000,
        expression_channels: int = 1000,
        hidden_channels: int = 500,
    ):
        super().__init__(
            input_px=input_px,
            tokens=tokens,
            backbone=backbone,
            cell_stride=cell_stride,
            proposals=proposals,
            answer=answer,
            kinds=("segment",),
            visual_channels=visual_channels,
            score=RegionClassifier(visual_channels + PLACES, expression_channels, hidden_channels),
        )
        self.expression_encoder: LstmEncoder = LstmEncoder(
            vocabulary_size, embedding_channels, expression_channels
        )
