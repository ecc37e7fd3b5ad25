from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from textseg_core.arrays import AnyArray
from textseg_core.runtime.half_emulation import write_emulation
from textseg_core.runtime.half_graph import convert_to_half, load_unfolded
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.variants import PARTS, fp32_paths

node = helper.make_node


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    shape: list[int],
    out_shape: list[int],
    **constants: AnyArray,
) -> Path:
    """Write a graph from "x" to "y"."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out_shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def run(path: Path, x: AnyArray) -> AnyArray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x})
    return np.asarray(y)


def kinds(path: Path) -> dict[str, int]:
    """Element type of every tensor, by the checker's own inference."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True)
    values = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    return {value.name: value.type.tensor_type.elem_type for value in values}


def test_a_model_of_three_parts_computes_in_half_and_meets_in_half(
    model_directory: Path, tmp_path: Path
) -> None:
    paths = {}
    for part, path in fp32_paths(model_directory).items():
        paths[part] = tmp_path / path.name
        convert_to_half(path, paths[part], float32_outputs=part == "query_head")
    image = np.zeros((96, 96, 3), np.uint8)
    image[:8, :8, 0] = 255
    answers = []
    for backend in (OnnxBackend(model_directory), OnnxBackend.from_files(paths)):
        read = backend.encode_expression(np.array([[4, 0, 0, 0, 0, 0]]))
        answers.append(backend.respond(backend.encode_image(image), [read]))
    assert answers[1]["logits"].dtype == np.float32
    np.testing.assert_allclose(answers[1]["logits"], answers[0]["logits"], atol=0.02)
    assert kinds(paths["image_encoder"])["cells"] == TensorProto.FLOAT16
    assert kinds(paths["image_encoder"])["image"] == TensorProto.UINT8
    assert kinds(paths["query_head"])["logits"] == TensorProto.FLOAT
    assert set(paths) == set(PARTS)


def test_sums_of_squares_beyond_float16_stay_in_float32(tmp_path: Path) -> None:
    # 100 squares of 40 are 160000, float16 ends at 65504; the root is 400.
    source = save(
        tmp_path / "a.onnx",
        [
            node("Mul", ["x", "x"], ["squares"]),
            node("ReduceSum", ["squares", "axis"], ["sum"], keepdims=1),
            node("Sqrt", ["sum"], ["root"]),
            node("Div", ["x", "root"], ["y"]),
        ],
        [1, 100],
        [1, 100],
        axis=np.array([1], np.int64),
    )
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=True)
    found = kinds(tmp_path / "b.onnx")
    assert [found[name] for name in ("squares", "sum", "root")] == [TensorProto.FLOAT] * 3
    y = run(tmp_path / "b.onnx", np.full((1, 100), 40.0, np.float16))
    np.testing.assert_allclose(y, 0.1, atol=1e-4)
    assert y.dtype == np.float32


def test_boxes_their_areas_and_their_order_stay_in_float32(tmp_path: Path) -> None:
    # Two boxes from the corner, 300 and 301 px wide and 300 high: areas of 90000 and 90300, beyond
    # float16, in which both would be infinite and the first the best. The map is its own column.
    source = save(
        tmp_path / "a.onnx",
        [
            node("Gather", ["x", "zero"], ["width"], axis=1),
            node("Gather", ["x", "one"], ["height"], axis=1),
            node("Mul", ["width", "height"], ["areas"]),
            node("TopK", ["areas", "one1"], ["greatest", "place"]),
            node("Gather", ["x", "place"], ["sides"], axis=0),
            node("Concat", ["corner", "sides"], ["rois"], axis=1),
            node("RoiAlign", ["map", "rois", "batch"], ["cells"], output_width=1, output_height=1),
            node("Reshape", ["cells", "flat"], ["row"]),
            node("MatMul", ["row", "weight"], ["features"]),
            node("Relu", ["features"], ["y"]),
        ],
        [2, 2],
        [1, 1],
        zero=np.array(0),
        one=np.array(1),
        one1=np.array([1]),
        corner=np.zeros((1, 2), np.float32),
        batch=np.array([0]),
        map=np.tile(np.arange(320, dtype=np.float32), (320, 1))[None, None],
        flat=np.array([1, 1]),
        weight=np.full((1, 1), 0.5, np.float32),
    )
    boxes = np.array([[300, 300], [301, 300]])

    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=True)
    write_emulation(source, tmp_path / "c.onnx")

    found = kinds(tmp_path / "b.onnx")
    wide = {name for name, kind in found.items() if kind == TensorProto.FLOAT}
    assert {"areas", "greatest", "sides", "rois", "cells", "row"} <= wide
    assert found["features"] == TensorProto.FLOAT16
    # Half of the mean column, 150.5 less half a cell.
    assert run(source, boxes.astype(np.float32)).item() == pytest.approx(75.0)
    assert run(tmp_path / "b.onnx", boxes.astype(np.float16)).item() == 75.0
    assert run(tmp_path / "c.onnx", boxes.astype(np.float32)).item() == 75.0


@pytest.mark.parametrize("float32_outputs", [True, False])
def test_an_output_that_is_kept_wide_has_the_kind_that_was_asked_for(
    tmp_path: Path, float32_outputs: bool
) -> None:
    source = save(
        tmp_path / "a.onnx",
        [node("ReduceSum", ["x", "axis"], ["y"], keepdims=0)],
        [2, 3],
        [2],
        axis=np.array([1], np.int64),
    )
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=float32_outputs)
    y = run(tmp_path / "b.onnx", np.array([[1, 2, 3], [4, 5, 6]], np.float16))
    assert y.tolist() == [6.0, 15.0]
    assert y.dtype == (np.float32 if float32_outputs else np.float16)


def test_scales_of_a_resize_stay_float32_as_the_standard_wants(tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.onnx",
        [node("Resize", ["x", "", "scales"], ["y"], mode="nearest")],
        [1, 1, 1, 2],
        [1, 1, 2, 4],
        scales=np.array([1, 1, 2, 2], np.float32),
    )
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=False)
    y = run(tmp_path / "b.onnx", np.array([[[[1, 2]]]], np.float16))
    assert y[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


def test_ranges_and_scales_that_are_put_together_stay_float32_as_the_standard_wants(
    tmp_path: Path,
) -> None:
    source = save(
        tmp_path / "a.onnx",
        [
            node("Concat", ["one", "two"], ["scales"], axis=0),
            node("Resize", ["x", "", "scales"], ["large"], mode="nearest"),
            node("Range", ["first", "end", "step"], ["places"]),
            node("Add", ["large", "places"], ["y"]),
        ],
        [1, 1, 1, 2],
        [1, 1, 2, 4],
        one=np.ones(2, np.float32),
        two=np.full(2, 2, np.float32),
        first=np.array(0, np.float32),
        end=np.array(4, np.float32),
        step=np.array(1, np.float32),
    )
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=False)
    y = run(tmp_path / "b.onnx", np.array([[[[1, 2]]]], np.float16))
    assert y[0, 0].tolist() == [[1, 2, 4, 5], [1, 2, 4, 5]]
    found = kinds(tmp_path / "b.onnx")
    assert [found[name] for name in ("scales", "places")] == [TensorProto.FLOAT] * 2
    assert found["large"] == TensorProto.FLOAT16


def test_constants_that_are_stored_as_half_lose_their_casts(tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.onnx",
        [
            node("Cast", ["w.half"], ["w"], to=TensorProto.FLOAT),
            node("Add", ["x", "w"], ["y"]),
        ],
        [2],
        [2],
        **{"w.half": np.array([1, 2], np.float16)},
    )
    model = load_unfolded(source)
    assert [one.op_type for one in model.graph.node] == ["Add"]
    assert [(one.name, one.data_type) for one in model.graph.initializer] == [("w", 1)]
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=False)
    half = onnx.load(tmp_path / "b.onnx")
    assert [one.op_type for one in half.graph.node] == ["Add"]
    assert run(tmp_path / "b.onnx", np.array([1, 1], np.float16)).tolist() == [2, 3]


def test_constants_that_are_stored_as_bytes_become_their_multiples(tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.onnx",
        [
            node("DequantizeLinear", ["w.steps", "w.step"], ["w"], axis=1),
            node("MatMul", ["x", "w"], ["y"]),
        ],
        [1, 2],
        [1, 2],
        **{"w.steps": np.array([[1, 2], [3, -4]], np.int8), "w.step": np.array([0.5, 2.0], "f")},
    )

    model = load_unfolded(source)

    assert [one.op_type for one in model.graph.node] == ["MatMul"]
    assert [one.name for one in model.graph.initializer] == ["w"]
    assert numpy_helper.to_array(model.graph.initializer[0]).tolist() == [[0.5, 4.0], [1.5, -8.0]]


def test_constants_inside_nodes_and_casts_become_half(tmp_path: Path) -> None:
    value = numpy_helper.from_array(np.array([0.5], np.float32))
    source = save(
        tmp_path / "a.onnx",
        [
            node("Constant", [], ["c"], value=value),
            node("Cast", ["x"], ["whole"], to=TensorProto.INT64),
            node("Cast", ["whole"], ["back"], to=TensorProto.FLOAT),
            node("Add", ["back", "c"], ["y"]),
        ],
        [1],
        [1],
    )
    convert_to_half(source, tmp_path / "b.onnx", float32_outputs=False)
    found = kinds(tmp_path / "b.onnx")
    assert found["back"] == found["c"] == TensorProto.FLOAT16
    assert found["whole"] == TensorProto.INT64
    assert run(tmp_path / "b.onnx", np.array([2.75], np.float16)).tolist() == [2.5]


def test_weights_beyond_float16_are_refused_by_name(tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.onnx",
        [node("Add", ["x", "large"], ["y"])],
        [1],
        [1],
        large=np.array([7e4], np.float32),
    )
    with pytest.raises(ValueError, match="large does not fit float16"):
        convert_to_half(source, tmp_path / "b.onnx", float32_outputs=False)


def test_the_emulation_rounds_where_a_gpu_would(tmp_path: Path) -> None:
    # 2048 + 1 is 2048 in float16 and 2049 in float32: three steps stay where they are.
    steps = [node("Add", [f"s{i}", "one"], [f"s{i + 1}"]) for i in range(3)]
    steps[0].input[0], steps[-1].output[0] = "x", "y"
    source = save(tmp_path / "a.onnx", steps, [1], [1], one=np.array([1], np.float32))
    write_emulation(source, tmp_path / "b.onnx")
    x = np.array([2048], np.float32)
    assert run(source, x).tolist() == [2051]
    assert run(tmp_path / "b.onnx", x).tolist() == [2048]


def test_the_emulation_rounds_constants_and_leaves_sums_of_squares(tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.onnx",
        [
            node("Mul", ["x", "x"], ["squares"]),
            node("ReduceSum", ["squares"], ["sum"], keepdims=0),
            node("Mul", ["sum", "factor"], ["y"]),
        ],
        [1, 100],
        [],
        factor=np.array(0.1, np.float32),
    )
    write_emulation(source, tmp_path / "b.onnx")
    y = run(tmp_path / "b.onnx", np.full((1, 100), 20.0, np.float32))
    # 40000 of 0.1 as float16 (0.0999756) are 3999.02, which float16 has as 4000 or 3998.
    assert float(y) == 4000.0
    assert float(np.float16(0.1)) * 40000 == pytest.approx(3999.02, abs=0.01)
