"""An LSTM's step as a function, and an LSTM over words that skips padding."""

import torch
from torch import Tensor, nn

FORGET_BIAS = 1.0
GATES = 4


def lstm_step(gates: Tensor, memory: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return state and memory after one step of an LSTM.

    Args:
        gates: What goes into the gates, (Q, 4 C, ...): input, forget, new content and output,
            each of C channels, in the order that torch has them.
        memory: (Q, C, ...), or None before the first step, where it is zero.

    Returns:
        State and memory, (Q, C, ...) each.

    Source:
        Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; equations 4 to 6
        of Liu et al. 2017.
    """
    enter, forget, content, leave = gates.chunk(GATES, dim=1)
    memory_now = torch.sigmoid(enter) * torch.tanh(content)
    if memory is not None:
        memory_now = memory_now + torch.sigmoid(forget) * memory
    return torch.sigmoid(leave) * torch.tanh(memory_now), memory_now


def where_present(present: Tensor, now: Tensor, before: Tensor | None) -> Tensor:
    """Return `now` for the expressions that have a word at this step, else what was `before`.

    Args:
        present: (Q,), above 0.5 where there is a word.
        now: (Q, C, ...).
        before: Of the same shape, or None for zero.
    """
    chosen = (present > 0.5).reshape(-1, *[1] * (now.ndim - 1))
    return torch.where(chosen, now, torch.zeros_like(now) if before is None else before)


def gate_bias(channels: int) -> Tensor:
    """Return the bias that gates start from: one for forgetting, so that it begins late."""
    bias = torch.zeros(GATES * channels)
    bias[channels : 2 * channels] = FORGET_BIAS
    return bias


class WordLstm(nn.Module):
    """An LSTM over words whose padded steps leave state and memory as they are.

    Padding may stand on any side. The steps are written out, which any runtime computes without
    a loop; what the gates read from the words is one product over all of them.
    """

    def __init__(self, input_channels: int, channels: int):
        super().__init__()
        self.from_input = nn.Linear(input_channels, GATES * channels)
        self.from_state = nn.Linear(channels, GATES * channels, bias=False)
        for layer in (self.from_input, self.from_state):
            nn.init.uniform_(layer.weight, -0.08, 0.08)
        with torch.no_grad():
            self.from_input.bias.copy_(gate_bias(channels))

    def forward(self, words: Tensor, present: Tensor) -> Tensor:
        """Return the state after each step, (Q, T, C), for words (Q, T, E), present (Q, T)."""
        gates = self.from_input(words)
        state: Tensor | None = None
        memory: Tensor | None = None
        states = []
        for step in range(words.shape[1]):
            told = gates[:, step]
            if state is not None:
                told = told + self.from_state(state)
            state_now, memory_now = lstm_step(told, memory)
            state = where_present(present[:, step], state_now, state)
            memory = where_present(present[:, step], memory_now, memory)
            states.append(state)
        return torch.stack(states, dim=1)


class TwoWayLstm(nn.Module):
    """Two LSTMs over words, one from either end, whose padded steps change nothing.

    Source:
        Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    def __init__(self, input_channels: int, channels: int):
        super().__init__()
        self.forwards = WordLstm(input_channels, channels)
        self.backwards = WordLstm(input_channels, channels)

    def forward(self, words: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is known at each word, and of the sentence.

        Args:
            words: (Q, T, E).
            present: (Q, T), above 0.5 where there is a word.

        Returns:
            Both states at each word, (Q, T, 2 C); and the two last states, that after the last
            word and that after the first one, (Q, 2 C).
        """
        ahead = self.forwards(words, present)
        back = self.backwards(words.flip(1), present.flip(1)).flip(1)
        return torch.cat([ahead, back], dim=2), torch.cat([ahead[:, -1], back[:, 0]], dim=1)
