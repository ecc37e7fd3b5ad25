"""Finds pieces of an expression in a vocabulary whose entries may have several words."""

from collections.abc import Sequence

from textseg_core.language.spelling import Piece, fold, spellings, split_pieces
from textseg_core.language.words import word_set

Token = tuple[tuple[Piece, ...], int | None]
_TOGETHER = word_set("top bottom upper lower left right middle center centre mid")


class Vocabulary:
    """Entries of one or more words, found by the longest match."""

    def __init__(self, entries: Sequence[str], first_id: int) -> None:
        """Index the entries.

        Args:
            entries: Words or phrases separated by spaces or hyphens.
            first_id: Id of the first entry.

        Raises:
            ValueError: If two entries are the same but for case, width or hyphens.
        """
        self._ids: dict[tuple[str, ...], int] = {}
        self._joined: dict[str, int] = {}
        for index, entry in enumerate(entries):
            key = _key(entry)
            if key in self._ids:
                other = entries[self._ids[key] - first_id]
                raise ValueError(
                    f"{entry!r} and {other!r} are the same but for case, width or hyphens; "
                    "remove one"
                )
            self._ids[key] = first_id + index
        for key, found in self._ids.items():
            self._joined.setdefault("".join(key), found)
        self._longest = max((len(key) for key in self._ids), default=1)
        self._beginnings = {key[:-1] for key in self._ids if len(key) > 1}

    def look_up(self, pieces: Sequence[Piece]) -> list[Token]:
        """Return the pieces of each token and its id, None where it is unknown.

        A possessive "'s" that is no entry is dropped like punctuation.
        """
        tokens: list[Token] = []
        index = 0
        while index < len(pieces):
            for length in range(min(self._longest + 1, len(pieces) - index), 1, -1):
                found = self._find_phrase(pieces[index : index + length])
                if found is not None:
                    break
            else:
                length, found = 1, self._find_word(pieces[index].plain)
            part = tuple(pieces[index : index + length])
            index += length
            if found is not None:
                tokens.append((part, found))
            elif part[0].plain != "'s":
                tokens += self._take_apart(part[0])
        return tokens

    def _find_phrase(self, pieces: Sequence[Piece]) -> int | None:
        """Return the entry of several pieces: "wine glasses", or "sun glasses" written apart."""
        head = tuple(piece.plain for piece in pieces[:-1])
        if head in self._beginnings:  # of few words, which saves most of the time
            for form in spellings(pieces[-1].plain):
                found = self._ids.get((*head, form))
                if found is not None:
                    return found
        if all((piece.plain,) in self._ids for piece in pieces):
            return None
        return self._joined.get("".join(piece.plain for piece in pieces))

    def _find_word(self, plain: str) -> int | None:
        for form in spellings(plain):
            found = self._ids.get((form,), self._joined.get(form))
            if found is not None:
                return found
        return None

    def _take_apart(self, piece: Piece) -> list[Token]:
        """Return "topleft" as two words of place, any other unknown word as it is."""
        for cut in range(3, len(piece.plain) - 2):
            head, tail = piece.plain[:cut], piece.plain[cut:]
            if head in _TOGETHER and tail in _TOGETHER:
                first, second = self._find_word(head), self._find_word(tail)
                if first is not None and second is not None:
                    return [((piece,), first), ((piece,), second)]
        return [((piece,), None)]


def _key(entry: str) -> tuple[str, ...]:
    return tuple(piece.plain for piece in split_pieces(entry)) or (fold(entry).strip(),)
