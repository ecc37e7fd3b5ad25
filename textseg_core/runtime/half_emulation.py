"""What float16 would answer, computed on a CPU: every value is rounded where a GPU would.

ONNX Runtime's CPU provider has no float16 arithmetic: it casts a float16 graph to float32 once
and rounds next to nothing on the way, so its answers say little of a GPU's.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textseg_core.runtime.half_biases import carry_bias_errors, passing_shares
from textseg_core.runtime.half_graph import kinds_of, load_unfolded
from textseg_core.runtime.half_wide import wide


def write_emulation(source: Path, target: Path) -> None:
    """Write a copy of a float32 ONNX file that rounds each result to float16.

    What `half_graph` keeps in float32 is rounded where it goes on in float16. Products are still
    summed in float32, as tensor cores do.

    Args:
        source: Computes in float32; constants may be stored as float16 and cast.
        target: Written; has the same inputs and outputs, in float32.
    """
    model = load_unfolded(source)
    carry_bias_errors(model.graph, passing_shares(model))
    emulate(model)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def emulate(model: onnx.ModelProto) -> None:
    """Let a float32 graph round as `write_emulation` says, in place."""
    graph = model.graph
    kinds = kinds_of(model)
    exempt = wide(graph)
    for constant in graph.initializer:
        if constant.data_type == TensorProto.FLOAT and constant.name not in exempt:
            values = numpy_helper.to_array(constant).astype(np.float16).astype(np.float32)
            constant.CopyFrom(numpy_helper.from_array(values, name=constant.name))
    nodes: list[onnx.NodeProto] = []
    narrowed: dict[str, str] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if node.output[0] in exempt or name not in exempt or kinds[name] != TensorProto.FLOAT:
                continue
            if name not in narrowed:
                narrowed[name] = f"{name}.narrowed"
                nodes.extend(_rounding(name, narrowed[name]))
            node.input[place] = narrowed[name]
        nodes.append(node)
        if node.op_type == "Constant":
            continue  # thresholds, factors: as good as exact in float16
        for place, name in enumerate(node.output):
            if kinds.get(name) == TensorProto.FLOAT and name not in exempt:
                node.output[place] = f"{name}.raw"
                nodes.extend(_rounding(f"{name}.raw", name))
    del graph.value_info[:]
    del graph.node[:]
    graph.node.extend(nodes)


def _rounding(name: str, result: str) -> list[onnx.NodeProto]:
    """Return nodes that round a tensor to float16 and give it back in float32."""
    half = f"{result}.half"
    return [
        helper.make_node("Cast", [name], [half], to=TensorProto.FLOAT16),
        helper.make_node("Cast", [half], [result], to=TensorProto.FLOAT),
    ]
