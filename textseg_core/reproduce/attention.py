"""Which words a trained network reads, where it has attention over them, in a few lines."""

from pathlib import Path

import torch
from torch import Tensor

from textseg_core.language.word_roles import ROLES
from textseg_core.models import registry
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.compact import CompactNetwork
from textseg_core.models.hulanet import HulaNetwork
from textseg_core.models.mattnet import MODULES, MattNetwork
from textseg_core.tokenizer import RESERVED, Tokenizer

#: Words of which a line tells: so many, the most read first.
SHOWN = 3


def read_words(checkpoint: Path, expressions: list[str]) -> list[list[str]]:
    """Return lines on each expression; none of a network without attention over words.

    Args:
        checkpoint: Of a training run.
        expressions: What is asked.
    """
    loaded = load_checkpoint(checkpoint)
    known = registry.entry(loaded.name)
    network = loaded.network()
    tokenizer = Tokenizer(loaded.vocabulary, network.tokens, known.padding, known.tokenizer)
    told = []
    for expression in expressions:
        ids = torch.from_numpy(tokenizer.encode(expression).token_ids)
        words = [loaded.vocabulary[int(number)] for number in ids[0]]
        with torch.inference_mode():
            if isinstance(network, MattNetwork):
                told.append(_of_modules(network, ids, words))
            elif isinstance(network, HulaNetwork):
                told.append(_of_roles(network, ids, words))
            elif isinstance(network, CompactNetwork):
                read = network.expression_encoder.attention(ids)[0]
                told.append([f"noun: {_most(words, read)}"])
            else:
                told.append([])
    return told


def _of_modules(network: MattNetwork, ids: Tensor, words: list[str]) -> list[str]:
    """Return the weight of each module of MAttNet, and what it reads."""
    read = network.expression_encoder.language(ids)
    return [
        f"{name} {float(weight):.2f}: {_most(words, attention)}"
        for name, weight, attention in zip(
            MODULES, read.weights[0], read.attention[0], strict=True
        )
    ]


def _of_roles(network: HulaNetwork, ids: Tensor, words: list[str]) -> list[str]:
    """Return the words of each role that HULANet gives to any."""
    _, logits = network.expression_encoder.groups.roles(ids)
    roles = logits[0].argmax(dim=1).tolist()
    lines = []
    for number, name in enumerate(ROLES[1:], start=1):
        own = [
            word
            for word, role, one in zip(words, roles, ids[0].tolist(), strict=True)
            if role == number and one
        ]
        if own:
            lines.append(f"{name}: {' '.join(own)}")
    return lines


def _most(words: list[str], attention: Tensor) -> str:
    """Return the words that are read most, with their shares."""
    said = [place for place, word in enumerate(words) if word != RESERVED[0]]
    order = sorted(said, key=lambda place: -float(attention[place]))[:SHOWN]
    return ", ".join(f"{words[place]} {float(attention[place]):.2f}" for place in order)
