"""Says in words what a picture's features show: an LSTM that looks anew before each word."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.recurrent import GATES, gate_bias, lstm_step

#: Both what a caption is begun with and what ends it.
EDGE_ID = 0


class AttentionCaptioner(nn.Module):
    """Gives every word of a sentence its probability, from the words before and the features.

    Args:
        vocabulary_size: Number of words.
        feature_channels: Of the features at each place.
        embedding_channels: Of a word.
        channels: Of the LSTM's state.
        attention_channels: In which state and features are compared.

    Source:
        Xu et al. 2015, "Show, attend and tell", section 3.1.2 and equations 4 to 6 (soft
        attention), arXiv:1502.03044.
    """

    def __init__(
        self,
        vocabulary_size: int,
        feature_channels: int,
        embedding_channels: int,
        channels: int,
        attention_channels: int,
    ):
        super().__init__()
        self.spoken = nn.Embedding(vocabulary_size, embedding_channels)
        self.from_word = nn.Linear(embedding_channels, GATES * channels)
        self.from_state = nn.Linear(channels, GATES * channels, bias=False)
        self.from_seen = nn.Linear(feature_channels, GATES * channels, bias=False)
        self.feature_to_attention = nn.Linear(feature_channels, attention_channels)
        self.state_to_attention = nn.Linear(channels, attention_channels, bias=False)
        self.attention = nn.Linear(attention_channels, 1, bias=False)
        self.to_word = nn.Linear(channels, vocabulary_size)
        nn.init.uniform_(self.spoken.weight, -0.1, 0.1)
        nn.init.uniform_(self.to_word.weight, -0.1, 0.1)
        nn.init.zeros_(self.to_word.bias)
        with torch.no_grad():
            self.from_word.bias.copy_(gate_bias(channels))

    def look(self, features: Tensor, keys: Tensor, state: Tensor) -> Tensor:
        """Return the features (Q, P, F) as a state (Q, C) weighs them, (Q, F).

        Args:
            features: Of each place.
            keys: The same by `feature_to_attention`.
            state: Of the LSTM.
        """
        alike = torch.tanh(keys + self.state_to_attention(state)[:, None])
        weight = torch.softmax(self.attention(alike), dim=1)
        return (weight * features).sum(dim=1)

    def forward(self, features: Tensor, token_ids: Tensor) -> Tensor:
        """Return the logits of each next word.

        Args:
            features: (Q, P, F) of P places.
            token_ids: The sentence, (Q, T), padded with 0 on the right.

        Returns:
            (Q, T + 1, V): of word t given those before it, and of what follows the last one.
        """
        begun = F.pad(token_ids, (1, 0), value=EDGE_ID)
        told = self.from_word(self.spoken(begun))
        keys = self.feature_to_attention(features)
        state = features.new_zeros(len(features), self.from_state.in_features)
        memory: Tensor | None = None
        states = []
        for step in range(begun.shape[1]):
            seen = self.look(features, keys, state)
            gates = told[:, step] + self.from_state(state) + self.from_seen(seen)
            state, memory = lstm_step(gates, memory)
            states.append(state)
        logits: Tensor = self.to_word(torch.stack(states, dim=1))
        return logits


def caption_loss(logits: Tensor, token_ids: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean over words of -log p(word | words before), the sentence's end included.

    Args:
        logits: As `AttentionCaptioner` gives them, (Q, T + 1, V).
        token_ids: (Q, T), padded with 0 on the right.
        weight: Of each sentence, (Q,); None for 1.

    Source:
        Chen et al. 2019, section 3.3, L_cap; divided by the number of words as in its release.
    """
    wanted = F.pad(token_ids, (0, 1), value=EDGE_ID)
    each = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    # The first edge after the words ends the sentence; what follows it is padding.
    counts = F.pad((token_ids != EDGE_ID).to(each.dtype), (1, 0), value=1.0)
    if weight is not None:
        counts = counts * weight[:, None]
    return (each * counts).sum() / counts.sum().clamp(min=1.0)
