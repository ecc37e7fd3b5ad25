import dataclasses
from pathlib import Path

import pytest

from textseg_core.config import SegmenterConfig, load_config


def write(path: Path, text: str) -> Path:
    file = path / "segmenter.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_file_settings_replace_defaults_and_leave_the_others(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "threshold: 0.4\nmax_objects: 3\n"))
    assert config == SegmenterConfig(threshold=0.4, max_objects=3)
    assert config.min_area_px == 64


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "# nothing set\n")) == SegmenterConfig()


def test_path_may_be_a_string(tmp_path: Path) -> None:
    assert load_config(str(write(tmp_path, "threads: 1"))).threads == 1


def test_unknown_key_is_named_with_the_file_and_what_is_accepted(tmp_path: Path) -> None:
    file = write(tmp_path, "treshold: 0.4\n")
    with pytest.raises(ValueError, match="unknown key treshold; accepted are weights") as caught:
        load_config(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("weights: 3", "weights must be a path or empty, got 3"),
        ("backend: tensorflow", "backend must be one of auto, .*, got 'tensorflow'"),
        ("device: tpu", "device must be one of auto, cpu, cuda, tensorrt, got 'tpu'"),
        ("precision: half", "precision must be one of auto, fp32, fp16, int8, got 'half'"),
        ("{backend: torch, device: tensorrt}", "does not fit backend 'torch', which has auto"),
        ("{backend: tensorrt, device: cpu}", "device 'cpu' does not fit backend 'tensorrt'"),
        ("{backend: torch, precision: int8}", "'int8' does not fit backend 'torch'"),
        ("compile_torch: true", "compile_torch needs backend 'torch', got 'auto'"),
        ("wait_for_engines: 1", "wait_for_engines must be true or false, got 1"),
        ("engine_cache: 3", "engine_cache must be a path or empty, got 3"),
        ("threads: -1", "threads must be a whole number >= 0, got -1"),
        ("threads: two", "threads must be a whole number >= 0, got 'two'"),
        ("threads: true", "threads must be a whole number >= 0, got True"),
        ("{backend: torch, threads: 2}", "threads must be 0 with backend 'torch', got 2"),
        ("threshold: 0", r"threshold must lie in \(0, 1\), got 0"),
        ("threshold: 1.0", r"threshold must lie in \(0, 1\), got 1.0"),
        ("threshold: .nan", r"threshold must be a number in \(0, 1\), got nan"),
        ("threshold: high", r"threshold must be a number in \(0, 1\), got 'high'"),
        ("presence_threshold: 1.5", r"presence_threshold must lie in \[0, 1\], got 1.5"),
        ("min_area_px: 0", "min_area_px must be a whole number >= 1, got 0"),
        ("min_area_px: 2.5", "min_area_px must be a whole number >= 1, got 2.5"),
        ("max_objects: 0", "max_objects must be a whole number >= 1, got 0"),
    ],
)
def test_wrong_value_is_refused_with_file_and_value(
    tmp_path: Path, line: str, message: str
) -> None:
    file = write(tmp_path, line)
    with pytest.raises(ValueError, match=message) as caught:
        load_config(file)
    assert str(file) in str(caught.value)


def test_certain_presence_thresholds_are_accepted() -> None:
    assert SegmenterConfig(presence_threshold=0).presence_threshold == 0
    assert SegmenterConfig(presence_threshold=1.0).presence_threshold == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [("- 1\n- 2\n", "got list at the top"), ("a: [1", "expected YAML in UTF-8")],
)
def test_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ValueError, match=message) as caught:
        load_config(file)
    assert str(file) in str(caught.value)


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "segmenter.yaml"
    file.write_bytes(b"weights: '\xff\xfe'")
    with pytest.raises(ValueError, match="expected YAML in UTF-8"):
        load_config(file)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent.yaml: expected a readable YAML file"):
        load_config(tmp_path / "absent.yaml")


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SegmenterConfig().threads = 2  # type: ignore[misc]
