"""Biases that lose little in float16: what rounding takes from one, the next convolution gives.

A bias belongs to every pixel, so that its rounding error does not average out as those of values
do. Folded biases of a MobileNetV2 reach 30, where float16 has steps of 1/64. Behind a linear
convolution the error is a constant, which the biases of the next ones take back. Behind a ReLU6
it is one where the channel is neither off nor full, and its mean is taken back.

Source:
    Nagel et al. 2019, arXiv:1906.04721, section 4.2: the same for means after rounding to 8 bits.
"""

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
from onnx import TensorProto, numpy_helper

from textseg_core.arrays import AnyArray
from textseg_core.preprocess import letterbox_image
from textseg_core.runtime.half_wide import wide

_PICTURES = 64


def carry_bias_errors(graph: onnx.GraphProto, shares: Mapping[str, AnyArray]) -> None:
    """Round the biases of convolutions to float16 and correct those that follow, in place.

    Args:
        graph: In float32; the biases stay float32, with values that float16 holds.
        shares: Of pixels at which a Clip passes its channel on, (C,), by its output.
    """
    weights = {
        entry.name: entry for entry in graph.initializer if entry.data_type == TensorProto.FLOAT
    }
    exempt = wide(graph)
    readers: dict[str, list[onnx.NodeProto]] = {value.name: [] for value in graph.output}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    biases = {
        node.output[0]: weights[node.input[2]]
        for node in graph.node
        if node.op_type == "Conv"
        and node.input[1] in weights
        and node.input[2:3]
        and node.input[2] in weights
        and len(readers[node.input[2]]) == 1
        and node.input[2] not in exempt
    }
    kept = {value.name for value in graph.output}
    taken: dict[str, bool] = {}
    for node in reversed(graph.node):
        taken[node.output[0]] = node.output[0] not in kept and all(
            reader.output[0] in biases
            or (
                (reader.op_type == "Add" or reader.output[0] in shares) and taken[reader.output[0]]
            )
            for reader in readers.get(node.output[0], ())
        )
    errors: dict[str, AnyArray] = {}
    for node in graph.node:
        output = node.output[0]
        known = [errors[name] for name in node.input if name in errors]
        if output in biases:
            exact = numpy_helper.to_array(biases[output]).astype(np.float64)
            if known:
                exact += _seen_through(numpy_helper.to_array(weights[node.input[1]]), known[0])
            rounded = exact.astype(np.float16).astype(np.float32)
            biases[output].CopyFrom(numpy_helper.from_array(rounded, name=node.input[2]))
            if taken[output]:
                errors[output] = exact - rounded
        elif known and output in shares:
            errors[output] = known[0] * shares[output]
        elif known and node.op_type == "Add":
            errors[output] = np.sum(known, axis=0)


def _seen_through(kernel: AnyArray, error: AnyArray) -> AnyArray:
    """Return what a constant (C,) becomes behind a kernel (O, C / groups, h, w), borders aside."""
    flat = kernel.astype(np.float64).sum(axis=(2, 3))
    groups = len(error) // flat.shape[1]
    each = error.reshape(groups, 1, -1)
    result: AnyArray = (flat.reshape(groups, -1, flat.shape[1]) * each).sum(axis=2).reshape(-1)
    return result


def passing_shares(model: onnx.ModelProto) -> dict[str, AnyArray]:
    """Return the share of pixels at which each Clip and Relu passes its channel on, (C,).

    Measured by ONNX Runtime on drawn pictures, by the names of the outputs; nothing for a model
    that takes no picture.

    Args:
        model: In float32.
    """
    (first, *_) = model.graph.input
    sides = [side.dim_value for side in first.type.tensor_type.shape.dim]
    bounded = [node for node in model.graph.node if node.op_type in ("Clip", "Relu")]
    if first.type.tensor_type.elem_type != TensorProto.UINT8 or len(sides) != 4 or not bounded:
        return {}
    # Only here: what loads a model has no need of them.
    from textseg_core.runtime.cases import drawn_cases
    from textseg_core.runtime.onnx_session import session_options

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = list(dict.fromkeys(name for node in bounded for name in (node.input[0], *node.output)))
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), session_options(1), providers=["CPUExecutionProvider"]
    )
    passed: dict[str, list[AnyArray]] = {node.output[0]: [] for node in bounded}
    for case in drawn_cases(_PICTURES):
        square, _ = letterbox_image(case.image, sides[1])
        values = dict(zip(names, session.run(names, {first.name: square[None]}), strict=True))
        for node in bounded:
            same = values[node.input[0]] == values[node.output[0]]
            passed[node.output[0]].append(same.mean(axis=(0, *range(2, same.ndim))))
    return {name: np.mean(shares, axis=0) for name, shares in passed.items()}
