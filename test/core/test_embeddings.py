"""Word vectors from small files in GloVe's format."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_data import write_data
from trained import command, run_until

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.training.embeddings import read_vectors, start_words

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "left"]
#: The first lines of glove.6B.50d.txt look like this, with more numbers.
GLOVE = """the 0.418 0.24968 -0.41242
, 0.013441 0.23682 -0.16899
red 0.1 -0.2 3e-1
. . . 1 2 3
mug -1 0.5 2
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "glove.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def network(**changes: object) -> SegmentationNetwork:
    torch.manual_seed(0)
    settings = {"embedding_channels": 3, "expression_channels": 4, "hidden_channels": 4}
    settings |= {"input_px": 64, "backbone": "mobilenet_v2", **changes}  # type: ignore[dict-item]
    return registry.build("hu2016", vocabulary_size=len(WORDS), **settings)


def test_words_take_their_vectors_and_others_keep_their_own(tmp_path: Path) -> None:
    made, before = network(), network().state_dict()["expression_encoder.embedding.weight"]

    count = start_words(made, WORDS, read_vectors(written(tmp_path, GLOVE), WORDS))

    table = made.state_dict()["expression_encoder.embedding.weight"]
    assert count == 2
    assert table[4].tolist() == pytest.approx([0.1, -0.2, 0.3])
    assert table[5].tolist() == [-1.0, 0.5, 2.0]
    others = [0, 1, 2, 3, 6]
    assert torch.equal(table[others], before[others])


def test_words_with_spaces_and_a_header_of_word2vec_are_read(tmp_path: Path) -> None:
    known = read_vectors(written(tmp_path, "5 3\n" + GLOVE), ["red", ". . ."])

    assert known.length == 3
    assert known.vectors[". . ."].tolist() == [1.0, 2.0, 3.0]
    assert "5" not in known.vectors


def test_a_word_in_other_case_is_taken_where_it_is_not_there_as_it_is(tmp_path: Path) -> None:
    text = "Red 1 1 1\nRED 2 2 2\nMug 3 3 3\nred 4 4 4\n"

    known = read_vectors(written(tmp_path, text), ["red", "mug"])

    assert known.vectors["red"].tolist() == [4.0] * 3
    assert known.vectors["mug"].tolist() == [3.0] * 3


def test_a_file_with_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    known = read_vectors(written(tmp_path, GLOVE.replace("\n", "\r\n")), ["mug"])

    assert np.array_equal(known.vectors["mug"], np.array([-1.0, 0.5, 2.0], np.float32))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GLOVE + "cut 1 2", r"glove\.txt, line 6: expected a word and 3 numbers, got 3 fields"),
        (GLOVE + "\nred", r"line 6: expected a word and 3 numbers"),
        ("the 1 2 3\nred 1 x 3\n", r"glove\.txt, line 2: expected a number, got b'x'"),
        ("the 1 2 3\nred 1 nan 3\n", r"line 2: expected a number, got b'nan'"),
        ("the\n", r"line 1: expected a word and its numbers, got 1 fields"),
        (b"the 1 2 3\n\xff\xfe 1 2 3\n", r"line 2: expected UTF-8"),
        ("", "found no line"),
    ],
)
def test_a_damaged_line_is_named(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_vectors(written(tmp_path, text), WORDS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.txt: expected a text file of word vectors"):
        read_vectors(tmp_path / "gone.txt", WORDS)


def test_vectors_of_another_length_are_refused_with_the_setting_that_helps(
    tmp_path: Path,
) -> None:
    known = read_vectors(written(tmp_path, GLOVE), WORDS)

    with pytest.raises(ValueError, match=r"3 numbers.*have 5: use --set model\.embedding_channel"):
        start_words(network(embedding_channels=5), WORDS, known)


def test_a_network_without_word_vectors_is_refused(tmp_path: Path) -> None:
    made = registry.build("per_word", vocabulary_size=7, backbone="mobilenet_v2", input_px=64)

    with pytest.raises(ValueError, match="'per_word' has no tables of word vectors"):
        start_words(made, WORDS, read_vectors(written(tmp_path, GLOVE), WORDS))


def test_a_run_starts_from_the_file_s_vectors_and_keeps_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "data")
    numbers = " ".join(["0.5"] * 32)
    path = written(tmp_path, f"red {numbers}\nzebra-crossing {numbers}\n")

    run = run_until(command(data, tmp_path / "run", "--embeddings", str(path)), 0)

    table = run.network.state_dict()["expression_encoder.embedding.weight"]
    assert (table[list(run.words).index("red")] == 0.5).all()
    told = f"1 of {len(run.words)} words start from {path}, the others at random"
    assert told in capsys.readouterr().out
    saved = load_checkpoint(tmp_path / "run" / "last.safetensors").extra["embeddings"]
    assert saved == {"file": "glove.txt", "words": 1}
