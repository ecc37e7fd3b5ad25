from pathlib import Path

import pytest
import yaml

from textseg_core.model_info import ModelInfo, load_model_info, sha256_of, verify_files

COMPLETE = {
    "name": "colours",
    "input_px": 96,
    "stride": 8,
    "tokens": 6,
    "padding": "right",
    "tokenizer": "words",
    "presence_threshold": 0.5,
    "threshold": 0.4,
    "about": {"trained": "yesterday"},
}


def write(directory: Path, **changes: object) -> Path:
    values = {**COMPLETE, **changes}
    kept = {key: value for key, value in values.items() if value is not None}
    (directory / "model.yaml").write_text(yaml.safe_dump(kept), encoding="utf-8")
    return directory


def test_description_is_read(tmp_path: Path) -> None:
    info = load_model_info(write(tmp_path))
    assert info == ModelInfo(**COMPLETE)  # type: ignore[arg-type]
    assert info.cells == 12
    assert info.about == {"trained": "yesterday"}


def test_about_may_be_left_out(tmp_path: Path) -> None:
    assert load_model_info(write(tmp_path, about=None)).about == {}


def test_missing_directory_is_named_with_what_is_expected_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        RuntimeError, match=r"absent does not exist; expected model\.yaml"
    ) as caught:
        load_model_info(tmp_path / "absent")
    assert "vocabulary.txt" in str(caught.value)
    assert "install the package again" in str(caught.value)


def test_directory_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"holds no model\.yaml"):
        load_model_info(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 96}, "unknown keys: size; missing keys: none"),
        ({"tokens": None}, "unknown keys: none; missing keys: tokens"),
    ],
)
def test_unknown_and_missing_keys_are_named_with_the_file(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write(tmp_path, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        load_model_info(tmp_path)
    assert str(tmp_path / "model.yaml") in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "", "name must be a word"),
        ("input_px", 100, "input_px must be a multiple of stride 8, got 100"),
        ("stride", 0, "stride must be a whole number >= 1, got 0"),
        ("tokens", "six", "tokens must be a whole number >= 1, got 'six'"),
        ("padding", "both", "padding must be 'left' or 'right', got 'both'"),
        ("tokenizer", "bpe", "tokenizer must be 'words' or 'hu2016', got 'bpe'"),
        ("presence_threshold", 2, r"presence_threshold must lie in \[0, 1\], got 2"),
        ("threshold", 0.0, r"threshold must lie in \(0, 1\), got 0.0"),
        ("about", "good", "about must hold 'key: value', got str"),
    ],
)
def test_wrong_value_is_refused_with_file_and_value(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    write(tmp_path, **{key: value})
    with pytest.raises(ValueError, match=message) as caught:
        load_model_info(tmp_path)
    assert str(tmp_path / "model.yaml") in str(caught.value)


# printf 'abc' | sha256sum, and FIPS 180-2, appendix B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_files_with_the_checksums_of_the_description_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "part.onnx").write_bytes(b"abc")
    (tmp_path / "unnamed").write_bytes(b"anything")

    assert sha256_of(tmp_path / "part.onnx") == ABC
    verify_files(tmp_path, load_model_info(write(tmp_path, sha256={"part.onnx": ABC})))


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "part.onnx").write_bytes(b"abd")
    info = load_model_info(write(tmp_path, sha256={"part.onnx": ABC}))

    with pytest.raises(
        RuntimeError, match=r"part\.onnx is damaged or of another export"
    ) as caught:
        verify_files(tmp_path, info)
    assert ABC in str(caught.value)


def test_a_file_that_the_description_names_must_be_there(tmp_path: Path) -> None:
    info = load_model_info(write(tmp_path, sha256={"part.onnx": ABC}))

    with pytest.raises(RuntimeError, match=r"part\.onnx: no such file"):
        verify_files(tmp_path, info)


def test_what_is_no_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sha256 of part\.onnx must be 64 hexadecimal digits"):
        load_model_info(write(tmp_path, sha256={"part.onnx": "abc"}))
