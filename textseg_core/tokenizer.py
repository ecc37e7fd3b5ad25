"""Turns an expression into token ids, and reports every word that the ids do not carry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from textseg_core.arrays import Int64Array
from textseg_core.language.spelling import Piece, split_pieces
from textseg_core.language.vocabulary import Token, Vocabulary
from textseg_core.language.words import split_words

Padding = Literal["left", "right"]
Kind = Literal["words", "hu2016"]

RESERVED = ("<pad>", "<go>", "<eos>", "<unk>")
PAD_ID, UNKNOWN_ID = 0, 3
_SEPARATORS = re.compile(r"(\W+)")


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """An expression as a network reads it.

    Attributes:
        token_ids: (1, T) int64, padded with 0.
        unknown_words: Words among the first T that the vocabulary lacks, as typed, each once.
        truncated_words: Words beyond the first T, as typed; the network never sees them.
    """

    token_ids: Int64Array
    unknown_words: tuple[str, ...]
    truncated_words: tuple[str, ...]


class Tokenizer:
    """Looks the words of an expression up in a vocabulary.

    Kind "words" drops punctuation, folds case and width (NFKC), and finds a word also in its
    other number or spelling ("mugs", "colour") and as an entry of several words ("wine glass").
    Kind "hu2016" cuts as the release of Hu et al. 2016 did, punctuation and all. Of an
    expression that is too long the first T tokens are kept by both.
    """

    def __init__(self, words: Sequence[str], length: int, padding: Padding, kind: Kind) -> None:
        """Take a vocabulary.

        Args:
            words: Entries by id, the first four `<pad> <go> <eos> <unk>`.
            length: Number T of tokens, at least 1.
            padding: Side on which short expressions are padded; "left" for "hu2016".
            kind: How expressions are cut.

        Raises:
            ValueError: If an argument is none of these, or entries are missing, blank or
                duplicates.
        """
        if kind not in ("words", "hu2016"):
            raise ValueError(f"kind must be 'words' or 'hu2016', got {kind!r}")
        if padding not in ("left", "right"):
            raise ValueError(f"padding must be 'left' or 'right', got {padding!r}")
        if kind == "hu2016" and padding != "left":
            raise ValueError("kind 'hu2016' pads on the left, got padding 'right'; use 'left'")
        if isinstance(length, bool) or not isinstance(length, int) or length < 1:
            raise ValueError(f"length must be a whole number of tokens from 1, got {length!r}")
        _check_entries(words)
        self._length = length
        self._padding = padding
        self._ids = {word: index for index, word in enumerate(words)}
        self._size = len(words)
        entries = words[len(RESERVED) :]
        self._vocabulary = Vocabulary(entries, len(RESERVED)) if kind == "words" else None

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        length: int,
        padding: Padding = "left",
        kind: Kind = "words",
    ) -> "Tokenizer":
        """Read a vocabulary of one entry a line, UTF-8, the reserved entries first.

        Raises:
            ValueError: If the file cannot be read or is no such vocabulary; names the file.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(
                f"vocabulary {path} cannot be read ({error.strerror or error}); "
                "expected a text file with one entry a line"
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(
                f"vocabulary {path} is not UTF-8 (byte {error.start}); save it as UTF-8"
            ) from error
        lines = text.removesuffix("\n").split("\n") if text else []
        try:
            return cls(lines, length, padding, kind)
        except ValueError as error:
            raise ValueError(f"vocabulary {path}: {error}") from error

    @property
    def size(self) -> int:
        """Number of entries, the reserved ones included."""
        return self._size

    @property
    def length(self) -> int:
        """Number T of tokens."""
        return self._length

    def encode(self, expression: str) -> Encoding:
        """Return the token ids of an expression.

        Args:
            expression: Words of any script; empty gives padding only.

        Returns:
            (1, T) ids and the words that they do not carry.

        Raises:
            TypeError: If `expression` is not a string.
        """
        if not isinstance(expression, str):
            raise TypeError(f"an expression must be str, got {type(expression).__name__}")
        if self._vocabulary is None:
            pieces = _hu2016_pieces(expression)
            tokens: list[Token] = [((piece,), self._ids.get(piece.plain)) for piece in pieces]
        else:
            tokens = self._vocabulary.look_up(split_pieces(expression))
        kept, beyond = tokens[: self._length], tokens[self._length :]
        ids = [UNKNOWN_ID if found is None else found for _, found in kept]
        pads = [PAD_ID] * (self._length - len(ids))
        row = pads + ids if self._padding == "left" else ids + pads
        unknown = [piece.typed for pieces, found in kept if found is None for piece in pieces]
        truncated = [piece.typed for pieces, _ in beyond for piece in pieces]
        return Encoding(
            token_ids=np.array([row], dtype=np.int64),
            unknown_words=tuple(dict.fromkeys(word for word in unknown if split_words(word))),
            truncated_words=tuple(word for word in truncated if split_words(word)),
        )


def _hu2016_pieces(expression: str) -> list[Piece]:
    """Return words and separators; a separator keeps its spaces (", "), as in the release."""
    parts = [part for part in _SEPARATORS.split(expression.strip()) if part.strip()]
    if parts and parts[-1] == ".":
        parts.pop()
    return [Piece(part, part.lower()) for part in parts]


def _check_entries(words: Sequence[str]) -> None:
    if tuple(words[: len(RESERVED)]) != RESERVED:
        raise ValueError(
            f"a vocabulary begins with {' '.join(RESERVED)}, one an entry; "
            f"got {' '.join(words[: len(RESERVED)]) or 'nothing'!r}"
        )
    seen: dict[str, int] = {}
    for line, word in enumerate(words, start=1):
        if not word.strip():
            raise ValueError(f"entry {line} is blank; give every line a word")
        if word in seen:
            raise ValueError(f"entry {line}, {word!r}, repeats entry {seen[word]}; remove one")
        seen[word] = line
