"""Baseline of Hu et al. 2016: SCRC, the likelihood of an expression as the caption of a box."""

from typing import Literal

import torch
from torch import Tensor, nn

from textseg_core.models.proposal_network import ProposalNetwork
from textseg_core.models.recurrent import GATES, WordLstm, gate_bias, lstm_step, where_present
from textseg_core.proposals import PLACES

PAD_ID, BEGIN_ID = 0, 1


class ScrcNetwork(ProposalNetwork):
    """Finds the box of which an expression is the likeliest caption.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: See `ProposalNetwork`.
        tokens: Length of a padded expression.
        backbone: See `ProposalNetwork`.
        cell_stride: See `ProposalNetwork`.
        proposals: See `ProposalNetwork`.
        answer: "box", or "grabcut" for the foreground within it.
        visual_channels: Channels of a region's looks.
        embedding_channels: Channels of a word.
        hidden_channels: Channels of each of the three LSTMs.

    Source:
        Hu et al. 2015, "Natural language object retrieval", arXiv:1511.04164; as in Hu et al.
        2016, section 4.1.
    """

    name = "scrc"
    expression_outputs = ("read", "words", "present")

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 512,
        tokens: int = 20,
        backbone: Literal["resnet101", "resnet50", "resnet18", "mobilenet_v2"] = "resnet101",
        cell_stride: int = 16,
        proposals: int = 100,
        answer: Literal["box", "grabcut"] = "box",
        visual_channels: int = 1000,
        embedding_channels: int = 1000,
        hidden_channels: int = 1000,
    ):
        super().__init__(
            input_px=input_px,
            tokens=tokens,
            backbone=backbone,
            cell_stride=cell_stride,
            proposals=proposals,
            answer=answer,
            kinds=("box", "grabcut"),
            visual_channels=visual_channels,
            score=CaptionLikelihood(vocabulary_size, visual_channels, hidden_channels),
        )
        self.expression_encoder: PrefixReader = PrefixReader(
            vocabulary_size, embedding_channels, hidden_channels
        )


class PrefixReader(nn.Module):
    """Reads what stands before each word: the part of the captioner that sees no picture."""

    def __init__(self, vocabulary_size: int, embedding_channels: int, channels: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        nn.init.uniform_(self.embedding.weight, -0.08, 0.08)
        self.lstm = WordLstm(embedding_channels, channels)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the state before each word (Q, T, C), the words (Q, T) and 1 where one is.

        Before the first word stands the sign for the beginning.
        """
        first = torch.full_like(token_ids[:, :1], BEGIN_ID)
        before = torch.cat([first, token_ids[:, :-1]], dim=1)
        before = torch.where(before == PAD_ID, torch.full_like(before, BEGIN_ID), before)
        present = (token_ids != PAD_ID).to(self.embedding.weight.dtype)
        return self.lstm(self.embedding(before), present), token_ids.clone(), present


class SightedLstm(nn.Module):
    """An LSTM whose gates read words and, at every step, something seen that stays the same.

    What the gates read of either is one product over all of it; padded steps change nothing.
    """

    def __init__(self, seen_channels: int, word_channels: int, channels: int):
        super().__init__()
        self.from_seen = nn.Linear(seen_channels, GATES * channels)
        self.from_words = nn.Linear(word_channels, GATES * channels, bias=False)
        self.from_state = nn.Linear(channels, GATES * channels, bias=False)
        for layer in (self.from_seen, self.from_words, self.from_state):
            nn.init.xavier_uniform_(layer.weight)
        with torch.no_grad():
            self.from_seen.bias.copy_(gate_bias(channels))

    def forward(self, seen: Tensor, words: Tensor, present: Tensor) -> list[Tensor]:
        """Return the state after each word, (Q, N, C) each.

        Args:
            seen: (B, N, D), B being 1 or Q.
            words: (Q, T, E).
            present: (Q, T).
        """
        count = seen.shape[1]
        shared, told = self.from_seen(seen), self.from_words(words)
        state: Tensor | None = None
        memory: Tensor | None = None
        states = []
        for step in range(words.shape[1]):
            gates = (shared + told[:, step, None]).flatten(0, 1)
            if state is not None:
                gates = gates + self.from_state(state)
            here = present[:, step, None].expand(-1, count).flatten()
            state_now, memory_now = lstm_step(gates, memory)
            state = where_present(here, state_now, state)
            memory = where_present(here, memory_now, memory)
            states.append(state.reshape(-1, count, state.shape[1]))
        return states


class CaptionLikelihood(nn.Module):
    """log p(expression | box, picture): the sum over its words.

    At each word a local LSTM reads the language LSTM's state, the box's looks and its place; a
    global one the language LSTM's state and the picture. The next word's scores are a sum of both.
    The global LSTM is the same for all boxes of a picture and runs once.

    Source:
        Hu et al. 2015, sections 3.1 and 3.2, arXiv:1511.04164.
    """

    def __init__(self, vocabulary_size: int, visual_channels: int, channels: int):
        super().__init__()
        self._local = visual_channels + PLACES
        self.local = SightedLstm(self._local, channels, channels)
        self.whole = SightedLstm(visual_channels, channels, channels)
        self.words_from_local = nn.Linear(channels, vocabulary_size)
        self.words_from_whole = nn.Linear(channels, vocabulary_size, bias=False)
        for layer in (self.words_from_local, self.words_from_whole):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.words_from_local.bias)

    def forward(
        self, regions: Tensor, read: Tensor, words: Tensor, present: Tensor
    ) -> tuple[Tensor]:
        """Return the log-likelihoods, ((Q, N),).

        Args:
            regions: Looks, place and picture of each box, (B, N, D), B being 1 or Q.
            read: The language LSTM's state before each word, (Q, T, C).
            words: Their ids, (Q, T).
            present: (Q, T), 1 where a word is.
        """
        count = regions.shape[1]
        local = self.local(regions[..., : self._local], read, present)
        whole = self.whole(regions[:, :1, self._local :], read, present)
        total: Tensor | None = None
        for step, (near, far) in enumerate(zip(local, whole, strict=True)):
            scores = self.words_from_local(near) + self.words_from_whole(far)
            word = words[:, step, None, None].expand(-1, count, 1)
            likely = scores.log_softmax(dim=2).gather(2, word).squeeze(2)
            likely = likely * present[:, step, None]
            total = likely if total is None else total + likely
        if total is None:
            raise ValueError("expected at least one token, got expressions of length 0")
        return (total,)
