"""One engine that is ready to run: fixed addresses, run once for warmth, then a CUDA graph."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import numpy as np

from textseg_core.runtime.tensorrt.bindings import TensorRt
from textseg_core.runtime.tensorrt.cuda import Cuda, CudaError
from textseg_core.runtime.tensorrt.interface import (
    Engine,
    ExecutionContext,
    RtxEngine,
    Runtime,
)
from textseg_core.runtime.tensorrt.kernels import KeptKernels

#: By the names of TensorRT's types.
_TYPES: dict[str, type[np.generic]] = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
}

_log = logging.getLogger(__name__)


class ForeignEngineError(RuntimeError):
    """TensorRT does not take a serialised engine: not of this GPU, version or platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """An input or output of an engine.

    Attributes:
        name: As in the ONNX file.
        shape: All sides fixed.
        dtype: Of its numbers.
        is_input: Whether it goes in.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    is_input: bool

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class EngineRun:
    """A loaded engine with a context to run in.

    Args:
        tensorrt: The bindings.
        runtime: Loads engines; must live as long as this.
        data: The serialised engine.
        name: For messages.
        kernels: Where TensorRT for RTX keeps what it compiles; None for TensorRT.

    Raises:
        ForeignEngineError: If TensorRT does not take the engine.
        RuntimeError: If it takes it and has no memory to run it, or a type is not known here.
    """

    def __init__(
        self,
        tensorrt: TensorRt,
        runtime: Runtime,
        data: bytes,
        name: str,
        kernels: KeptKernels | None = None,
    ) -> None:
        self.name = name
        self._kernels = kernels
        self._logger = tensorrt.logger
        self._logger.errors = []
        engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise ForeignEngineError(f"{name}: TensorRT does not take the engine{self._said()}")
        context = (
            engine.create_execution_context()
            if kernels is None
            else cast(RtxEngine, engine).create_execution_context(kernels.configure(engine))
        )
        if context is None:
            raise RuntimeError(
                f"{name}: TensorRT cannot make ready to run, probably for want of memory on the "
                f"GPU{self._said()}"
            )
        self._engine: Engine | None = engine
        self._context: ExecutionContext | None = context
        self._graph: int | None = None
        self.tensors = _tensors(tensorrt, engine, name)

    @property
    def inputs(self) -> dict[str, TensorInfo]:
        """What goes in, by name."""
        return {key: info for key, info in self.tensors.items() if info.is_input}

    @property
    def outputs(self) -> dict[str, TensorInfo]:
        """What comes out, by name."""
        return {key: info for key, info in self.tensors.items() if not info.is_input}

    @property
    def has_graph(self) -> bool:
        """Whether it runs as a CUDA graph."""
        return self._graph is not None

    def make_ready(
        self, cuda: Cuda, addresses: Mapping[str, int], stream: int, *, graph: bool
    ) -> None:
        """Bind the tensors to memory for good, run once, and record a CUDA graph.

        Args:
            cuda: The GPU.
            addresses: On the GPU, of every tensor, by name.
            stream: Where it runs from now on.
            graph: Whether to record; without, every run tells the GPU each kernel anew.

        Raises:
            RuntimeError: If TensorRT does not run it.
        """
        for name in self.tensors:
            if not self._open().set_tensor_address(name, addresses[name]):
                raise RuntimeError(f"{self.name}: TensorRT refuses memory for {name}")
        # TensorRT allocates and picks on the first run; both are forbidden while recording.
        self._execute(stream)
        cuda.wait(stream)
        if self._kernels is not None:
            self._kernels.keep()
        if not graph:
            return
        try:
            self._graph = self._record(cuda, stream)
        except RuntimeError as error:
            _log.warning(
                "%s: no CUDA graph, kernels are launched singly (%s)", self.name, str(error)
            )

    def run(self, cuda: Cuda, stream: int) -> None:
        """Put a run behind what the stream has to do; returns before it is done."""
        if self._graph is None:
            self._execute(stream)
        else:
            cuda.launch(self._graph, stream)

    def close(self, cuda: Cuda) -> None:
        """Give the engine back; nothing of it may be running."""
        if self._graph is not None:
            cuda.free_graph(self._graph)
        # In this order: what goes last is what the others live on.
        self._graph = self._context = None
        if self._kernels is not None:
            self._kernels.close()
        self._engine = None

    def _record(self, cuda: Cuda, stream: int) -> int:
        """Return a run as a CUDA graph."""
        cuda.begin_capture(stream)
        try:
            self._execute(stream)
        except RuntimeError:
            # Recording must end all the same, or the stream could not be used any more.
            with suppress(CudaError):
                cuda.free_graph(cuda.end_capture(stream))
            raise
        return cuda.end_capture(stream)

    def _execute(self, stream: int) -> None:
        self._logger.errors = []
        if not self._open().execute_async_v3(stream):
            raise RuntimeError(f"{self.name}: TensorRT did not run the network{self._said()}")

    def _open(self) -> ExecutionContext:
        if self._context is None:
            raise RuntimeError(f"{self.name}: the engine was closed")
        return self._context

    def _said(self) -> str:
        return f" ({self._logger.errors[-1]})" if self._logger.errors else ""


def _tensors(tensorrt: TensorRt, engine: Engine, name: str) -> dict[str, TensorInfo]:
    """Return what goes in and comes out, by name."""
    found = {}
    for index in range(engine.num_io_tensors):
        tensor = engine.get_tensor_name(index)
        kind = engine.get_tensor_dtype(tensor).name
        shape = tuple(int(side) for side in engine.get_tensor_shape(tensor))
        if kind not in _TYPES or any(side < 0 for side in shape):
            raise RuntimeError(
                f"{name}: {tensor} is {kind} {shape}; expected fixed sides and one of the types "
                f"{', '.join(_TYPES)}"
            )
        mode = engine.get_tensor_mode(tensor)
        found[tensor] = TensorInfo(
            name=tensor,
            shape=shape,
            dtype=np.dtype(_TYPES[kind]),
            is_input=mode == tensorrt.module.TensorIOMode.INPUT,
        )
    return found
