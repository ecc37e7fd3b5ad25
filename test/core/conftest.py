"""A network small enough to follow by hand, in NumPy and as three ONNX files.

Input 96 x 96, stride 8, so 12 x 12 cells. A cell's logit for "red" is 16 (r - g - b) - 8 of its
mean colour in [0, 1]: 8 on red, -8 on black, -24 on green or white; likewise for the other
colours. Words that name no colour count nothing. Presence is the greatest logit.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from textseg_core.arrays import AnyArray, Float32Array, Int64Array, UInt8Array
from textseg_core.config import SegmenterConfig
from textseg_core.model_info import ModelInfo
from textseg_core.runtime.base import BackendReport, Tensors
from textseg_core.segmenter import Segmenter
from textseg_core.tokenizer import Tokenizer

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "green", "blue", "the", "block"]
TOKENS, INPUT_PX, STRIDE = 6, 96, 8
CELLS = INPUT_PX // STRIDE
WEIGHTS = np.zeros((len(WORDS), 3), np.float32)
WEIGHTS[4:7] = 16.0 * (2.0 * np.eye(3) - 1.0)


class ColourBackend:
    """The network in NumPy; counts its calls, and can be told to answer otherwise."""

    def __init__(self, *, presence: bool = True, several: float | None = None) -> None:
        self.presence = presence
        self.several = several
        self.override: Callable[[Tensors], Tensors] = lambda outputs: outputs
        self.images = 0
        self.expressions = 0
        self.batches: list[int] = []
        self.closed = False

    def encode_image(self, image: UInt8Array) -> Tensors:
        self.images += 1
        cells: Float32Array = image.reshape(CELLS, STRIDE, CELLS, STRIDE, 3).mean(
            axis=(1, 3), dtype=np.float32
        )
        return {"cells": cells.transpose(2, 0, 1)[np.newaxis] / np.float32(255.0)}

    def encode_expression(self, token_ids: Int64Array) -> Tensors:
        assert token_ids.shape == (1, TOKENS)
        self.expressions += 1
        return {"colour": WEIGHTS[token_ids].sum(axis=1)}

    def respond(self, image: Tensors, expressions: Sequence[Tensors]) -> Tensors:
        colour = np.concatenate([one["colour"] for one in expressions])
        self.batches.append(len(colour))
        logits = np.einsum("chw,bc->bhw", image["cells"][0], colour)[:, np.newaxis] - 8.0
        outputs = {"logits": logits.astype(np.float32)}
        if self.presence:
            outputs["presence"] = outputs["logits"].max(axis=(1, 2, 3))
        if self.several is not None:
            outputs["several"] = np.full(len(colour), self.several, np.float32)
        return self.override(outputs)

    def report(self) -> BackendReport:
        return BackendReport(name="numpy", device="cpu", precision="fp32")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def colour_info() -> ModelInfo:
    return ModelInfo(
        name="colours",
        input_px=INPUT_PX,
        stride=STRIDE,
        tokens=TOKENS,
        padding="right",
        tokenizer="words",
        presence_threshold=0.5,
        threshold=0.5,
    )


@pytest.fixture
def colour_backend() -> type[ColourBackend]:
    return ColourBackend


@pytest.fixture
def build_segmenter(colour_info: ModelInfo) -> Callable[..., Segmenter]:
    """`build_segmenter(backend, **settings)`: a segmenter on the network of this file."""

    def build(backend: ColourBackend, **settings: object) -> Segmenter:
        tokenizer = Tokenizer(WORDS, length=TOKENS, padding="right", kind="words")
        config = SegmenterConfig(**settings)  # type: ignore[arg-type]
        return Segmenter(config, colour_info, tokenizer, backend)

    return build


@pytest.fixture
def model_directory(tmp_path: Path) -> Path:
    """A model directory with the network of this file as ONNX."""
    directory = tmp_path / "colours"
    directory.mkdir()
    description = {
        "name": "colours",
        "input_px": INPUT_PX,
        "stride": STRIDE,
        "tokens": TOKENS,
        "padding": "right",
        "tokenizer": "words",
        "presence_threshold": 0.5,
        "threshold": 0.5,
        "about": {"trained": "not at all"},
    }
    (directory / "model.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    (directory / "vocabulary.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    for name, data in _parts().items():
        (directory / f"{name}.onnx").write_bytes(data)
    return directory


def _parts() -> dict[str, bytes]:
    """Return the three ONNX files by name."""
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, kind: int, shape: list[int | str]) -> object:
        return helper.make_tensor_value_info(name, kind, shape)

    def part(
        nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: AnyArray
    ) -> bytes:
        graph = helper.make_graph(
            nodes,
            "part",
            inputs,
            outputs,
            [numpy_helper.from_array(array, name) for name, array in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        return bytes(model.SerializeToString())

    f32, node = TensorProto.FLOAT, helper.make_node
    cells = value("cells", f32, [1, 3, CELLS, CELLS])
    return {
        "image_encoder": part(
            [
                node("Cast", ["image"], ["levels"], to=f32),
                node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]),
                node(
                    "AveragePool",
                    ["planes"],
                    ["means"],
                    kernel_shape=[STRIDE, STRIDE],
                    strides=[STRIDE, STRIDE],
                ),
                node("Div", ["means", "white"], ["cells"]),
            ],
            [value("image", TensorProto.UINT8, [1, INPUT_PX, INPUT_PX, 3])],
            [cells],
            white=np.array(255.0, np.float32),
        ),
        "expression_encoder": part(
            [
                node("Gather", ["weights", "token_ids"], ["words"]),
                node("ReduceSum", ["words", "axis"], ["colour"], keepdims=0),
            ],
            [value("token_ids", TensorProto.INT64, [1, TOKENS])],
            [value("colour", f32, [1, 3])],
            weights=WEIGHTS,
            axis=np.array([1], np.int64),
        ),
        "query_head": part(
            [
                node("Reshape", ["colour", "column"], ["factors"]),
                node("Mul", ["cells", "factors"], ["products"]),
                node("ReduceSum", ["products", "axis"], ["sums"], keepdims=1),
                node("Sub", ["sums", "bias"], ["logits"]),
                node("ReduceMax", ["logits"], ["presence"], axes=[1, 2, 3], keepdims=0),
            ],
            [cells, value("colour", f32, ["B", 3])],
            [value("logits", f32, ["B", 1, CELLS, CELLS]), value("presence", f32, ["B"])],
            column=np.array([-1, 3, 1, 1], np.int64),
            axis=np.array([1], np.int64),
            bias=np.array(8.0, np.float32),
        ),
    }
