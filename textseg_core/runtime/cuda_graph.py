"""Replays a computation on a GPU as a CUDA graph, in a single launch. Imports torch."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

Function: TypeAlias = Callable[..., tuple[Tensor, ...]]

_WARM_UP = 3


class CudaGraph:
    """A function of tensors, recorded once for their shapes.

    Not `torch.compile(mode="reduce-overhead")`, whose graphs belong to the thread that compiled
    first in the process (pytorch issue 123177); a node answers in threads of its own.

    Attributes:
        outputs: Overwritten by every call.

    Args:
        function: Recorded; run a few times before, since compilers and libraries allocate then.
        inputs: On the device; copied, their values do not matter.
        device: A CUDA device.
    """

    def __init__(
        self, function: Function, inputs: tuple[Tensor, ...], device: torch.device
    ) -> None:
        self._inputs = tuple(one.clone() for one in inputs)
        cuda: Any = torch.cuda  # whose streams torch leaves without types
        with cuda.device(device):
            stream = cuda.Stream()
            stream.wait_stream(cuda.current_stream())
            with cuda.stream(stream):
                for _ in range(_WARM_UP):
                    function(*self._inputs)
            cuda.current_stream().wait_stream(stream)
            self._graph = cuda.CUDAGraph()
            # What other threads do on the GPU meanwhile is none of the graph's business.
            with cuda.graph(self._graph, capture_error_mode="thread_local"):
                self.outputs = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return `outputs` for these inputs, of the recorded shapes; does not wait for the GPU."""
        for kept, given in zip(self._inputs, inputs, strict=True):
            kept.copy_(given)
        self._graph.replay()
        return self.outputs


class Replayed:
    """A function whose calls are replayed, with a graph for each set of shapes.

    Args:
        function: As for `CudaGraph`.
        device: A CUDA device.
        record: Makes a graph.
    """

    def __init__(
        self, function: Function, device: torch.device, record: Callable[..., Function] = CudaGraph
    ) -> None:
        self._function, self._device, self._record = function, device, record
        self._graphs: dict[tuple[torch.Size, ...], Function] = {}

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the function's outputs, which the next call with these shapes overwrites."""
        shapes = tuple(one.shape for one in inputs)
        if shapes not in self._graphs:
            self._graphs[shapes] = self._record(self._function, inputs, self._device)
        return self._graphs[shapes](*inputs)
