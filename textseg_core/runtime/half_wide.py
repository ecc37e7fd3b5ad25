"""What stays in float32 where a graph computes in float16, because rounding it would be seen."""

import math

import onnx
from onnx import TensorProto

# Sums of squares leave float16's range: 192 values of 20 do.
_SUMS = ("ReduceSum", "ReduceMean", "ReduceL2", "Sqrt", "Reciprocal")
#: Layers that turn what they get into something else: boxes go in as numbers, and out as features.
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "RoiAlign")
#: Kernels of fewer numbers weigh nothing, in the file as in time.
SMALL_KERNEL = 2500


def wide(graph: onnx.GraphProto) -> frozenset[str]:
    """Return the tensors that stay in float32, and the constants that only they are made of.

    Those are sums and the squares that go into them; layer norms, which take the difference of
    what they get and its mean, and the sums that they get; what is made of the last layer norm,
    which draws the answer; and a picture on its way through the first convolutions, as long as
    their kernels are small: rounding errors there are alike wherever pixels are alike, so that
    they do not average out, and all that follows depends on them. Where a detector's boxes are
    looked into, also all that is reckoned with boxes and with their scores. Ranges and what
    scales of a resize are made of have no float16 in the standard.
    """
    found = _sums(graph) | _norms(graph) | _first(graph) | _last(graph) | _boxes(graph)
    found |= _float32_only(graph)
    readers: dict[str, list[str]] = {value.name: [""] for value in graph.output}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.output[0])
    constants = {
        *(entry.name for entry in graph.initializer if entry.data_type == TensorProto.FLOAT),
        *(node.output[0] for node in graph.node if node.op_type == "Constant"),
    }
    return frozenset(
        found | {name for name in constants if name in readers and found.issuperset(readers[name])}
    )


def _constants(graph: onnx.GraphProto) -> set[str]:
    """Return what no input changes, and "" for inputs left out."""
    made = {node.output[0] for node in graph.node if node.op_type == "Constant"}
    return {"", *(entry.name for entry in graph.initializer), *made}


def _sums(graph: onnx.GraphProto) -> set[str]:
    maker = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    for node in graph.node:
        if node.op_type not in _SUMS:
            continue
        found.update(node.output)
        before = maker.get(node.input[0])
        if before is not None and (
            before.op_type == "Pow" or (before.op_type == "Mul" and len(set(before.input)) == 1)
        ):
            found.update(before.output)
    return found


def _norms(graph: onnx.GraphProto) -> set[str]:
    maker = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    for node in graph.node:
        if node.op_type != "LayerNormalization":
            continue
        found.update(node.output)
        before = maker.get(node.input[0])
        if before is not None and before.op_type in ("Add", "Gemm"):
            found.update(before.output)
    return found


def _first(graph: onnx.GraphProto) -> set[str]:
    """Return what is made of a picture of bytes by convolutions of small kernels."""
    sizes = {entry.name: math.prod(entry.dims) for entry in graph.initializer}
    constants = _constants(graph)
    found = {
        value.name
        for value in graph.input
        if value.type.tensor_type.elem_type == TensorProto.UINT8
    }
    pictures = set(found)
    for node in graph.node:
        is_small = node.op_type != "Conv" or sizes.get(node.input[1], SMALL_KERNEL) < SMALL_KERNEL
        sources = [name for name in node.input if name not in constants]
        if sources and is_small and found.issuperset(sources):
            found.update(node.output)
    return found - pictures


def _last(graph: onnx.GraphProto) -> set[str]:
    """Return what is made of layer norms and goes into none."""
    behind: set[str] = set()
    before: set[str] = set()
    for node in graph.node:
        if node.op_type == "LayerNormalization" or not behind.isdisjoint(node.input):
            behind.update(node.output)
    for node in reversed(graph.node):
        if node.op_type == "LayerNormalization" or not before.isdisjoint(node.output):
            before.update((*node.input, *node.output))
    return behind - before


def _float32_only(graph: onnx.GraphProto) -> set[str]:
    """Return what the standard knows in float32 alone, and what that is made of."""
    maker = {name: node for node in graph.node for name in node.output}
    ahead = [node.output[0] for node in graph.node if node.op_type == "Range"]
    ahead += [name for node in graph.node if node.op_type == "Resize" for name in node.input[1:3]]
    found: set[str] = set()
    while ahead:
        node = maker.get(ahead.pop())
        if node is None or node.op_type == "Shape" or found.issuperset(node.output):
            continue
        found.update(node.output)
        ahead.extend(node.input)
    return found


def _boxes(graph: onnx.GraphProto) -> set[str]:
    """Return what decides, between layers with weights, which boxes are looked into and where.

    A box's area leaves float16's range from 256 px on, its place is rounded to half a pixel, and
    boxes that score next to alike would change places.
    """
    maker = {name: node for node in graph.node for name in node.output}
    pools = [node for node in graph.node if node.op_type == "RoiAlign"]
    if not pools:
        return set()
    found = {node.output[0] for node in pools}
    ahead = [node.input[1] for node in pools]
    ahead += [node.input[0] for node in graph.node if node.op_type == "TopK"]
    while ahead:
        node = maker.get(ahead.pop())
        if node is None or node.op_type in _WEIGHTED or found.issuperset(node.output):
            continue
        found.update(node.output)
        ahead.extend(node.input)
    constants = _constants(graph)
    for node in graph.node:
        sources = [name for name in node.input if name not in constants]
        if sources and node.op_type not in _WEIGHTED and found.issuperset(sources):
            found.update(node.output)
    return found
