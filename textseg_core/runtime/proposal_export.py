"""What an export compares where a network chooses among proposals: its scores, not its masks.

Two proposals may score alike to the last bits; which of them is drawn says nothing of a runtime.
"""

from pathlib import Path

import numpy as np
import torch

from textseg_core.arrays import AnyArray, Float64Array
from textseg_core.model_info import ModelInfo
from textseg_core.models.proposal_network import ProposalNetwork
from textseg_core.runtime.proposal_backend import ProposalBackend

_IMAGES = 3


def proposals_of(network: object) -> dict[str, object]:
    """Return what `model.yaml` says of a network's proposals; nothing of another network's."""
    if not isinstance(network, ProposalNetwork):
        return {}
    return {"count": network.proposals, "cells": network.cells, "answer": network.answer}


def greatest_score_difference(
    directory: Path, info: ModelInfo, network: ProposalNetwork, words: int
) -> float:
    """Return how far torch's and ONNX Runtime's shares of the proposals are apart at most.

    Pictures of coloured blocks are asked about with one to three expressions of random words.

    Args:
        directory: Holds the three ONNX files.
        info: Their `model.yaml`.
        network: The same in torch.
        words: Size of the vocabulary.
    """
    backend = ProposalBackend(directory, info)
    generator = np.random.default_rng(0)
    greatest = 0.0
    for count in range(1, _IMAGES + 1):
        small = generator.integers(1, 256, (8, 8, 3), dtype=np.uint8)
        side = -(-network.input_px // 8)
        image = small.repeat(side, 0).repeat(side, 1)[: network.input_px, : network.input_px]
        ids = generator.integers(0, words, (count, network.tokens), dtype=np.int64)
        read = [backend.encode_expression(one[None]) for one in ids]
        ours = backend.scores(backend.encode_image(np.ascontiguousarray(image)), read)
        with torch.inference_mode():
            seen = network.image_encoder(torch.from_numpy(image.copy())[None])
            told = network.expression_encoder(torch.from_numpy(ids))
            theirs = network.query_head.scores(seen[0], seen[1], *told).numpy()
        greatest = float(np.maximum(greatest, np.abs(_shares(ours) - _shares(theirs)).max()))
    return greatest


def _shares(scores: AnyArray) -> Float64Array:
    """Return the softmax over the proposals of each expression."""
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    shares: Float64Array = powers / powers.sum(axis=1, keepdims=True)
    return shares
