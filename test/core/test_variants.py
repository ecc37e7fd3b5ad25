from pathlib import Path

import pytest
from drawn_variant import write_variant

from textseg_core.runtime.variants import GATE_FILE, PARTS, has_variant, load_gate, part_paths


def test_float32_files_lie_in_the_directory_and_need_no_gate(model_directory: Path) -> None:
    paths = part_paths(model_directory, "fp32")
    assert paths["query_head"] == model_directory / "query_head.onnx"
    assert list(paths) == list(PARTS)


def test_files_that_passed_their_gate_are_returned(model_directory: Path) -> None:
    folder = write_variant(model_directory)
    assert part_paths(model_directory, "fp16") == {part: folder / f"{part}.onnx" for part in PARTS}
    assert has_variant(model_directory, "fp16")
    assert not has_variant(model_directory, "int8")


def test_precision_without_files_says_how_to_make_them(model_directory: Path) -> None:
    with pytest.raises(RuntimeError, match=r"no such file; .*runtime\.precision --model .* int8"):
        part_paths(model_directory, "int8")


def test_files_whose_float32_files_are_missing_are_refused(model_directory: Path) -> None:
    write_variant(model_directory)
    (model_directory / "query_head.onnx").unlink()
    with pytest.raises(RuntimeError, match=r"query_head\.onnx: no such file; precision 'fp16'"):
        part_paths(model_directory, "fp16")


def test_files_without_a_gate_are_refused(model_directory: Path) -> None:
    (write_variant(model_directory) / GATE_FILE).unlink()
    with pytest.raises(RuntimeError, match=r"gate\.yaml: no such file"):
        part_paths(model_directory, "fp16")


def test_files_below_the_gate_are_refused_with_the_measured_figure(model_directory: Path) -> None:
    write_variant(model_directory, iou=0.9899)
    with pytest.raises(RuntimeError, match=r"refused.*mask IoU 0\.9899 \(required 0\.99\)"):
        part_paths(model_directory, "fp16")


def test_files_of_replaced_weights_are_refused(model_directory: Path) -> None:
    write_variant(model_directory)
    file = model_directory / "query_head.onnx"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(RuntimeError, match=r"made of another query_head\.onnx since"):
        part_paths(model_directory, "fp16")


def test_damaged_files_are_refused(model_directory: Path) -> None:
    file = write_variant(model_directory) / "image_encoder.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(RuntimeError, match=r"image_encoder\.onnx was changed since"):
        part_paths(model_directory, "fp16")


def test_gate_of_another_precision_is_refused(model_directory: Path) -> None:
    write_variant(model_directory, precision="int8")
    with pytest.raises(ValueError, match=r"gate\.yaml: expected precision 'fp16', got 'int8'"):
        part_paths(model_directory, "fp16")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iou": "high"}, "must be numbers"),
        ({"iou": True}, "must be numbers"),
        ({"sha256": []}, "must hold 'part: checksum'"),
        ({"precision": "fp8"}, "expected the keys"),
        ({"precision": ["fp16"]}, "expected the keys"),
    ],
)
def test_gate_with_a_wrong_value_is_refused_naming_the_file(
    model_directory: Path, change: dict[str, object], message: str
) -> None:
    folder = write_variant(model_directory, **change)
    with pytest.raises(ValueError, match=message) as caught:
        load_gate(folder / GATE_FILE)
    assert str(folder / GATE_FILE) in str(caught.value)


def test_gate_with_a_missing_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / GATE_FILE).write_text("precision: fp16\niou: 1.0\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected the keys .*, got iou, precision"):
        load_gate(tmp_path / GATE_FILE)


def test_not_a_number_does_not_pass_the_gate(model_directory: Path) -> None:
    write_variant(model_directory, iou=float("nan"))
    with pytest.raises(RuntimeError, match="refused"):
        part_paths(model_directory, "fp16")
