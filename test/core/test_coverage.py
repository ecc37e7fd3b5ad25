import json
from pathlib import Path

import pytest

from textseg_core.expressions.common_words import COMMON_WORDS
from textseg_core.expressions.coverage import main, measure, read_phrases


def write_phrases(folder: Path, **splits: object) -> Path:
    folder.mkdir()
    for split in ("train", "val", "test"):
        content = splits.get(split, {})
        path = folder / f"referit_query_{split}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_words_are_covered_in_either_number_and_phrases_only_as_a_whole() -> None:
    found = measure(["red mugs", "the zyx by the ZYX", "mug"], ["red", "mug", "the", "by"])

    assert (found.tokens, found.known_tokens) == (8, 6)
    assert (found.phrases, found.known_phrases) == (3, 2)
    assert found.missing == {"zyx": 2}


def test_phrases_of_all_splits_are_read(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path / "r", train={"1_1": ["a", "b"]}, test={"2_1": ["c"]})

    assert read_phrases(folder) == ["a", "b", "c"]


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"referit_query_train\.json cannot be read.*--referit"):
        read_phrases(tmp_path)
    folder = write_phrases(tmp_path / "r", val=["no regions"])
    with pytest.raises(ValueError, match=r"referit_query_val\.json: expected phrases by region"):
        read_phrases(folder)
    (folder / "referit_query_train.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"referit_query_train\.json is not JSON"):
        read_phrases(folder)


def test_the_command_prints_shares_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_phrases(tmp_path / "r", train={"1_1": ["red mug", "qwx sky"]})
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("<pad>\n<go>\n<eos>\n<unk>\nred\nmug\n", encoding="utf-8")

    main(["--referit", str(folder), "--vocabulary", str(vocabulary)])
    alone = capsys.readouterr().out
    main(["--referit", str(folder), "--vocabulary", str(vocabulary), "--common"])
    with_common = capsys.readouterr().out

    assert alone == (
        "50.0% of 4 words and 50.0% of 2 phrases are covered\nmissing: qwx 1, sky 1\n"
    )
    assert with_common.startswith("75.0% of 4 words")


def test_a_missing_vocabulary_ends_the_command_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--referit", str(tmp_path), "--vocabulary", str(tmp_path / "none.txt")])

    assert "none.txt cannot be read" in capsys.readouterr().err


def test_common_words_are_single_lower_case_words_each_once() -> None:
    assert 500 <= len(COMMON_WORDS) <= 800
    assert len(set(COMMON_WORDS)) == len(COMMON_WORDS)
    assert all(word.isalpha() and word == word.lower() for word in COMMON_WORDS)
    assert {"sky", "tree", "building", "shirt", "standing"} <= set(COMMON_WORDS)
