"""A float32 image encoder -> 8-bit convolutions by Q/DQ, calibrated on pictures.

Symmetric, per channel in the weights, with biases in float, as TensorRT demands; ONNX Runtime
runs the same file. Only inputs and weights of convolutions are rounded, and convolutions whose
rounding disturbs the encodings most stay in float32.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
from onnx import helper, numpy_helper

from textseg_core.arrays import AnyArray, Float32Array, Float64Array, UInt8Array
from textseg_core.preprocess import letterbox_image
from textseg_core.runtime.half_graph import load_unfolded
from textseg_core.runtime.onnx_session import session_options, usable_cores

#: Relative error of the encodings that rounding may cause, by which convolutions are left out.
ERROR_BUDGET = 0.03

_LEVELS = 127
_BINS = 2048
_CLIPS = np.linspace(0.2, 1.0, 33)  # shares of the greatest value at which a range may end
_PROBES = 4  # pictures on which each convolution's part in the error is measured

Feed = dict[str, AnyArray]


def quantise_image_encoder(source: Path, target: Path, pictures: Iterable[UInt8Array]) -> int:
    """Write an 8-bit copy of `image_encoder.onnx`; return how many convolutions stay in float32.

    Args:
        source: Computes in float32.
        target: Written.
        pictures: RGB pictures like those that the camera will show, of any size.

    Raises:
        ValueError: If there is no picture.
    """
    model = load_unfolded(source)
    side = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    feeds = [{"image": letterbox_image(one, side)[0][np.newaxis]} for one in pictures]
    if not feeds:
        raise ValueError("calibration needs at least one picture, got none")
    scales = calibrate(model, feeds)
    chosen = choose_convolutions(model, scales, feeds[:_PROBES])
    quantised = with_rounding(model, scales, chosen)
    onnx.checker.check_model(quantised)
    onnx.save(quantised, target)
    return len(_convolutions(model)) - len(chosen)


def calibrate(model: onnx.ModelProto, feeds: Sequence[Feed]) -> dict[str, float]:
    """Return the step of each convolution's input, the one of least squared error.

    Args:
        model: Float32.
        feeds: Inputs like those to come.
    """
    names = sorted({node.input[0] for node in _convolutions(model)})
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = _session(watched)
    greatest = dict.fromkeys(names, 0.0)
    for feed in feeds:
        for name, values in zip(names, session.run(names, feed), strict=True):
            greatest[name] = max(greatest[name], float(np.abs(values).max()))
    counts = {name: np.zeros(_BINS) for name in names}
    for feed in feeds:
        for name, values in zip(names, session.run(names, feed), strict=True):
            # Ten times as fast as np.histogram.
            bins = np.abs(values) * (_BINS / (greatest[name] or 1.0))
            places = np.minimum(bins.astype(np.int32), _BINS - 1).ravel()
            counts[name] += np.bincount(places, minlength=_BINS)
    return {name: best_step(counts[name], greatest[name] or 1.0) for name in names}


def best_step(counts: Float64Array, greatest: float) -> float:
    """Return the step of 127 levels that rounds a histogram with least squared error.

    Args:
        counts: Of absolute values, in bins from 0 to `greatest`.
        greatest: End of the last bin.
    """
    centres = (np.arange(len(counts)) + 0.5) * greatest / len(counts)
    steps = _CLIPS * greatest / _LEVELS
    errors = []
    for step in steps:
        rounded = np.minimum(np.rint(centres / step), _LEVELS) * step
        errors.append(float((counts * (centres - rounded) ** 2).sum()))
    return float(steps[int(np.argmin(errors))])


def choose_convolutions(
    model: onnx.ModelProto, scales: Mapping[str, float], feeds: Sequence[Feed]
) -> frozenset[str]:
    """Return the convolutions to round: the most whose errors together keep to the budget.

    Errors of single convolutions are measured and taken as independent, so their squares add up.
    """
    exact = _encode(model, feeds)
    squares: dict[str, float] = {}
    for node in _convolutions(model):
        name = node.output[0]
        came = _encode(with_rounding(model, scales, {name}), feeds)
        squares[name] = _relative_error(came, exact) ** 2
    chosen: set[str] = set()
    spent = 0.0
    for name, square in sorted(squares.items(), key=lambda entry: entry[1]):
        spent += square
        if spent > ERROR_BUDGET**2:
            break
        chosen.add(name)
    return frozenset(chosen)


def with_rounding(
    model: onnx.ModelProto, scales: Mapping[str, float], chosen: Collection[str]
) -> onnx.ModelProto:
    """Return a copy with Q/DQ before the convolutions that make the tensors `chosen`."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    constants = {entry.name: entry for entry in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    rounded: set[str] = set()

    def constant(name: str, values: AnyArray) -> str:
        graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    for node in graph.node:
        if node.op_type == "Conv" and node.output[0] in chosen:
            source, weight = node.input[0], node.input[1]
            if source not in rounded:
                rounded.add(source)
                pair = [
                    constant(f"{source}.step", np.array(scales[source], np.float32)),
                    constant(f"{source}.zero", np.array(0, np.int8)),
                ]
                nodes += [
                    helper.make_node("QuantizeLinear", [source, *pair], [f"{source}.int8"]),
                    helper.make_node(
                        "DequantizeLinear", [f"{source}.int8", *pair], [f"{source}.rounded"]
                    ),
                ]
            levels, steps = round_weights(numpy_helper.to_array(constants[weight]))
            inputs = [
                constant(f"{weight}.int8", levels),
                constant(f"{weight}.step", steps),
                constant(f"{weight}.zero", np.zeros(len(steps), np.int8)),
            ]
            nodes.append(
                helper.make_node("DequantizeLinear", inputs, [f"{weight}.rounded"], axis=0)
            )
            node.input[0], node.input[1] = f"{source}.rounded", f"{weight}.rounded"
        nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [entry for entry in graph.initializer if entry.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(nodes)
    return copy


def round_weights(weight: Float32Array) -> tuple[AnyArray, Float32Array]:
    """Return int8 levels and the step of each output channel (axis 0)."""
    flat = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    steps = np.where(flat > 0, flat / _LEVELS, 1.0).astype(np.float32)
    shape = (-1, *[1] * (weight.ndim - 1))
    return np.rint(weight / steps.reshape(shape)).astype(np.int8), steps


def _convolutions(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return the convolutions whose weights are constants."""
    constants = {entry.name for entry in model.graph.initializer}
    return [
        node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in constants
    ]


def _encode(model: onnx.ModelProto, feeds: Sequence[Feed]) -> list[list[AnyArray]]:
    session = _session(model)
    return [session.run(None, feed) for feed in feeds]


def _relative_error(came: list[list[AnyArray]], exact: list[list[AnyArray]]) -> float:
    """Return the greatest relative root-mean-square error over the outputs."""
    worst = 0.0
    for ours, theirs in zip(zip(*came, strict=True), zip(*exact, strict=True), strict=True):
        error = sum(float(((a - b) ** 2).sum()) for a, b in zip(ours, theirs, strict=True))
        size = sum(float((b**2).sum()) for b in theirs)
        worst = max(worst, (error / size) ** 0.5 if size else 0.0)
    return worst


def _session(model: onnx.ModelProto) -> Any:
    options = session_options(usable_cores(), integers=True)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
