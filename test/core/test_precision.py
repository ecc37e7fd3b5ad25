import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.parity import main as parity
from textseg_core.runtime.precision import main
from textseg_core.segmenter import Segmenter


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twenty pictures of one red and one green block each."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for index in range(20):
        image = np.zeros((96, 96, 3), np.uint8)
        for left, colour in ((0, (0, 0, 255)), (48, (0, 255, 0))):
            x, y = rng.integers(0, 16, 2)
            image[y : y + 32, left + x : left + x + 24] = colour
        cv2.imwrite(str(folder / f"{index:02d}.png"), image)
    return folder


def make(directory: Path, pictures: Path, *more: str) -> int:
    """Make float16 files; every picture is asked four things, two of them of colours."""
    common = ["--model", str(directory), "--pictures", str(pictures), "--threads", "1"]
    return main([*common, "--precision", "fp16", *more])


@pytest.fixture
def least_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the general questions names a colour that is there: ten of twenty are few."""
    monkeypatch.setattr("textseg_core.runtime.precision.LEAST_FOUND", 5)


def test_made_files_pass_their_gate_and_run(
    model_directory: Path, pictures: Path, least_found: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(model_directory, pictures) == 0
    assert "fp16: mask IoU 1.0000 (required 0.99)" in capsys.readouterr().out
    gate = yaml.safe_load((model_directory / "fp16" / "gate.yaml").read_text(encoding="utf-8"))
    assert gate["runtime"] == "every value rounded to float16 on a CPU"
    assert gate["reference"].startswith("exported float32 files")
    assert gate["masks"] == 80
    config = SegmenterConfig(backend="onnx", device="cpu", precision="fp16")
    segmenter = Segmenter.load(model_directory, config)
    image = np.zeros((96, 96, 3), np.uint8)
    image[:32, :32, 0] = 255
    assert segmenter.segment(image, "red").mask.any()
    assert segmenter.report().precision == "fp16"


def test_too_few_masks_prove_nothing_and_leave_the_directory_as_it_was(
    model_directory: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in model_directory.iterdir())
    assert make(model_directory, pictures) == 1
    assert "masks have pixels, at least 50 are needed" in capsys.readouterr().err
    assert sorted(path.name for path in model_directory.iterdir()) == before


def test_files_that_fail_are_kept_refused_and_their_figure_said(
    model_directory: Path,
    pictures: Path,
    least_found: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("textseg_core.runtime.variants.REQUIRED_IOU", {"fp16": 1.01})
    assert make(model_directory, pictures) == 1
    assert "these files will be refused" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match=r"is refused, too far from float32: fp16: mask IoU 1"):
        Segmenter.load(model_directory, SegmenterConfig(precision="fp16"))


def test_files_are_made_again_over_old_ones(
    model_directory: Path, pictures: Path, least_found: None
) -> None:
    (model_directory / "fp16").mkdir()
    (model_directory / "fp16" / "gate.yaml").write_text("old", encoding="utf-8")
    assert make(model_directory, pictures) == 0
    Segmenter.load(model_directory, SegmenterConfig(precision="fp16"))


def test_eight_bits_without_calibration_pictures_are_refused(
    model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", str(model_directory), "--precision", "int8"]) == 1
    assert "int8 needs --calibrate FOLDER" in capsys.readouterr().err


def test_parity_of_all_runtimes_is_written_as_a_table(
    model_directory: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "parity.md"
    command = ["--model", str(model_directory), "--pictures", str(pictures)]
    assert parity([*command, "--count", "8", "--threads", "1", "--write", str(file)]) == 0
    text = capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == text
    assert text.startswith("Reference: exported float32 files")
    rows = [line for line in text.splitlines() if line.endswith("| ok |")]
    assert [row.split(" | ")[0] for row in rows] == [
        "| ONNX Runtime, float32",
        "| float16 files, ONNX Runtime",
        "| float16, every value rounded",
    ]
    assert "| 1.0000 | 1.0000 |" in rows[0]


def test_parity_with_files_of_other_weights_fails(
    model_directory: Path,
    pictures: Path,
    least_found: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import onnx
    from onnx import numpy_helper

    make(model_directory, pictures)
    file = model_directory / "fp16" / "query_head.onnx"
    model = onnx.load(file)
    for constant in model.graph.initializer:
        if constant.name == "bias":
            wrong = numpy_helper.from_array(np.array(12.0, np.float16), "bias")
            constant.CopyFrom(wrong)
    onnx.save(model, file)
    command = ["--model", str(model_directory), "--pictures", str(pictures), "--count", "8"]
    assert parity(command) == 1
    assert "response beyond 0.01" in capsys.readouterr().out


def test_a_missing_model_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / "absent", ignore_errors=True)
    assert parity(["--model", str(tmp_path / "absent")]) == 1
    assert "parity failed" in capsys.readouterr().err


def test_without_onnx_the_command_says_what_to_install(
    model_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("onnx", "textseg_core.runtime.half_graph", "textseg_core.runtime.int8_graph"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["--model", str(model_directory), "--precision", "fp16"]) == 1
    assert "pip install 'textseg-ros[precision]'" in capsys.readouterr().err
