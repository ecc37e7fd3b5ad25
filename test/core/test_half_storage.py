from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from textseg_core.runtime.half_storage import fold_batch_norm, round_to_half, store_as_half


def test_folding_keeps_the_answers_and_leaves_no_normalisation() -> None:
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    network = nn.Sequential(inner, nn.Conv2d(4, 2, 1))
    norm = inner[1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.normal_(norm.running_mean)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    network.eval()
    image = torch.randn(1, 3, 6, 6)
    before = network(image)

    fold_batch_norm(network)

    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert torch.allclose(network(image), before, atol=1e-6)


def test_rounding_goes_to_the_nearest_half_and_spares_biases() -> None:
    layer = nn.Linear(1, 2)
    with torch.no_grad():
        layer.weight[:, 0] = torch.tensor([1.0 + 2**-11 + 2**-20, 0.5])  # halves step by 2**-10
        layer.bias.fill_(1.0 + 2**-20)

    round_to_half(layer)

    assert layer.weight.dtype == torch.float32
    assert layer.weight.flatten().tolist() == [1.0 + 2**-10, 0.5]
    assert layer.bias.tolist() == [1.0 + 2**-20] * 2


def test_rounding_spares_what_is_small() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 4))  # 9 and 12 numbers
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0 + 2**-20)

    round_to_half(network, least_numbers=10)

    found = [set(weight.flatten().tolist()) for weight in network.parameters() if weight.ndim > 1]
    assert found == [{1.0 + 2**-20}, {1.0}]


def test_weight_beyond_half_is_refused_by_name() -> None:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(70_000.0)

    with pytest.raises(ValueError, match=r"weight does not fit float16"):
        round_to_half(layer)


def product_file(path: Path, matrix: np.ndarray) -> None:
    """Write a graph y = x @ matrix."""
    rows, columns = matrix.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "matrix"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, columns])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def run(path: Path, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (y,) = session.run(["y"], {"x": x})
    return np.asarray(y)


def test_halves_are_stored_in_half_the_bytes_and_compute_the_same(tmp_path: Path) -> None:
    path = tmp_path / "product.onnx"
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(100, 50)).astype(np.float16).astype(np.float32)
    x = generator.normal(size=(1, 100)).astype(np.float32)
    product_file(path, matrix)
    full_bytes, before = path.stat().st_size, run(path, x)

    store_as_half(path)

    onnx.checker.check_model(path)
    assert path.stat().st_size < 0.55 * full_bytes
    np.testing.assert_array_equal(run(path, x), before)


def test_constants_that_are_no_halves_keep_all_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "product.onnx"
    matrix = np.full((100, 50), 0.1, np.float32)
    product_file(path, matrix)

    store_as_half(path)

    (stored,) = onnx.load(path).graph.initializer
    assert stored.data_type == TensorProto.FLOAT
