"""Operations and bytes of small ONNX files, by hand, and floors made of them."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the roofline reads ONNX files")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from textseg_core.benchmark.graph_cost import GraphCost, NodeCost, graph_cost  # noqa: E402
from textseg_core.benchmark.peaks import Peaks  # noqa: E402
from textseg_core.benchmark.roofline import (  # noqa: E402
    boards_table,
    host_table,
    main,
    parts_table,
)
from textseg_core.model_info import SHIPPED_WEIGHTS  # noqa: E402


def _save(path: Path, nodes: list, inputs: list, outputs: list, weights: dict) -> Path:
    values = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side]
        for side in (inputs, outputs)
    ]
    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", *values, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_a_convolution_and_what_it_moves_by_hand(tmp_path: Path) -> None:
    path = _save(
        tmp_path / "conv.onnx",
        [
            helper.make_node("Conv", ["x", "w"], ["y"], group=2, pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["y"], ["z"]),
        ],
        [("x", [1, 4, 5, 5])],
        [("z", [1, 6, 5, 5])],
        {"w": np.ones((6, 2, 3, 3), np.float32)},
    )

    cost = graph_cost(path)

    assert [node.kind for node in cost.nodes] == ["Conv", "Relu"]
    assert cost.nodes[0].flops == 2 * (6 * 25) * (2 * 9)
    assert cost.nodes[0].bytes_moved == 4 * (100 + 108 + 150)
    assert cost.nodes[1] == NodeCost("Relu", 0, 4 * 300)
    assert cost.ends == 4 * (100 + 108 + 150)
    assert graph_cost(path, value_bytes=2).ends == 2 * (100 + 108 + 150)


def test_open_sides_are_the_batch_and_products_count_two_for_each_pair(tmp_path: Path) -> None:
    path = _save(
        tmp_path / "product.onnx",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [("x", ["queries", 7])],
        [("y", ["queries", 3])],
        {"w": np.ones((7, 3), np.float32)},
    )

    assert [graph_cost(path, batch=b).flops for b in (1, 8)] == [42, 336]


def test_what_depends_on_weights_alone_costs_nothing(tmp_path: Path) -> None:
    path = _save(
        tmp_path / "half.onnx",
        [
            helper.make_node("Cast", ["w"], ["v"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["x", "v"], ["y"]),
        ],
        [("x", [10])],
        [("y", [10])],
        {"w": np.ones(10, np.float16)},
    )

    cost = graph_cost(path)

    assert [node.kind for node in cost.nodes] == ["Add"]
    # Stored in two bytes, computed with in four.
    assert cost.ends == 4 * 30


def test_of_a_table_only_what_is_looked_up_moves(tmp_path: Path) -> None:
    path = _save(
        tmp_path / "table.onnx",
        [
            helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
            helper.make_node("Gather", ["t", "i"], ["y"]),
        ],
        [("x", [3])],
        [("y", [3, 8])],
        {"t": np.ones((1000, 8), np.float32)},
    )

    cost = graph_cost(path)

    assert cost.nodes[-1] == NodeCost("Gather", 0, 2 * 4 * 24)
    assert cost.ends == 4 * (3 + 24)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes((SHIPPED_WEIGHTS / "query_head.onnx").read_bytes()[:5000])

    with pytest.raises(ValueError, match=r"cut\.onnx: no ONNX file that runs here"):
        graph_cost(path)


def test_operations_agree_with_those_that_torch_counts() -> None:
    pytest.importorskip("torch", reason="torch counts the operations of its own network")
    from textseg_core.evaluation.flops import measure
    from textseg_core.models.folded_head import folded
    from textseg_core.models.registry import build

    network = build("compact", vocabulary_size=10).eval()
    network.query_head = folded(network.query_head, network.tokens)  # as it is exported
    counted = measure("ours", network)

    encoder = graph_cost(SHIPPED_WEIGHTS / "image_encoder.onnx").flops / 2e9
    head = [graph_cost(SHIPPED_WEIGHTS / "query_head.onnx", batch=b).flops / 2e9 for b in (1, 2)]
    assert encoder == pytest.approx(counted.encoder_gmac, rel=0.01)
    assert head[1] - head[0] == pytest.approx(counted.head_gmac, rel=0.06)


COST = GraphCost((NodeCost("Conv", 100, 20), NodeCost("Relu", 0, 30)), ends=10)
MACHINE = Peaks("m", flops_per_s=1000.0, bytes_per_s=100.0, kernel_s=0.5)


def test_the_floor_is_the_longer_of_arithmetic_and_bytes() -> None:
    assert COST.floor_s(1000.0, 100.0) == pytest.approx(0.1)
    assert COST.floor_s(1000.0, 50.0) == pytest.approx(0.2)
    # Convolution: 0.1 s of arithmetic against 0.2 s of bytes; then 0.3 s of bytes.
    assert COST.node_floor_s(1000.0, 100.0) == pytest.approx(0.5)


def test_the_table_compares_both_floors_with_what_was_measured() -> None:
    (row,) = parts_table({"head": COST}, MACHINE, {"head": 1000.0}).rows

    assert row[4:] == ("100.00", "500.00", "1000.00", "10%", "50%")


def test_boards_are_marked_as_estimates_and_pay_for_each_kernel() -> None:
    table = boards_table({"head": COST}, [MACHINE], 8)

    # Between 0.1 s and 0.5 s, and another 0.5 s for the one kernel that is not fused.
    assert table.rows == (("m", "100.00-1000.00", "100.00-1000.00"),)
    assert "ESTIMATES" in table.note
    assert table.title == "Estimates for Jetson, 8 queries"


def test_the_host_s_bytes_by_hand() -> None:
    took = {"decode": 1.0, "preprocess": 1.0, "postprocess": 1.0}

    table = host_table(320, 80, Peaks("m", 1.0, 1e9), took)

    pixels = 640 * 480
    assert float(table.rows[0][1]) == pytest.approx(6 * pixels / 1e6, abs=0.005)
    assert float(table.rows[1][1]) == pytest.approx((3 * pixels + 3 * 320**2) / 1e6, abs=0.005)
    assert float(table.rows[2][1]) == pytest.approx((4 * 6400 + 5 * pixels) / 1e6, abs=0.005)


def test_the_command_measures_and_writes_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "roofline.md"

    assert main(["--rounds", "1", "--turn-s", "0", "--write", str(path)]) == 0

    page = capsys.readouterr().out
    assert page.strip() == path.read_text(encoding="utf-8").strip()
    (peaks,) = [line for line in page.splitlines() if "peaks measured here" in line]
    assert float(peaks.split("here: ")[1].split(" GFLOP/s")[0]) > 0
    assert "| Orin Nano 8 GB |" in page
