"""Weights stored as float16 and computed with as float32: half the file, the same numbers."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_LEAST_NUMBERS = 64


def fold_batch_norm(network: nn.Module) -> None:
    """Fold each normalisation that follows a convolution in a Sequential into it, in place.

    Otherwise the exporter folds it into weights that were rounded before, and
    the product would not be a float16 any more.

    Args:
        network: In evaluation mode.
    """
    for module in network.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for place in range(len(module) - 1):
            convolution, norm = module[place], module[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[place] = fuse_conv_bn_eval(convolution, norm)
                module[place + 1] = nn.Identity()


def round_to_half(network: nn.Module, *, least_numbers: int = 0) -> None:
    """Round kernels and matrices to the nearest float16, in place; they stay float32.

    Vectors (biases, scales) stay as they are: they weigh nothing.

    Args:
        network: Any.
        least_numbers: What holds fewer stays as it is, too.

    Raises:
        ValueError: If a weight lies beyond float16's +-65504.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim < 2 or parameter.numel() < least_numbers:
                continue
            rounded = parameter.to(torch.float16).to(parameter.dtype)
            if not torch.isfinite(rounded).all():
                raise ValueError(f"{name} does not fit float16 (+-65504); export in full")
            parameter.copy_(rounded)


def store_as_half(path: Path) -> None:
    """Store those constants of an ONNX file as float16 that lose nothing by it, in place.

    Each is cast back to float32 at the head of the graph, which a runtime does
    once, when it loads the file. Constants that are no float16 stay as they are.
    """
    model = onnx.load(path)
    casts = []
    for constant in model.graph.initializer:
        if constant.data_type != TensorProto.FLOAT or np.prod(constant.dims) < _LEAST_NUMBERS:
            continue
        values = numpy_helper.to_array(constant)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(half, name=f"{name}.half"))
        casts.append(
            helper.make_node(
                "Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT
            )
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)
