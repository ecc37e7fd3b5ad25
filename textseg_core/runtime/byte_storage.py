"""Weights stored as whole numbers of a byte each, with a scale for every output channel.

A quarter of the file. The network is rounded first, so that what the file gives back is its
weights to the last bit, and a runtime computes with them in float32 or float16 as before. Scales
have four significant bits, so that a weight has eleven and float16 holds it as it is: of all that
float16 rounds, weights would be seen most.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from textseg_core.arrays import Float32Array

_MOST = 127
_LEAST_NUMBERS = 64
_SCALE_BITS = 4  # with the 7 of a byte the 11 of float16
# A weight that is not rounded lies this far from a whole number of steps in almost every place.
_TOLERANCE_STEPS = 1e-3


def round_to_bytes(network: nn.Module) -> None:
    """Round kernels and matrices to steps of their output channel, in place; they stay float32.

    The step is the least of four significant bits of which the channel's greatest weight is at
    most 127. Vectors (biases, scales) and what holds fewer than 64 numbers stay as they are: they
    weigh nothing.

    Source:
        Krishnamoorthi 2018, arXiv:1806.08342, section 3.1: symmetric, per channel.

    Raises:
        ValueError: If a weight is not finite.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim < 2 or parameter.numel() < _LEAST_NUMBERS:
                continue
            if not torch.isfinite(parameter).all():
                raise ValueError(f"{name} is not finite; train again from an earlier checkpoint")
            rows = parameter.reshape(parameter.shape[0], -1)
            greatest = rows.abs().amax(dim=1, keepdim=True)
            step = torch.from_numpy(_least_step(greatest.float().cpu().numpy())).to(rows)
            parameter.copy_((torch.round(rows / step) * step).reshape(parameter.shape))


def store_as_bytes(path: Path) -> None:
    """Store those constants of an ONNX file as int8 that lose nothing by it, in place.

    Each goes through a DequantizeLinear at the head of the graph, which a runtime does once,
    when it loads the file. Constants that were not rounded stay as they are, and so do those that
    the graph joins with others: TensorRT for RTX 1.7 fails on a DequantizeLinear before a Concat
    ("operand.h: CHECK(is_tensor()) failed").
    """
    model = onnx.load(path)
    joined = {name for node in model.graph.node if node.op_type == "Concat" for name in node.input}
    nodes = []
    constants = model.graph.initializer
    for constant in list(constants):
        if constant.data_type != TensorProto.FLOAT or len(constant.dims) < 2:
            continue
        if constant.name in joined:
            continue
        values = numpy_helper.to_array(constant)
        if values.size < _LEAST_NUMBERS:
            continue
        found = _steps(values)
        if found is None:
            continue
        axis, whole, step = found
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(whole, name=f"{name}.steps"))
        constants.append(numpy_helper.from_array(step, name=f"{name}.step"))
        nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [f"{name}.steps", f"{name}.step"],
                [name],
                name=f"{name}.dequantize",
                axis=axis,
            )
        )
    nodes.extend(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def _steps(values: Float32Array) -> tuple[int, np.ndarray, Float32Array] | None:
    """Return (axis, whole numbers, step of each channel) of weights that were rounded, or None.

    The exporter may have turned a matrix around, so the channels lie along any axis. Rounding may
    have made the greatest weight of a channel so much smaller that a smaller step would do; then
    the next one is tried.
    """
    for axis in range(values.ndim):
        others = tuple(place for place in range(values.ndim) if place != axis)
        least = _least_step(np.abs(values).max(axis=others, keepdims=True))
        fits = np.abs(values / least - np.round(values / least)).max(axis=others, keepdims=True)
        step = np.where(fits <= _TOLERANCE_STEPS, least, _next_step(least))
        steps = values / step
        whole = np.round(steps)
        if np.abs(steps - whole).max() <= _TOLERANCE_STEPS:
            return axis, whole.astype(np.int8), step.reshape(-1).astype(np.float32)
    return None


def _least_step(greatest: Float32Array) -> Float32Array:
    """Return the least step of four significant bits of which each number is at most 127."""
    share, exponent = np.frexp(greatest / np.float32(_MOST))
    whole = np.ceil(share * 2**_SCALE_BITS)
    step: Float32Array = np.ldexp(whole, exponent - _SCALE_BITS).astype(np.float32)
    step[step == 0] = 1.0  # a channel of zeros
    return step


def _next_step(step: Float32Array) -> Float32Array:
    share, exponent = np.frexp(step)
    following: Float32Array = np.ldexp(share * 2**_SCALE_BITS + 1, exponent - _SCALE_BITS)
    return following.astype(np.float32)
