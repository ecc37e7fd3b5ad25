"""What a machine can do at most: measured here, estimated for Jetson boards."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
from onnx import TensorProto, helper

from textseg_core.runtime.onnx_backend import usable_cores

GEMM_SIDE = 1536
_COPY_BYTES = 128_000_000
_REPEATS = 7


@dataclass(frozen=True, slots=True)
class Peaks:
    """What a machine can do at most.

    Attributes:
        name: Of the machine.
        flops_per_s: Two for each multiply-add.
        bytes_per_s: Read and written together.
        kernel_s: Seconds that each kernel takes even if it does nothing.
    """

    name: str
    flops_per_s: float
    bytes_per_s: float
    kernel_s: float = 0.0


#: Estimates, not measurements. Bandwidths are NVIDIA's, of which 80 % are taken. A sustained 2.25
#: TFLOP/s of the Nano in float16 is what convolutional networks are reported to reach, about a
#: quarter of its dense peak of 10; the same quarter is taken of the AGX's 42.5.
BOARDS = (
    Peaks("Orin Nano 8 GB", 2.25e12, 0.8 * 68e9, 5e-6),
    Peaks("AGX Orin 64 GB", 9.6e12, 0.8 * 204.8e9, 5e-6),
)


def measure_peaks(threads: int = 0) -> Peaks:
    """Return this machine's peaks: a large matrix product in ONNX Runtime, and a large copy.

    Args:
        threads: Of both; 0 for as many as the process has cores.
    """
    count = threads or usable_cores()
    side = GEMM_SIDE
    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [side, side]) for n in "abc"]
    graph = helper.make_graph([node], "product", values[:2], values[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    matrix = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    feeds = {"a": matrix, "b": matrix}
    product_s = least_s(lambda: session.run(None, feeds))
    source = np.ones(_COPY_BYTES, np.uint8)
    target = np.zeros_like(source)
    pieces = list(zip(np.array_split(target, count), np.array_split(source, count), strict=True))
    with ThreadPoolExecutor(count) as pool:
        copy_s = least_s(lambda: list(pool.map(lambda pair: np.copyto(*pair), pieces)))
    return Peaks("measured here", 2 * side**3 / product_s, 2 * _COPY_BYTES / copy_s)


def least_s(run: Callable[[], object]) -> float:
    """Return the shortest of several runs, seconds; the first one is not counted."""
    spent = []
    for _ in range(_REPEATS + 1):
        started_s = time.perf_counter()
        run()
        spent.append(time.perf_counter() - started_s)
    return min(spent[1:])
