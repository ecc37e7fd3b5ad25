"""A model directory of a few ONNX nodes: whatever is asked for is what is red."""

from pathlib import Path
from typing import Any

import pytest
import yaml

onnx = pytest.importorskip("onnx", reason="making a model needs onnx: pip install '.[check]'")

INPUT_PX, STRIDE, TOKENS = 96, 8, 8
WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "the", "red", "block"]


def write_model(directory: Path) -> Path:
    """Write the model: a cell's logit is 16 (r - g) - 8 of its mean colour in [0, 1]."""
    directory.mkdir()
    description = {
        "name": "redness",
        "input_px": INPUT_PX,
        "stride": STRIDE,
        "tokens": TOKENS,
        "padding": "right",
        "tokenizer": "words",
        "presence_threshold": 0.5,
        "threshold": 0.5,
    }
    (directory / "model.yaml").write_text(yaml.safe_dump(description))
    (directory / "vocabulary.txt").write_text("\n".join(WORDS) + "\n")
    tensor, types = onnx.helper.make_tensor_value_info, onnx.TensorProto
    cells = INPUT_PX // STRIDE
    image = tensor("image", types.UINT8, [1, INPUT_PX, INPUT_PX, 3])
    seen = tensor("cells", types.FLOAT, [1, 1, cells, cells])
    token_ids = tensor("token_ids", types.INT64, [1, TOKENS])
    read = tensor("words", types.FLOAT, ["B", TOKENS])
    logits = tensor("logits", types.FLOAT, ["B", 1, cells, cells])
    weights = onnx.numpy_helper.from_array(_array([16 / 255, -16 / 255, 0.0], (1, 3, 1, 1)), "w")
    eight = onnx.numpy_helper.from_array(_array([-8.0], (1,)), "b")
    zero = onnx.numpy_helper.from_array(_array([0.0], ()), "zero")
    node = onnx.helper.make_node
    graphs = {
        "image_encoder": (
            [
                node("Cast", ["image"], ["float"], to=types.FLOAT),
                node("Transpose", ["float"], ["chw"], perm=[0, 3, 1, 2]),
                node("Conv", ["chw", "w", "b"], ["red"]),
                node(
                    "AveragePool",
                    ["red"],
                    ["cells"],
                    kernel_shape=[STRIDE, STRIDE],
                    strides=[STRIDE, STRIDE],
                ),
            ],
            [image],
            [seen],
            [weights, eight],
        ),
        "expression_encoder": (
            [node("Cast", ["token_ids"], ["words"], to=types.FLOAT)],
            [token_ids],
            [tensor("words", types.FLOAT, [1, TOKENS])],
            [],
        ),
        "query_head": (
            [
                node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=1),
                node("Mul", ["mean", "zero"], ["nothing"]),
                node("Unsqueeze", ["nothing", "axes"], ["column"]),
                node("Add", ["cells", "column"], ["logits"]),
            ],
            [seen, read],
            [logits],
            [zero, onnx.numpy_helper.from_array(_array([2, 3], (2,), "int64"), "axes")],
        ),
    }
    for name, (nodes, inputs, outputs, constants) in graphs.items():
        graph = onnx.helper.make_graph(nodes, name, inputs, outputs, constants)
        opset = onnx.helper.make_opsetid("", 17)
        model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
        onnx.save(model, directory / f"{name}.onnx")
    return directory


def _array(values: list[Any], shape: tuple[int, ...], dtype: str = "float32") -> Any:
    import numpy as np

    return np.array(values, dtype).reshape(shape)
