"""Operations and bytes of an ONNX file, node by node."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
from onnx import helper, numpy_helper

from textseg_core.arrays import AnyArray

#: Nodes that only rename or regroup what is in memory already.
_FREE = {"Constant", "Identity", "Reshape", "Flatten", "Unsqueeze", "Squeeze", "Shape", "Dropout"}
#: Nodes that read only as much as they give.
_LOOK_UP = {"Gather", "Slice", "Split", "Expand"}


@dataclass(frozen=True, slots=True)
class NodeCost:
    """What one node costs.

    Attributes:
        kind: ONNX operator.
        flops: Two for each multiply-add of convolutions and matrix products; others count 0.
        bytes_moved: Inputs, weights and outputs, each once.
    """

    kind: str
    flops: int
    bytes_moved: int


@dataclass(frozen=True, slots=True)
class GraphCost:
    """What one part of a network costs.

    Attributes:
        nodes: In order, without those that move nothing.
        ends: Bytes of inputs, weights and outputs of the whole: what moves at least, where all
            between stays in the caches. Of a table only what is looked up moves.
    """

    nodes: tuple[NodeCost, ...]
    ends: int

    @property
    def flops(self) -> int:
        """Of all nodes."""
        return sum(node.flops for node in self.nodes)

    @property
    def bytes_moved(self) -> int:
        """Of all nodes, each reading and writing memory: what moves at most."""
        return sum(node.bytes_moved for node in self.nodes)

    def floor_s(self, flops_per_s: float, bytes_per_s: float) -> float:
        """Return the least time in which arithmetic and `ends` fit."""
        return max(self.flops / flops_per_s, self.ends / bytes_per_s)

    def node_floor_s(self, flops_per_s: float, bytes_per_s: float) -> float:
        """Return the least time if every node's values go through memory."""
        return sum(
            max(node.flops / flops_per_s, node.bytes_moved / bytes_per_s) for node in self.nodes
        )


def graph_cost(path: Path, *, batch: int = 1, value_bytes: int = 4) -> GraphCost:
    """Return what a file costs in one run.

    It is run once on zeros to learn the sizes of all values. What depends on weights alone is
    computed before the first run and costs nothing.

    Args:
        path: ONNX file.
        batch: Stands for every side that the file leaves open.
        value_bytes: Bytes of a real number as it is computed with, however it is stored.

    Raises:
        ValueError: If the file is no ONNX, or does not run.
    """
    try:
        model = onnx.load(str(path))
        inputs = _zeros(model.graph, batch)
        values = _run(model, inputs)
    except Exception as error:  # onnx's and ONNX Runtime's errors share no base class
        raise ValueError(f"{path}: no ONNX file that runs here: {error}") from error
    graph = model.graph
    weights = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    values |= inputs | weights
    sizes = {name: _bytes(array, value_bytes) for name, array in values.items()}
    fixed = set(weights)
    nodes = []
    read: set[str] = set()
    for node in graph.node:
        names = [name for name in node.input if name]
        if fixed.issuperset(names):
            fixed.update(node.output)
        elif node.op_type not in _FREE:
            moved = sum(sizes[name] for name in node.output if name)
            if node.op_type in _LOOK_UP:
                moved *= 2
            else:
                moved += sum(sizes[name] for name in names)
                read.update(fixed.intersection(names))
            nodes.append(NodeCost(node.op_type, _flops(node, values), moved))
    ends = [*read, *inputs, *(value.name for value in graph.output)]
    return GraphCost(tuple(nodes), sum(sizes[name] for name in ends))


def _zeros(graph: Any, batch: int) -> dict[str, AnyArray]:
    """Return zeros for every input, open sides being `batch` long."""
    weights = {entry.name for entry in graph.initializer}
    zeros = {}
    for value in graph.input:
        if value.name not in weights:
            kind = value.type.tensor_type
            shape = [s.dim_value if s.HasField("dim_value") else batch for s in kind.shape.dim]
            zeros[value.name] = np.zeros(shape, helper.tensor_dtype_to_np_dtype(kind.elem_type))
    return zeros


def _run(model: Any, inputs: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Return every value that the nodes of a model make."""
    shown = type(model)()
    shown.CopyFrom(model)
    told = {value.name for value in shown.graph.output}
    names = [name for node in shown.graph.node for name in node.output if name]
    shown.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in told)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return dict(zip(names, session.run(names, inputs), strict=True))


def _bytes(array: AnyArray, value_bytes: int) -> int:
    """Return what an array takes while the network runs."""
    real = np.issubdtype(array.dtype, np.floating)
    return array.size * (value_bytes if real else array.dtype.itemsize)


def _flops(node: Any, values: dict[str, AnyArray]) -> int:
    """Return two for each multiply-add of a node; four of these for a value made bigger."""
    made = values[node.output[0]].size
    if node.op_type == "Conv":
        _, per_group, *kernel = values[node.input[1]].shape
        return int(2 * made * per_group * prod(kernel))
    if node.op_type == "MatMul":
        return int(2 * made * values[node.input[0]].shape[-1])
    if node.op_type == "Gemm":
        transposed = any(entry.name == "transA" and entry.i for entry in node.attribute)
        return int(2 * made * values[node.input[0]].shape[0 if transposed else 1])
    return int(2 * 4 * made) if node.op_type == "Resize" else 0
