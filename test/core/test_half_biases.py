"""Biases in float16: numbers worked out by hand, and networks of a few channels."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
import pytest
from onnx import TensorProto, helper, numpy_helper

from textseg_core.arrays import AnyArray
from textseg_core.runtime.half_biases import carry_bias_errors, passing_shares
from textseg_core.runtime.half_emulation import write_emulation
from textseg_core.runtime.half_graph import convert_to_half
from textseg_core.runtime.half_wide import wide

node = helper.make_node
# Between 16 and 32 float16 has steps of 1/64: this lies a quarter of one above 24.
BIAS = 24.0 + 1 / 256


def model_of(
    nodes: list[onnx.NodeProto],
    constants: Mapping[str, AnyArray | np.float32],
    *,
    inputs: tuple[int, list[int]] = (TensorProto.FLOAT, [1, 1, 4, 4]),
    outputs: tuple[str, ...] = ("y",),
    shape: tuple[int, ...] | None = None,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", *inputs)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def kernel(*values: float, size: int = 1) -> AnyArray:
    """One output for one input channel for each of the values, all taps of the same weight."""
    return np.array(values, np.float32).reshape(-1, 1, 1, 1) * np.ones((1, 1, size, size), "f4")


def vector(*values: float) -> AnyArray:
    return np.array(values, np.float32)


def biases(model: onnx.ModelProto) -> dict[str, list[float]]:
    return {
        entry.name: numpy_helper.to_array(entry).tolist()
        for entry in model.graph.initializer
        if len(entry.dims) == 1
    }


def test_the_next_linear_convolution_takes_the_error_back() -> None:
    model = model_of(
        [node("Conv", ["x", "w", "b"], ["a"]), node("Conv", ["a", "v", "c"], ["y"])],
        {"w": kernel(1), "b": vector(BIAS), "v": kernel(2), "c": vector(0.5)},
    )

    carry_bias_errors(model.graph, {})

    # 1/256 was lost of b, twice that goes into c.
    assert biases(model) == {"b": [24.0], "c": [0.5 + 1 / 128]}


def test_errors_add_up_in_a_sum_and_go_to_all_who_read_it() -> None:
    model = model_of(
        [
            node("Conv", ["x", "w", "b"], ["a"]),
            node("Conv", ["a", "w", "c"], ["d"]),
            node("Add", ["a", "d"], ["sum"]),
            node("Conv", ["sum", "v", "e"], ["y"]),
            node("Conv", ["sum", "w", "f"], ["z"]),
        ],
        {
            **{"w": kernel(1), "v": kernel(4)},
            **{"b": vector(BIAS), "c": vector(BIAS), "e": vector(0), "f": vector(0)},
        },
        outputs=("y", "z"),
    )

    carry_bias_errors(model.graph, {})

    # c became 24 + 2/256, of which 2/256 were lost, and a lost 1/256 itself.
    assert biases(model) == {"b": [24.0], "c": [24.0], "e": [12 / 256], "f": [3 / 256]}


def test_behind_a_clip_the_mean_error_is_taken_back_by_the_kernel_that_follows() -> None:
    model = model_of(
        [
            node("Conv", ["x", "w", "b"], ["a"]),
            node("Clip", ["a", "low", "high"], ["d"]),
            node("Conv", ["d", "v", "c"], ["y"], pads=[1, 1, 1, 1]),
        ],
        {
            **{"w": kernel(1), "b": vector(BIAS), "low": np.float32(0), "high": np.float32(6)},
            **{"v": kernel(2, size=3), "c": vector(0)},
        },
    )

    carry_bias_errors(model.graph, {"d": np.array([0.25])})

    # A quarter of the pixels pass the error on to nine taps of weight 2.
    assert biases(model) == {"b": [24.0], "c": [9 * 2 * 0.25 / 256]}


def test_each_channel_of_a_depthwise_kernel_takes_its_own_error() -> None:
    model = model_of(
        [
            node("Conv", ["x", "w", "b"], ["a"]),
            node("Conv", ["a", "v", "c"], ["d"], group=2),
            node("Conv", ["d", "u", "e"], ["y"]),
        ],
        {
            **{"w": kernel(1, 1), "b": vector(BIAS, 2 * BIAS), "v": kernel(1, 3)},
            **{"c": vector(0, 0), "u": np.ones((1, 2, 1, 1), np.float32), "e": vector(0)},
        },
    )

    carry_bias_errors(model.graph, {})

    assert biases(model) == {"b": [24.0, 48.0], "c": [1 / 256, 6 / 256], "e": [0.0]}


@pytest.mark.parametrize(
    "between",
    [
        [node("Relu", ["a"], ["d"])],  # nobody knows how often it passes
        [node("Mul", ["a", "a"], ["d"])],
        [node("Identity", ["a"], ["d"]), node("Relu", ["a"], ["z"])],
    ],
    ids=["relu", "square", "another reader"],
)
def test_where_it_cannot_be_taken_back_a_bias_is_only_rounded(
    between: list[onnx.NodeProto],
) -> None:
    model = model_of(
        [node("Conv", ["x", "w", "b"], ["a"]), *between, node("Conv", ["d", "w", "c"], ["y"])],
        {"w": kernel(1), "b": vector(BIAS), "c": vector(0.5)},
        outputs=("y", "z") if len(between) > 1 else ("y",),
    )

    carry_bias_errors(model.graph, {})

    assert biases(model) == {"b": [24.0], "c": [0.5]}


def test_an_output_of_the_part_is_not_corrected_elsewhere() -> None:
    model = model_of(
        [node("Conv", ["x", "w", "b"], ["a"]), node("Conv", ["a", "w", "c"], ["y"])],
        {"w": kernel(1), "b": vector(BIAS), "c": vector(0.5)},
        outputs=("a", "y"),
    )

    carry_bias_errors(model.graph, {})

    assert biases(model) == {"b": [24.0], "c": [0.5]}


def picture_model(channels: int) -> onnx.ModelProto:
    """A picture of bytes -> a convolution, Relu -> one of 200 channels, Relu -> one of 1."""
    rng = np.random.default_rng(0)
    return model_of(
        [
            node("Cast", ["x"], ["real"], to=TensorProto.FLOAT),
            node("Transpose", ["real"], ["planes"], perm=[0, 3, 1, 2]),
            node("Sub", ["planes", "half"], ["even"]),
            node("Conv", ["even", "w", "b"], ["a"]),
            node("Relu", ["a"], ["seen"]),
            node("Conv", ["seen", "v", "c"], ["more"]),
            node("Relu", ["more"], ["most"]),
            node("Conv", ["most", "u", "d"], ["y"]),
        ],
        {
            "half": np.float32(127.5),
            "w": rng.normal(size=(channels, 3, 1, 1)).astype(np.float32) / 100,
            "b": rng.normal(size=channels).astype(np.float32) + 24,
            "v": rng.normal(size=(200, channels, 1, 1)).astype(np.float32) / channels,
            "c": rng.normal(size=200).astype(np.float32),
            "u": np.ones((1, 200, 1, 1), np.float32) / 200,
            "d": np.zeros(1, np.float32),
        },
        inputs=(TensorProto.UINT8, [1, 32, 32, 3]),
        shape=(1, 1, 32, 32),
    )


def test_a_picture_stays_in_float32_as_long_as_kernels_are_small() -> None:
    assert {"real", "planes", "even", "a", "seen", "half", "w", "b"} == wide(
        picture_model(16).graph
    )
    assert {"real", "planes", "even", "half"} == wide(picture_model(1000).graph)


def test_layer_norms_their_sums_and_what_is_made_of_the_last_stay_in_float32() -> None:
    model = model_of(
        [
            node("LayerNormalization", ["x", "scale"], ["a"]),
            node("Mul", ["a", "factor"], ["b"]),
            node("Add", ["b", "x"], ["sum"]),
            node("LayerNormalization", ["sum", "scale"], ["c"]),
            node("Mul", ["x", "factor"], ["side"]),
            node("Mul", ["c", "last"], ["d"]),
            node("Add", ["d", "side"], ["y"]),
        ],
        {"scale": np.ones(4, np.float32), "factor": np.float32(3), "last": np.float32(2)},
    )

    assert wide(model.graph) == {"a", "sum", "c", "scale", "d", "y", "last"}


def test_a_constant_that_others_read_too_becomes_half() -> None:
    model = model_of(
        [
            node("ReduceSum", ["x"], ["sum"], keepdims=1),
            node("Mul", ["sum", "factor"], ["scaled"]),
            node("Sqrt", ["factor"], ["root"]),
            node("Mul", ["scaled", "root"], ["y"]),
        ],
        {"factor": np.float32(4)},
    )

    assert wide(model.graph) == {"sum", "root"}


def test_shares_are_counted_on_pictures_and_only_there() -> None:
    model = picture_model(16)

    shares = passing_shares(model)

    assert {name: share.shape for name, share in shares.items()} == {"seen": (16,), "most": (200,)}
    assert np.all(shares["seen"] == 1)  # biases of 24 and more lift every pixel above zero
    assert 0 < shares["most"].mean() < 1
    assert passing_shares(model_of([node("Relu", ["x"], ["y"])], {})) == {}


def test_the_files_compute_with_what_was_kept_and_carried(tmp_path: Path) -> None:
    onnx.save(picture_model(16), tmp_path / "whole.onnx")
    convert_to_half(tmp_path / "whole.onnx", tmp_path / "half.onnx", float32_outputs=True)
    write_emulation(tmp_path / "whole.onnx", tmp_path / "rounded.onnx")
    picture = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8)
    answers = {
        path.stem: onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
            ["y"], {"x": picture}
        )[0]
        for path in tmp_path.glob("*.onnx")
    }

    half = onnx.load(tmp_path / "half.onnx")
    kinds = {entry.name: entry.data_type for entry in half.graph.initializer}
    floats, halves = TensorProto.FLOAT, TensorProto.FLOAT16
    assert kinds == {"half": floats, "w": floats, "b": floats} | dict.fromkeys("vcud", halves)
    onnx.shape_inference.infer_shapes(half, strict_mode=True)
    # 2^-11 of the largest value that is added up would be 0.012; the mean of 200 is better.
    for name in ("half", "rounded"):
        np.testing.assert_allclose(answers[name], answers["whole"], atol=0.01)
    assert np.any(answers["rounded"] != answers["whole"])


def test_the_emulation_rounds_what_goes_on_in_half(tmp_path: Path) -> None:
    # 2048 + 1 is summed up in float32; what reads the sum sees 2048.
    model = model_of(
        [node("ReduceSum", ["x"], ["sum"], keepdims=0), node("Sub", ["sum", "most"], ["y"])],
        {"most": np.float32(2048)},
        inputs=(TensorProto.FLOAT, [2]),
        shape=(),
    )
    onnx.save(model, tmp_path / "whole.onnx")
    write_emulation(tmp_path / "whole.onnx", tmp_path / "rounded.onnx")
    x = np.array([2048, 1], np.float32)

    differences = [
        float(onnxruntime.InferenceSession(str(tmp_path / f"{name}.onnx")).run(None, {"x": x})[0])
        for name in ("whole", "rounded")
    ]

    assert differences == [1.0, 0.0]
