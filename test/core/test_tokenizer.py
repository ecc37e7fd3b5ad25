from pathlib import Path

import numpy as np
import pytest

from textseg_core.tokenizer import RESERVED, Tokenizer

PLAIN_WORDS = "the a left right side leftmost top red gray mug knife box is not two person"
WORDS = [
    *RESERVED,
    *PLAIN_WORDS.split(),
    *("color", "sunglasses", "wine", "wine glass", "hot dog", "t-shirt", "cafe", ",", "."),
]


def words_tokenizer(length: int = 8) -> Tokenizer:
    words = [word for word in WORDS if word not in (",", ".")]
    return Tokenizer(words, length, "right", "words")


def read(expression: str, length: int = 8) -> list[str]:
    ids = words_tokenizer(length).encode(expression).token_ids[0]
    return [WORDS[index] for index in ids if index]


@pytest.mark.parametrize(
    ("expression", "tokens"),
    [
        ("The RED mug!", ["the", "red", "mug"]),
        ("ＲＥＤ　ｍｕｇ", ["red", "mug"]),
        ("mugs", ["mug"]),
        ("two knives, people", ["two", "knife", "person"]),
        ("grey colour", ["gray", "color"]),
        ("2 boxes", ["two", "box"]),
        ("left-most", ["leftmost"]),
        ("left most mug", ["leftmost", "mug"]),
        ("topmost", ["top"]),
        ("left hand side", ["left", "side"]),
        ("left-hand mug", ["left", "mug"]),
        ("the person's mug", ["the", "person", "mug"]),
        ("isn’t red", ["is", "not", "red"]),
        ("two wine glasses", ["two", "wine glass"]),
        ("wine mug", ["wine", "mug"]),
        ("the hotdogs", ["the", "hot dog"]),
        ("sun glasses", ["sunglasses"]),
        ("t shirt T-Shirt tshirt", ["t-shirt", "t-shirt", "t-shirt"]),
        ("café", ["cafe"]),
        ("topleft", ["top", "left"]),
        ("red_mug", ["red", "mug"]),
        ("", []),
        ("?!", []),
    ],
)
def test_words_are_found_in_other_forms_and_joined_to_entries(
    expression: str, tokens: list[str]
) -> None:
    assert read(expression) == tokens
    assert words_tokenizer().encode(expression).unknown_words == ()


def test_unknown_words_become_unk_and_are_reported_as_typed() -> None:
    encoding = words_tokenizer().encode("the Zorblax mug, 红色 🍎 Zorblax's")

    assert encoding.token_ids.tolist() == [[4, 3, 13, 3, 3, 3, 0, 0]]
    assert encoding.unknown_words == ("Zorblax", "红色", "🍎")


def test_marks_and_joiners_stay_in_their_word() -> None:
    encoding = words_tokenizer().encode("लाल कप, 👩‍🚀 می‌خواهم")

    assert encoding.unknown_words == ("लाल", "कप", "👩‍🚀", "می‌خواهم")


def test_words_beyond_the_length_are_reported_and_the_first_are_kept() -> None:
    encoding = words_tokenizer(3).encode("the red mug Left of the wine glass")

    assert encoding.token_ids.tolist() == [[4, 11, 13]]
    assert encoding.truncated_words == ("Left", "of", "the", "wine", "glass")
    assert encoding.unknown_words == ()


def test_padding_is_on_the_side_asked_for_and_ids_are_int64() -> None:
    left = Tokenizer(WORDS, 4, "left", "words").encode("red mug").token_ids
    right = Tokenizer(WORDS, 4, "right", "words").encode("red mug").token_ids

    assert left.dtype == np.int64
    assert left.tolist() == [[0, 0, 11, 13]]
    assert right.tolist() == [[11, 13, 0, 0]]


def test_reserved_entries_cannot_be_typed() -> None:
    encoding = words_tokenizer().encode("<pad> <unk>")

    assert encoding.token_ids.tolist() == [[3, 3, 0, 0, 0, 0, 0, 0]]
    assert encoding.unknown_words == ("pad", "unk")


def hu2016_ids(expression: str, length: int = 6) -> list[int]:
    words = [*RESERVED, "red", "mug", "'", "s", ",", ".", "-"]
    return Tokenizer(words, length, "left", "hu2016").encode(expression).token_ids[0].tolist()


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("Red mug", [0, 0, 0, 0, 4, 5]),
        ("red mug.", [0, 0, 0, 0, 4, 5]),  # one final "." goes
        ("red mug..", [0, 0, 0, 4, 5, 3]),  # ".." is another separator
        ("mug's", [0, 0, 0, 5, 6, 7]),
        ("red-mug", [0, 0, 0, 4, 10, 5]),
        ("red, mug", [0, 0, 0, 4, 3, 5]),  # the separator is ", " and not ","
        ("mugs", [0, 0, 0, 0, 0, 3]),  # no morphology
        ("red red red red red red mug", [4, 4, 4, 4, 4, 4]),  # the first T
        ("", [0, 0, 0, 0, 0, 0]),
    ],
)
def test_hu2016_cuts_as_the_release_did(expression: str, ids: list[int]) -> None:
    assert hu2016_ids(expression) == ids


def test_hu2016_reports_words_and_no_punctuation() -> None:
    tokenizer = Tokenizer([*RESERVED, "red"], 4, "left", "hu2016")

    encoding = tokenizer.encode("Red, Blue! 🍎 cup, jar")

    assert encoding.unknown_words == ("Blue", "! 🍎 ")
    assert encoding.truncated_words == ("cup", "jar")


@pytest.mark.parametrize(
    ("words", "length", "padding", "kind", "message"),
    [
        (WORDS, 8, "left", "bpe", "kind"),
        (WORDS, 8, "centre", "words", "padding"),
        (WORDS, 8, "right", "hu2016", "pads on the left"),
        (WORDS, 0, "left", "words", "length"),
        (WORDS, True, "left", "words", "length"),
        (WORDS[1:], 8, "left", "words", "<pad> <go> <eos> <unk>"),
        ([], 8, "left", "words", "nothing"),
        ([*WORDS, "red"], 8, "left", "words", "'red', repeats entry 12"),
        ([*WORDS, "RED"], 8, "left", "words", "same but for case"),
        ([*WORDS, " "], 8, "left", "words", "blank"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(
    words: list[str], length: int, padding: str, kind: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Tokenizer(words, length, padding, kind)  # type: ignore[arg-type]


def test_a_vocabulary_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.txt"
    path.write_bytes("<pad>\r\n<go>\r\n<eos>\r\n<unk>\r\nred mug\r\ntasse rosée\r\n".encode())

    tokenizer = Tokenizer.from_file(path, length=2, padding="left", kind="words")

    assert (tokenizer.size, tokenizer.length) == (6, 2)
    assert tokenizer.encode("red mugs, tasse rosée").token_ids.tolist() == [[4, 5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "nothing"),
        (b"<pad>\n<go>\n<eos>\n<unk>\nred\nred\n", "repeats"),
        (b"<pad>\n<go>\n<eos>\n<unk>\n\nred\n", "blank"),
        (b"<pad>\n<go>\n<eos>\n<unk>\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_bad_vocabulary_file_is_refused_by_name(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "vocabulary.txt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ValueError, match=message) as caught:
        Tokenizer.from_file(path, length=8)

    assert str(path) in str(caught.value)


def test_an_expression_that_is_not_text_is_refused() -> None:
    with pytest.raises(TypeError, match="must be str, got bytes"):
        words_tokenizer().encode(b"red mug")  # type: ignore[arg-type]
