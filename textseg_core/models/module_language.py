"""The language attention network: which module an expression needs, and which words it reads."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from textseg_core.models.recurrent import TwoWayLstm

PAD_ID = 0
# Added to a score before the softmax; its exponential is nothing beside 1.
HIDE = -60.0


class Phrases(NamedTuple):
    """An expression taken apart for M modules.

    Attributes:
        weights: (Q, M), how much each module counts; they sum to one.
        attention: (Q, M, T), how much each module reads of each word; sums to one over words.
        phrases: (Q, M, C), the words that each module reads, weighed by that.
    """

    weights: Tensor
    attention: Tensor
    phrases: Tensor


class LanguageAttention(nn.Module):
    """Embeds words, reads them both ways, and gives each module a phrase and a weight.

    Args:
        vocabulary_size: Number of words.
        embedding_channels: Of a word.
        channels: C, of an embedded word after the hidden layer, and of each direction's state.
        modules: M.

    Source:
        Yu et al. 2018, section 3.1, arXiv:1801.08186; that a hidden layer follows the embedding,
        and that the phrases are made of what it gives, is as in its release.
    """

    def __init__(self, vocabulary_size: int, embedding_channels: int, channels: int, modules: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        self.hidden = nn.Linear(embedding_channels, channels)
        self.lstm = TwoWayLstm(channels, channels)
        self.to_weights = nn.Linear(2 * channels, modules)
        self.to_attention = nn.Linear(2 * channels, modules, bias=False)
        nn.init.uniform_(self.embedding.weight, -0.08, 0.08)
        # Small values of the embedding are brought to the size that later layers expect.
        nn.init.xavier_uniform_(self.hidden.weight, gain=4.0)
        nn.init.zeros_(self.hidden.bias)

    def forward(self, token_ids: Tensor) -> Phrases:
        """Return the phrases of expressions (Q, T); padding is not read, on whichever side."""
        words = torch.relu(self.hidden(self.embedding(token_ids)))
        present = (token_ids != PAD_ID).to(words.dtype)
        states, ends = self.lstm(words, present)
        weights = torch.softmax(self.to_weights(ends), dim=1)
        scores = self.to_attention(states).transpose(1, 2) + (1.0 - present[:, None]) * HIDE
        attention = torch.softmax(scores, dim=2)
        return Phrases(weights, attention, attention @ words)
