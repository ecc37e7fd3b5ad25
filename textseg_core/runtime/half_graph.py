"""A float32 ONNX graph -> the same in float16 inside, strongly typed: no runtime flag needed.

TensorRT 11 has no FP16 builder flag any more; what is float16 in the file is float16 in the
engine. Pictures and ids come in as integers and the answers leave as float32; what passes from
one part of the network to the next is float16.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textseg_core.arrays import AnyArray
from textseg_core.runtime.half_biases import carry_bias_errors, passing_shares
from textseg_core.runtime.half_wide import wide

_LARGEST = 65504.0
# The standard wants these inputs in float32, whatever is resized.
_FLOAT32_INPUTS = {"Resize": (1, 2)}


def convert_to_half(source: Path, target: Path, *, float32_outputs: bool) -> None:
    """Write a copy of an ONNX file that computes in float16.

    Args:
        source: Computes in float32; constants may be stored as float16 and cast.
        target: Written; the folder must exist.
        float32_outputs: Cast the outputs back to float32, for who reads them on the host.

    Raises:
        ValueError: If a constant lies beyond float16's range; names it.
    """
    model = load_unfolded(source)
    carry_bias_errors(model.graph, passing_shares(model))
    halve(model, float32_outputs=float32_outputs)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def halve(model: onnx.ModelProto, *, float32_outputs: bool) -> None:
    """Turn a graph of float32 into one of float16, in place; see `convert_to_half`."""
    graph = model.graph
    kinds = kinds_of(model)
    made_wide = wide(graph)
    kept = _resize_inputs(graph)
    constants = {entry.name for entry in graph.initializer}
    for entry in graph.initializer:
        if entry.data_type == TensorProto.FLOAT and entry.name not in kept | made_wide:
            entry.CopyFrom(_half(entry, entry.name))
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    del graph.value_info[:]
    nodes: list[onnx.NodeProto] = []
    cast: dict[tuple[str, int], str] = {}

    def as_kind(name: str, kind: int) -> str:
        if (name, kind) not in cast:
            cast[name, kind] = f"{name}.{'wide' if kind == TensorProto.FLOAT else 'half'}"
            nodes.append(helper.make_node("Cast", [name], [cast[name, kind]], to=kind))
        return cast[name, kind]

    for node in graph.node:
        is_wide = node.output[0] in made_wide
        exempt = _FLOAT32_INPUTS.get(node.op_type, ())
        for place, name in enumerate(node.input):
            if kinds.get(name) != TensorProto.FLOAT or place in exempt:
                continue
            if is_wide and name not in made_wide:
                node.input[place] = as_kind(name, TensorProto.FLOAT)
            elif not is_wide and name in made_wide:
                node.input[place] = as_kind(name, TensorProto.FLOAT16)
        if not is_wide and not kept.intersection(node.output):
            _halve_attributes(node)
        nodes.append(node)
    for output in graph.output:
        kind = output.type.tensor_type.elem_type
        if kind != TensorProto.FLOAT16:
            continue
        if float32_outputs:
            output.type.tensor_type.elem_type = TensorProto.FLOAT
        if float32_outputs != (output.name in made_wide) or output.name in constants:
            _cast_output(nodes, output.name, TensorProto.FLOAT if float32_outputs else kind)
    del graph.node[:]
    graph.node.extend(nodes)


def load_unfolded(path: Path) -> onnx.ModelProto:
    """Return the model of a file, its constants in plain float32 however they are stored."""
    model = onnx.load(path)
    _unfold_stored(model.graph)
    return model


def _unfold_stored(graph: onnx.GraphProto) -> None:
    """Replace constants that are stored smaller and then widened by float32 ones, in place."""
    stored = {entry.name: entry for entry in graph.initializer}
    rest = []
    for node in graph.node:
        values = _widened(node, stored)
        if values is None:
            rest.append(node)
        else:
            graph.initializer.append(numpy_helper.from_array(values, name=node.output[0]))
    used = {name for node in rest for name in node.input}
    kept = [entry for entry in graph.initializer if entry.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(rest)


def _widened(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> AnyArray | None:
    """Return what a node makes of a stored float16 or int8 constant, float32; None of others."""
    if not all(name in stored for name in node.input):
        return None
    constants = [stored[name] for name in node.input]
    if node.op_type == "Cast" and constants[0].data_type == TensorProto.FLOAT16:
        return numpy_helper.to_array(constants[0]).astype(np.float32)
    if node.op_type == "DequantizeLinear" and len(constants) == 2:
        whole, step = (numpy_helper.to_array(constant) for constant in constants)
        axis = next(entry.i for entry in node.attribute if entry.name == "axis")
        shape = [-1 if place == axis else 1 for place in range(whole.ndim)]
        return whole.astype(np.float32) * step.astype(np.float32).reshape(shape)
    return None


def kinds_of(model: onnx.ModelProto) -> dict[str, int]:
    """Return the element type of every tensor."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    values = [*inferred.input, *inferred.output, *inferred.value_info]
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    return kinds | {entry.name: entry.data_type for entry in inferred.initializer}


def _resize_inputs(graph: onnx.GraphProto) -> frozenset[str]:
    """Return the tensors that must stay float32 for the operators that read them."""
    return frozenset(
        node.input[place]
        for node in graph.node
        for place in _FLOAT32_INPUTS.get(node.op_type, ())
        if place < len(node.input) and node.input[place]
    )


def _halve_attributes(node: onnx.NodeProto) -> None:
    """Let constants and casts make float16 where they made float32, in place."""
    for attribute in node.attribute:
        if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16
        elif attribute.name == "value" and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(_half(attribute.t, node.output[0]))
    if node.op_type == "Constant" and {"value_float", "value_floats"} & {
        attribute.name for attribute in node.attribute
    }:
        raise ValueError(f"constant {node.output[0]} has no tensor; export the model again")


def _half(tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
    values = numpy_helper.to_array(tensor)
    if values.size and not np.abs(values).max() <= _LARGEST:
        raise ValueError(f"{name} does not fit float16 (+-65504); stay with float32")
    return numpy_helper.from_array(values.astype(np.float16), name=tensor.name)


def _cast_output(nodes: list[onnx.NodeProto], name: str, kind: int) -> None:
    """Rename an output inside the graph and cast it to `kind` under its own name."""
    inside = f"{name}.inside"
    for node in nodes:
        for names in (node.input, node.output):
            for place, one in enumerate(names):
                if one == name:
                    names[place] = inside
    nodes.append(helper.make_node("Cast", [inside], [name], to=kind))
