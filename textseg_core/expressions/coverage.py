"""Reports how much of the ReferIt players' phrases a vocabulary covers.

`python -m textseg_core.expressions.coverage --referit FOLDER [--vocabulary FILE] [--common]`
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from textseg_core.expressions.common_words import COMMON_WORDS
from textseg_core.language.words import split_words
from textseg_core.tokenizer import RESERVED, Tokenizer

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "compact" / "vocabulary.txt"
SPLITS = ("train", "val", "test")
_LENGTH = 64  # longer than any phrase, so that none is cut


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a vocabulary knows of some phrases.

    Attributes:
        phrases: Their number.
        tokens: Number of their words.
        known_tokens: Number of words that the vocabulary carries, in any number or spelling.
        known_phrases: Number of phrases of which it carries every word.
        missing: How often each word occurs that it lacks.
    """

    phrases: int
    tokens: int
    known_tokens: int
    known_phrases: int
    missing: Counter[str]


def read_phrases(folder: Path) -> list[str]:
    """Return all phrases of the ReferIt game.

    Args:
        folder: Holds `referit_query_train.json`, `..._val.json` and `..._test.json`.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """
    phrases: list[str] = []
    for split in SPLITS:
        path = folder / f"referit_query_{split}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(
                f"{path} cannot be read ({error.strerror or error}); expected the query files "
                "of ReferIt (ReferItGame, Kazemzadeh et al. 2014) in --referit"
            ) from error
        except ValueError as error:
            raise ValueError(f"{path} is not JSON ({error}); fetch it again") from error
        if not isinstance(content, dict) or not all(isinstance(p, list) for p in content.values()):
            raise ValueError(f"{path}: expected phrases by region; fetch it again")
        for of_region in content.values():
            phrases += (str(phrase) for phrase in of_region)
    return phrases


def measure(phrases: Iterable[str], vocabulary: Iterable[str]) -> Coverage:
    """Return what a vocabulary knows of phrases.

    Args:
        phrases: As typed.
        vocabulary: Entries; the reserved ones may be among them.
    """
    entries = dict.fromkeys((*RESERVED, *vocabulary))
    tokenizer = Tokenizer(list(entries), _LENGTH, "right", "words")
    missing: Counter[str] = Counter()
    count = tokens = known = 0
    for phrase in phrases:
        words = [word.plain for word in split_words(phrase)]
        unknown = {word.lower() for word in tokenizer.encode(phrase).unknown_words}
        lacking = [word for word in words if word in unknown]
        missing.update(lacking)
        count += 1
        tokens += len(words)
        known += not unknown
    return Coverage(count, tokens, tokens - sum(missing.values()), known, missing)


def _read_vocabulary(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"vocabulary {path} cannot be read ({error}); give --vocabulary a text file with one "
            "entry a line"
        ) from error


def main(arguments: list[str] | None = None) -> None:
    """Print the coverage and the most frequent words that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--referit", type=Path, required=True, help="folder with the query files")
    parser.add_argument("--vocabulary", type=Path, default=SHIPPED, help="one entry a line")
    parser.add_argument("--common", action="store_true", help="add the words of common_words.py")
    parser.add_argument("--missing", type=int, default=40, help="how many missing words to list")
    given = parser.parse_args(arguments)
    try:
        vocabulary = _read_vocabulary(given.vocabulary)
        phrases = read_phrases(given.referit)
    except ValueError as error:
        parser.error(str(error))
    found = measure(phrases, [*vocabulary, *(COMMON_WORDS if given.common else ())])
    print(
        f"{found.known_tokens / found.tokens:.1%} of {found.tokens} words and "
        f"{found.known_phrases / found.phrases:.1%} of {found.phrases} phrases are covered"
    )
    if given.missing > 0:
        lacking = (f"{word} {count}" for word, count in found.missing.most_common(given.missing))
        print(f"missing: {', '.join(lacking)}")


if __name__ == "__main__":
    main()
