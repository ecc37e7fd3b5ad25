from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from textseg_core.arrays import AnyArray
from textseg_core.runtime.int8_graph import (
    best_step,
    calibrate,
    choose_convolutions,
    quantise_image_encoder,
    round_weights,
    with_rounding,
)

node = helper.make_node


def encoder(first: AnyArray, second: AnyArray) -> onnx.ModelProto:
    """uint8 (1, 8, 8, 3) -> two convolutions of one pixel, one after the other."""
    graph = helper.make_graph(
        [
            node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
            node("Div", ["levels", "white"], ["shares"]),
            node("Transpose", ["shares"], ["planes"], perm=[0, 3, 1, 2]),
            node("Conv", ["planes", "first"], ["middle"]),
            node("Conv", ["middle", "second"], ["cells"]),
        ],
        "encoder",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 8, 8, 3])],
        [helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, len(second), 8, 8])],
        [
            numpy_helper.from_array(np.array(255, np.float32), "white"),
            numpy_helper.from_array(first.astype(np.float32), "first"),
            numpy_helper.from_array(second.astype(np.float32), "second"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def even() -> onnx.ModelProto:
    rng = np.random.default_rng(1)
    return encoder(rng.normal(size=(4, 3, 1, 1)), rng.normal(size=(2, 4, 1, 1)))


def feeds(count: int = 3) -> list[dict[str, AnyArray]]:
    rng = np.random.default_rng(2)
    return [{"image": rng.integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)} for _ in range(count)]


def run(model: onnx.ModelProto, feed: dict[str, AnyArray]) -> AnyArray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, feed)[0])


def test_weights_have_a_step_for_each_output_channel() -> None:
    weight = np.array([[[[1.27]], [[-0.635]]], [[[0.0]], [[0.0]]]], np.float32)
    levels, steps = round_weights(weight)
    assert levels.reshape(2, 2).tolist() == [[127, -64], [0, 0]]
    assert steps.tolist() == pytest.approx([0.01, 1.0])
    assert levels.dtype == np.int8


def test_a_range_that_is_used_evenly_is_kept_whole() -> None:
    assert best_step(np.ones(2048), 127.0) == pytest.approx(1.0)


def test_a_range_ends_before_a_lonely_outlier() -> None:
    counts = np.zeros(2048)
    counts[:400] = 1e6
    counts[-1] = 1.0
    # All but one value lie below 400 / 2048 = 0.195; the least share tried is 0.2.
    assert best_step(counts, 127.0) == pytest.approx(0.2)


def test_inputs_of_convolutions_are_calibrated() -> None:
    steps = calibrate(even(), feeds())
    assert set(steps) == {"planes", "middle"}
    # Shares of white lie in [0, 1].
    assert steps["planes"] == pytest.approx(1 / 127, rel=0.05)


def test_only_what_was_chosen_is_rounded_and_little_is_lost() -> None:
    model, feed = even(), feeds(1)[0]
    quantised = with_rounding(model, calibrate(model, feeds()), {"cells"})
    kinds = [one.op_type for one in quantised.graph.node]
    assert kinds.count("QuantizeLinear") == 1
    assert kinds.count("DequantizeLinear") == 2
    assert [one.op_type for one in model.graph.node].count("QuantizeLinear") == 0
    names = {entry.name: entry.data_type for entry in quantised.graph.initializer}
    assert names["second.int8"] == TensorProto.INT8
    assert "second" not in names
    assert names["first"] == TensorProto.FLOAT
    difference = np.abs(run(quantised, feed) - run(model, feed)).max()
    assert 0.0 < difference < 0.1


def test_a_convolution_that_rounding_spoils_stays_in_float() -> None:
    # Channel 0 is a thousand times channel 1, and the second convolution wants channel 1 alone:
    # with one step for both nothing of it is left.
    first = np.array([[1000.0, 0, 0], [0, 1.0, 0]]).reshape(2, 3, 1, 1)
    model = encoder(first, np.array([[0.0, 1.0]]).reshape(1, 2, 1, 1))
    assert choose_convolutions(model, calibrate(model, feeds()), feeds()) == {"middle"}


def test_an_encoder_is_written_with_eight_bits(tmp_path: Path) -> None:
    onnx.save(even(), tmp_path / "a.onnx")
    pictures = [feed["image"][0] for feed in feeds()]
    kept = quantise_image_encoder(tmp_path / "a.onnx", tmp_path / "b.onnx", pictures)
    quantised = onnx.load(tmp_path / "b.onnx")
    rounded = [one for one in quantised.graph.node if one.op_type == "QuantizeLinear"]
    assert len(rounded) + kept == 2
    assert rounded
    feed = feeds(1)[0]
    np.testing.assert_allclose(run(quantised, feed), run(even(), feed), atol=0.1)


def test_no_pictures_are_refused(tmp_path: Path) -> None:
    onnx.save(even(), tmp_path / "a.onnx")
    with pytest.raises(ValueError, match="at least one picture, got none"):
        quantise_image_encoder(tmp_path / "a.onnx", tmp_path / "b.onnx", [])
