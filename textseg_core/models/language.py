"""Expression encoder of Hu et al. 2016: word embedding and an LSTM."""

import torch
from torch import Tensor, nn

from textseg_core.models.fusion import l2_normalise

FORGET_BIAS = 1.0


class LstmEncoder(nn.Module):
    """Embeds the words, reads them with an LSTM and keeps its last state.

    The LSTM runs over all T ids, padding included, so that the reader must be
    padded on the left as in training. Padding has an embedding like any word.

    The paper initialises embedding and LSTM "randomly"; the range is that of
    the sequence-to-sequence encoder that it cites.

    Source:
        Hu et al. 2016, section 3.2, arXiv:1603.06180; the forget gate's bias of
        1 is its release's; uniform in +-0.08: Sutskever et al. 2014,
        arXiv:1409.3215, section 3.4.
    """

    def __init__(self, vocabulary_size: int, embedding_channels: int, hidden_channels: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        self.lstm = nn.LSTM(embedding_channels, hidden_channels, batch_first=True)
        nn.init.uniform_(self.embedding.weight, -0.08, 0.08)
        parameters = dict(self.lstm.named_parameters())
        for name in ("weight_ih_l0", "weight_hh_l0"):
            nn.init.uniform_(parameters[name], -0.08, 0.08)
        for name in ("bias_ih_l0", "bias_hh_l0"):
            nn.init.zeros_(parameters[name])
        with torch.no_grad():
            # Torch orders the gates input, forget, cell, output, and always adds its two
            # biases. The paper's LSTM has one, so the second stays zero and is not trained.
            parameters["bias_ih_l0"][hidden_channels : 2 * hidden_channels] = FORGET_BIAS
        parameters["bias_hh_l0"].requires_grad_(False)

    def forward(self, token_ids: Tensor) -> tuple[Tensor]:
        """Return ((Q, hidden_channels),) of length one, for ids (Q, T)."""
        states, _ = self.lstm(self.embedding(token_ids))
        return (l2_normalise(states[:, -1]),)
