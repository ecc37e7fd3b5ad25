"""The network of Liu et al. 2017, "Recurrent Multimodal Interaction" (RMI), and its baseline."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.atrous import CELL_STRIDES, AtrousEncoder
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.fusion import ResponseHead, cell_coordinates, l2_normalise
from textseg_core.models.recurrent import GATES, WordLstm, gate_bias, lstm_step, where_present

COORDINATES = 8
PAD_ID = 0


class RmiNetwork(SegmentationNetwork):
    """An LSTM that reads the sentence once more in every cell of the image.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: Side of the square input, a multiple of `cell_stride`.
        tokens: Length of a padded expression.
        backbone: "resnet101" or "deeplab101" as in the paper (they differ in the weights that
            they start from), or a lighter "resnet50", "resnet18", "mobilenet_v2".
        interaction: "mlstm" is the paper's; "lstm" is its baseline, where each cell is told the
            sentence's last state alone.
        cell_stride: Pixels per cell: 8 as in the paper, 16 or 32.
        visual_channels: Channels of a cell's descriptor.
        embedding_channels: Channels of a word.
        expression_channels: Channels of the word LSTM's state.
        hidden_channels: Channels of the multimodal LSTM's state; of the hidden layer with "lstm".

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Liu et al. 2017, ICCV, arXiv:1703.07939; details from its release.
    """

    name = "rmi"
    image_outputs = ("visual",)
    head_outputs = ("logits",)
    stride = 1

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 320,
        tokens: int = 20,
        backbone: Literal[
            "resnet101", "deeplab101", "resnet50", "resnet18", "mobilenet_v2"
        ] = "deeplab101",
        interaction: Literal["mlstm", "lstm"] = "mlstm",
        cell_stride: int = 8,
        visual_channels: int = 1000,
        embedding_channels: int = 1000,
        expression_channels: int = 1000,
        hidden_channels: int = 500,
    ):
        super().__init__()
        if interaction not in ("mlstm", "lstm"):
            raise ValueError(f"interaction must be mlstm or lstm, got {interaction!r}")
        if cell_stride not in CELL_STRIDES:
            raise ValueError(f"cell_stride must be one of {CELL_STRIDES}, got {cell_stride}")
        if input_px <= 0 or input_px % cell_stride:
            raise ValueError(
                f"input_px must be a positive multiple of {cell_stride}, got {input_px}"
            )
        self.input_px = input_px
        self.tokens = tokens
        cells = input_px // cell_stride
        self.image_encoder: AtrousEncoder = AtrousEncoder(backbone, visual_channels, cell_stride)
        if interaction == "mlstm":
            self.expression_outputs = ("words", "present")
            self.expression_encoder: nn.Module = WordEncoder(
                vocabulary_size, embedding_channels, expression_channels, hidden_channels
            )
            self.query_head: nn.Module = InteractionHead(
                visual_channels, hidden_channels, cells, cell_stride
            )
        else:
            self.expression_outputs = ("expression",)
            self.expression_encoder = SentenceEncoder(
                vocabulary_size, embedding_channels, expression_channels
            )
            self.query_head = SentenceHead(
                visual_channels, expression_channels, hidden_channels, cells, cell_stride
            )


class SentenceEncoder(nn.Module):
    """Embeds the words and reads them with an LSTM that skips padding; keeps its last state."""

    def __init__(self, vocabulary_size: int, embedding_channels: int, channels: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        nn.init.uniform_(self.embedding.weight, -0.08, 0.08)
        self.lstm = WordLstm(embedding_channels, channels)

    def read(self, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return embedded words (Q, T, E), states (Q, T, C) and which are present (Q, T)."""
        words = self.embedding(token_ids)
        present = (token_ids != PAD_ID).to(words.dtype)
        return words, self.lstm(words, present), present

    def forward(self, token_ids: Tensor) -> tuple[Tensor, ...]:
        """Return ((Q, C),) of length one, for ids (Q, T)."""
        _, states, _ = self.read(token_ids)
        return (l2_normalise(states[:, -1]),)


class WordEncoder(SentenceEncoder):
    """Turns each word, with the sentence up to it, into its share of the multimodal gates.

    The share is the same in every cell, so it is computed here, once for each expression.
    """

    def __init__(
        self, vocabulary_size: int, embedding_channels: int, channels: int, hidden_channels: int
    ):
        super().__init__(vocabulary_size, embedding_channels, channels)
        self.to_gates = nn.Linear(
            embedding_channels + channels, GATES * hidden_channels, bias=False
        )
        nn.init.xavier_uniform_(self.to_gates.weight)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, ...]:
        """Return shares of the gates (Q, T, 4 hidden) and present words (Q, T), 1 or 0."""
        words, states, present = self.read(token_ids)
        told = torch.cat([words, l2_normalise(states.flatten(0, 1)).view_as(states)], dim=2)
        return self.to_gates(told), present


class InteractionHead(nn.Module):
    """Runs the multimodal LSTM in all cells with the same weights, and classifies its end.

    The paper's convolution of 1 x 1 reads [descriptor, place, word, the word LSTM's state, own
    state] in each cell at each word. It is a sum over its inputs' channels. The first two do not
    change from word to word: their share is computed once for each image. The next two do not
    change from cell to cell: theirs comes from `WordEncoder`. The same numbers, at a seventh of
    the cost; only the own state's share is left inside the steps.

    Source:
        Liu et al. 2017, section 3.2 and equation 9; padded steps are skipped as in its release.
    """

    def __init__(self, visual_channels: int, hidden_channels: int, cells: int, cell_stride: int):
        super().__init__()
        self.from_image = nn.Conv2d(visual_channels + COORDINATES, GATES * hidden_channels, 1)
        self.from_state = nn.Linear(hidden_channels, GATES * hidden_channels, bias=False)
        self.score = nn.Conv1d(hidden_channels, 1, 1)
        for layer in (self.from_image, self.from_state, self.score):
            nn.init.xavier_uniform_(layer.weight)
        with torch.no_grad():
            for bias, start in (
                (self.from_image.bias, gate_bias(hidden_channels)),
                (self.score.bias, torch.zeros(1)),
            ):
                if bias is not None:
                    bias.copy_(start)
        self._cells, self._cell_stride = cells, cell_stride
        self.register_buffer(
            "coordinates", cell_coordinates(cells, cells, COORDINATES), persistent=False
        )
        self.coordinates: Tensor

    def forward(self, visual: Tensor, words: Tensor, present: Tensor) -> tuple[Tensor]:
        """Return the logits.

        Args:
            visual: (B, C, h, w): one image for all expressions, or B images with Q / B
                expressions each, in order.
            words: (Q, T, 4 hidden).
            present: (Q, T), above 0.5 where there is a word.

        Returns:
            ((Q, 1, S, S),).
        """
        state = self.interact(visual, words, present)
        scores = self.score(F.relu(state)).unflatten(2, (self._cells, self._cells))
        return (enlarge(scores, self._cell_stride),)

    def interact(self, visual: Tensor, words: Tensor, present: Tensor) -> Tensor:
        """Return the multimodal LSTM's last state, (Q, hidden, h w)."""
        place = self.coordinates.expand(visual.shape[0], -1, -1, -1)
        shared = self.from_image(torch.cat([visual, place], dim=1)).flatten(2)
        shared = for_each(shared, words)
        state: Tensor | None = None
        memory: Tensor | None = None
        for step in _steps(present):
            gates = shared + words[:, step, :, None]
            if state is not None:
                gates = gates + self.from_state.weight @ state
            # What adds up over the words stays in float32 where the products are shorter.
            state_now, memory_now = lstm_step(gates.float(), memory)
            state = where_present(present[:, step], state_now, state)
            memory = where_present(present[:, step], memory_now, memory)
        if state is None:
            raise ValueError("expected at least one token, got expressions of length 0")
        return state


class SentenceHead(nn.Module):
    """The baseline: a cell is classified by its descriptor, its place and the last state."""

    def __init__(
        self,
        visual_channels: int,
        expression_channels: int,
        hidden_channels: int,
        cells: int,
        cell_stride: int,
    ):
        super().__init__()
        self.response = ResponseHead(
            visual_channels,
            expression_channels,
            hidden_channels,
            cells=cells,
            coordinates=COORDINATES,
            upsampling=1,
        )
        self._cell_stride = cell_stride

    def forward(self, visual: Tensor, expression: Tensor) -> tuple[Tensor]:
        """Return ((Q, 1, S, S),) for visual (B, C, h, w), see above, and expression (Q, C)."""
        (scores,) = self.response(for_each(visual, expression), expression)
        return (enlarge(scores, self._cell_stride),)


def for_each(images: Tensor, expressions: Tensor) -> Tensor:
    """Return what is of B images, (B, ...), for Q expressions: repeated Q / B times each.

    What is of one image, as in an exported head, is left to broadcasting.
    """
    if torch.onnx.is_in_onnx_export() or images.shape[0] == 1:
        return images
    return images.repeat_interleave(expressions.shape[0] // images.shape[0], dim=0)


def enlarge(scores: Tensor, factor: int) -> Tensor:
    """Return scores (Q, 1, h, w) interpolated bilinearly at every pixel."""
    return F.interpolate(scores, scale_factor=float(factor), mode="bilinear", align_corners=False)


def _steps(present: Tensor) -> list[int]:
    """Return the steps to take: those at which any expression has a word, where that is known.

    An exported or counted head takes all of them, since their number may not depend on values.
    """
    steps = list(range(present.shape[1]))
    if torch.onnx.is_in_onnx_export() or present.is_meta:
        return steps
    found = (present > 0.5).any(dim=0).tolist()
    return [step for step in steps if found[step]] or steps[-1:]
