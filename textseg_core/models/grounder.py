"""Baselines of Hu et al. 2016: GroundeR's attention over boxes, and a classifier over segments."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.language import LstmEncoder
from textseg_core.models.proposal_network import ProposalNetwork
from textseg_core.proposals import PLACES
from textseg_core.region_answers import Answer


class RegionClassifier(nn.Module):
    """A score for each region, from its features and the expression: two layers.

    Written out, both are concatenated for every pair. The first layer is a sum over its inputs, so
    that each region's share and each expression's share are computed once.

    Source:
        Rohrbach et al. 2015, equation 3, arXiv:1511.03745: W2 relu(Wh h + Wv v + b1) + b2.
    """

    def __init__(self, region_channels: int, expression_channels: int, hidden_channels: int):
        super().__init__()
        self.from_region = nn.Linear(region_channels, hidden_channels)
        self.from_expression = nn.Linear(expression_channels, hidden_channels, bias=False)
        self.answer = nn.Linear(hidden_channels, 1)
        self._channels = region_channels
        for layer in (self.from_region, self.from_expression, self.answer):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, regions: Tensor, expression: Tensor) -> tuple[Tensor]:
        """Return ((Q, N),) for regions (B, N, D), B being 1 or Q, and expression (Q, C)."""
        told = self.from_region(regions[..., : self._channels])
        hidden = F.relu(told + self.from_expression(expression)[:, None])
        return (self.answer(hidden).squeeze(2),)


class GrounderNetwork(ProposalNetwork):
    """Attends to one of the proposed boxes, as it was told to in training.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: See `ProposalNetwork`.
        tokens: Length of a padded expression.
        backbone: See `ProposalNetwork`.
        cell_stride: See `ProposalNetwork`.
        proposals: See `ProposalNetwork`.
        answer: "box", the default, or "grabcut" for the foreground within it.
        visual_channels: Channels of a region's looks.
        embedding_channels: Channels of a word.
        expression_channels: Channels of the LSTM's state.
        hidden_channels: Channels between the attention's two layers.

    Source:
        Rohrbach et al. 2015, "Grounding of textual phrases in images by reconstruction", its
        supervised version, arXiv:1511.03745; as in Hu et al. 2016, section 4.1.
    """

    name = "grounder"
    #: What may be answered, first of all if nothing else is asked.
    kinds: tuple[Answer, ...] = ("box", "grabcut")
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
        answer: Answer | None = None,
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
            answer=self.kinds[0] if answer is None else answer,
            kinds=self.kinds,
            visual_channels=visual_channels,
            score=RegionClassifier(visual_channels + PLACES, expression_channels, hidden_channels),
        )
        self.expression_encoder: LstmEncoder = LstmEncoder(
            vocabulary_size, embedding_channels, expression_channels
        )
