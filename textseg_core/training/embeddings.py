"""Word vectors from a text file in GloVe's format, as a network's words start from them."""

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from textseg_core.arrays import Float32Array
from textseg_core.models.base import SegmentationNetwork


@dataclass(frozen=True, slots=True, eq=False)
class WordVectors:
    """What a file knows of some words.

    Attributes:
        path: The file.
        length: Of every vector.
        vectors: By word, (length,) each.
    """

    path: Path
    length: int
    vectors: Mapping[str, Float32Array]


def read_vectors(path: Path, words: Sequence[str]) -> WordVectors:
    """Read the vectors of some words.

    A line is a word and its numbers, set apart by spaces; a word may hold spaces itself, as some
    of GloVe's do. A first line of two whole numbers, as word2vec and fastText write it, is passed
    over. A word is taken as it is written, or else in the first line that has it in other case.

    Args:
        path: UTF-8 text.
        words: Those that are wanted.

    Raises:
        ValueError: The file cannot be read or holds no vector, or a line has too few fields, or
            what should be a number is none; names the file and the line.
    """
    wanted = set(words)
    exact: dict[str, Float32Array] = {}
    folded: dict[str, Float32Array] = {}
    length = 0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                fields = raw.rstrip(b"\r\n ").split(b" ")
                if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                    continue
                if not length:
                    length = _length_of(fields)
                if not length or len(fields) <= length:
                    raise ValueError(
                        f"{path}, line {number}: expected a word and "
                        f"{length or 'its'} numbers, got {len(fields)} fields: {raw[:40]!r}; "
                        "the file is damaged or cut off"
                    )
                word = _decoded(b" ".join(fields[:-length]), path, number)
                if word in wanted and word not in exact:
                    exact[word] = _numbers(fields[-length:], path, number)
                elif word.lower() in wanted and word.lower() not in folded:
                    folded[word.lower()] = _numbers(fields[-length:], path, number)
    except OSError as error:
        raise ValueError(
            f"{path}: expected a text file of word vectors in GloVe's format "
            f"({error.strerror or error})"
        ) from error
    if not length:
        raise ValueError(f"{path}: expected a word and its vector on every line, found no line")
    return WordVectors(path, length, {**folded, **exact})


def start_words(network: SegmentationNetwork, words: Sequence[str], known: WordVectors) -> int:
    """Put the vectors that are known into a network; other words keep what they have.

    Args:
        network: Any network that has one table of word vectors.
        words: Its vocabulary.
        known: Vectors.

    Returns:
        How many words got theirs.

    Raises:
        ValueError: If the network has no such table, or one of another length.
    """
    table = _table_of(network, len(words))
    if table.shape[1] != known.length:
        setting = "embedding_channels"
        remedy = (
            f"--set model.{setting}={known.length}"
            if setting in inspect.signature(type(network)).parameters
            else f"a file with vectors of {table.shape[1]} numbers"
        )
        raise ValueError(
            f"{known.path} has vectors of {known.length} numbers, the words of network "
            f"{network.name!r} have {table.shape[1]}: use {remedy}"
        )
    rows = [row for row, word in enumerate(words) if word in known.vectors]
    if rows:
        found = np.stack([known.vectors[words[row]] for row in rows])
        with torch.no_grad():
            table[rows] = torch.from_numpy(found).to(table)
    return len(rows)


def _table_of(network: SegmentationNetwork, words: int) -> nn.Parameter:
    tables = [
        parameter
        for name, parameter in network.named_parameters()
        if name.split(".")[-2:] == ["embedding", "weight"] and parameter.shape[0] == words
    ]
    if len(tables) != 1:
        raise ValueError(
            f"network {network.name!r} has {len(tables) or 'no'} tables of word vectors, expected "
            "one; train it without --embeddings"
        )
    return tables[0]


def _length_of(fields: Sequence[bytes]) -> int:
    """Return how many fields at the end of the first line are numbers, but for its first."""
    count = 0
    for field in reversed(fields[1:]):
        if not _is_number(field):
            break
        count += 1
    return count


def _numbers(fields: Sequence[bytes], path: Path, number: int) -> Float32Array:
    for field in fields:
        if not _is_number(field):
            raise ValueError(
                f"{path}, line {number}: expected a number, got {field[:20]!r}; "
                "the file is damaged"
            )
    return np.array([float(field) for field in fields], np.float32)


def _is_number(field: bytes) -> bool:
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


def _decoded(word: bytes, path: Path, number: int) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}, line {number}: expected UTF-8, got {word[:20]!r}") from error
