from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from textseg_core.runtime.byte_storage import round_to_bytes, store_as_bytes
from textseg_core.runtime.onnx_session import OnnxSession


def test_a_channel_is_rounded_to_steps_of_four_bits_of_which_its_greatest_weight_has_127() -> None:
    layer = nn.Linear(64, 3)
    bias = layer.bias.tolist()
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[0, :3] = torch.tensor([127.0, 2.4, -2.6])  # steps of 1
        layer.weight[1, :3] = torch.tensor([-1.27, 0.004, 0.006])  # 0.01: 11 / 1024

    round_to_bytes(layer)

    assert layer.weight[0, :4].tolist() == [127.0, 2.0, -3.0, 0.0]
    assert layer.weight[1, :3].tolist() == [-118 * 11 / 1024, 0.0, 11 / 1024]
    assert not layer.weight[2].any()  # a channel of zeros has no step of its own
    assert layer.bias.tolist() == bias


def test_float16_holds_rounded_weights_as_they_are() -> None:
    torch.manual_seed(5)
    layer = nn.Linear(96, 40)

    round_to_bytes(layer)

    assert torch.equal(layer.weight.half().float(), layer.weight)
    assert len(layer.weight.unique()) > 255


def test_few_numbers_stay_as_they_are() -> None:
    layer = nn.Linear(21, 3)  # 63 weights
    before = layer.weight.clone()

    round_to_bytes(layer)

    assert torch.equal(layer.weight, before)


def test_weights_that_are_no_numbers_are_refused_by_name() -> None:
    layer = nn.Linear(64, 1)
    with torch.no_grad():
        layer.weight[0, 5] = torch.nan

    with pytest.raises(ValueError, match="weight is not finite"):
        round_to_bytes(layer)


def product_file(path: Path, matrix: np.ndarray) -> None:
    """Write a graph y = x @ matrix."""
    rows, columns = matrix.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "matrix"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, columns])],
        [numpy_helper.from_array(matrix.astype(np.float32), "matrix")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def product(path: Path, x: np.ndarray) -> np.ndarray:
    answer: np.ndarray = OnnxSession(path, 1).run({"x": x.astype(np.float32)})["y"]
    return answer


@pytest.mark.parametrize("turned", [False, True], ids=["rows", "columns"])
def test_rounded_constants_become_bytes_that_give_the_same_numbers(
    turned: bool, tmp_path: Path
) -> None:
    generator = np.random.default_rng(3)
    whole = generator.integers(-126, 127, (8, 16))
    whole[:, 0] = 127  # the greatest of each row
    # A greatest weight of 1906 is rounded to 119 steps of 16, though 15 would do for 1904.
    whole[7] = np.minimum(whole[7], 119).clip(-119)
    scaled = whole * (np.arange(9, 17) / 1024)[:, None]  # steps of four bits
    matrix = scaled.T if turned else scaled
    path = tmp_path / "product.onnx"
    product_file(path, matrix)
    x = generator.normal(size=(1, len(matrix)))
    before = product(path, x)

    store_as_bytes(path)

    model = onnx.load(path)
    onnx.checker.check_model(model)
    stored = {entry.name: entry for entry in model.graph.initializer}
    assert stored["matrix.steps"].data_type == TensorProto.INT8
    expected = whole.T if turned else whole
    assert np.array_equal(numpy_helper.to_array(stored["matrix.steps"]), expected)
    assert len(numpy_helper.to_array(stored["matrix.step"])) == 8
    assert product(path, x) == pytest.approx(before, rel=1e-5, abs=1e-5)


def test_constants_that_were_not_rounded_stay(tmp_path: Path) -> None:
    matrix = np.random.default_rng(4).normal(size=(8, 16))
    path = tmp_path / "product.onnx"
    product_file(path, matrix)
    before = path.read_bytes()

    store_as_bytes(path)

    assert path.read_bytes() == before


def test_constants_that_are_joined_with_others_stay(tmp_path: Path) -> None:
    # TensorRT for RTX cannot build an engine with a DequantizeLinear before a Concat.
    path = tmp_path / "joined.onnx"
    weights = [np.full((8, 16), step, np.float32) for step in (0.5, 0.25)]
    graph = helper.make_graph(
        [
            helper.make_node("Concat", ["first", "second"], ["both"], axis=1),
            helper.make_node("MatMul", ["x", "both"], ["y"]),
        ],
        "joined",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32])],
        [
            numpy_helper.from_array(one, name)
            for one, name in zip(weights, ("first", "second"), strict=True)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)

    store_as_bytes(path)

    stored = {entry.name: entry.data_type for entry in onnx.load(path).graph.initializer}
    assert stored == {"first": TensorProto.FLOAT, "second": TensorProto.FLOAT}
