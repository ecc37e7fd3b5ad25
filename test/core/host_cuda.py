"""A GPU in host memory: CUDA's calls and TensorRT's runtime, for tests of what is around them.

Streams do nothing until somebody waits, and then do all in order, so that a missing wait shows.
An engine holds its ONNX file, and ONNX Runtime computes on the addresses that it was given.
"""

import ctypes
import json
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from threading import get_ident
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import numpy as np

from textseg_core.arrays import AnyArray
from textseg_core.runtime.tensorrt.bindings import Flavour, TensorRt
from textseg_core.runtime.tensorrt.cuda import Cuda, CudaError, Gpu

GPU = Gpu(index=0, name="Host GPU", capability="SM86", integrated=False, driver="1.0", cuda="13.0")


class HostCuda(Cuda):
    """CUDA's calls on host memory; counts what lives."""

    def __init__(self, gpu: Gpu = GPU) -> None:
        self.gpu = gpu
        self.blocks: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.queues: dict[int, list[Callable[[], None]]] = {}
        self.events: dict[int, tuple[int, list[bool]]] = {}
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.capturing: dict[int, list[Callable[[], None]]] = {}
        self.refuses_capture = self.refuses_runs = False
        #: A stream that does its work at once, ahead of the others.
        self.hurried = 0
        self.calls: dict[str, int] = defaultdict(int)
        #: Threads whose calls go to this GPU.
        self.users: set[int] = set()
        self._number = 100

    def use(self) -> None:
        self.users.add(get_ident())

    def allocate(self, size: int) -> int:
        self.calls["allocate"] += 1
        # Not zeros, as on a GPU.
        block = ctypes.create_string_buffer(b"\x7f" * max(1, size), max(1, size))
        self.blocks[ctypes.addressof(block)] = block
        return ctypes.addressof(block)

    def free(self, address: int) -> None:
        del self.blocks[address]

    def allocate_host(self, size: int) -> tuple[int, int]:
        block = ctypes.create_string_buffer(max(1, size))
        self.pinned[ctypes.addressof(block)] = block
        return ctypes.addressof(block), ctypes.addressof(block)

    def free_host(self, address: int) -> None:
        del self.pinned[address]

    def copy(self, target: int, source: int, size: int, stream: int) -> None:
        self.calls["copy"] += 1
        self.put(stream, lambda: ctypes.memmove(target, source, size) and None)

    def make_stream(self) -> int:
        number = self._new()
        self.queues[number] = []
        return number

    def free_stream(self, stream: int) -> None:
        assert not self.queues.pop(stream), "the stream had work to do"

    def wait(self, stream: int) -> None:
        queue = self.queues[stream]
        while queue:
            queue.pop(0)()

    def make_event(self) -> int:
        number = self._new()
        self.events[number] = (0, [True])
        return number

    def free_event(self, event: int) -> None:
        del self.events[event]

    def record(self, event: int, stream: int) -> None:
        done = [False]
        self.put(stream, lambda: done.__setitem__(0, True))
        self.events[event] = (stream, done)

    def wait_event(self, event: int) -> None:
        stream, done = self.events[event]
        while not done[0]:
            self.queues[stream].pop(0)()

    def stream_waits(self, stream: int, event: int) -> None:
        other, done = self.events[event]

        def wait() -> None:
            while not done[0]:
                self.queues[other].pop(0)()

        self.put(stream, wait)

    def begin_capture(self, stream: int) -> None:
        if self.refuses_capture:
            raise CudaError("cudaStreamBeginCapture: cudaErrorStreamCaptureUnsupported, no")
        self.capturing[stream] = []

    def end_capture(self, stream: int) -> int:
        number = self._new()
        self.graphs[number] = self.capturing.pop(stream)
        return number

    def launch(self, graph: int, stream: int) -> None:
        self.calls["launch"] += 1
        for work in self.graphs[graph]:
            self.put(stream, work)

    def free_graph(self, graph: int) -> None:
        del self.graphs[graph]

    def memory(self) -> tuple[int, int]:
        used = sum(len(block) for block in self.blocks.values())
        return 1_000_000_000 - used, 1_000_000_000

    def put(self, stream: int, work: Callable[[], None]) -> None:
        self.capturing.get(stream, self.queues[stream]).append(work)
        if stream == self.hurried:
            self.wait(stream)

    def living(self) -> int:
        """Return how many things were made and not freed."""
        kinds = (self.blocks, self.pinned, self.queues, self.events, self.graphs)
        return sum(len(kind) for kind in kinds)

    def _new(self) -> int:
        self._number += 1
        return self._number


class HostTensorRt:
    """The module `tensorrt` as far as it is used, on a `HostCuda`."""

    __version__ = "10.9.0"
    OnnxParser: Any
    TensorIOMode = SimpleNamespace(INPUT="in", OUTPUT="out")
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
    MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
    BuilderFlag = SimpleNamespace(TF32="tf32")
    ComputeCapability = SimpleNamespace(SM86="sm86")

    class ILogger:  # noqa: D106 - as TensorRT has it
        Severity = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2)

    class IProgressMonitor:  # noqa: D106 - as TensorRT has it
        pass

    def __init__(self, cuda: HostCuda) -> None:
        self.cuda = cuda
        self.builds = 0
        #: Whether every build so far ran in a thread whose calls go to the GPU.
        self.built_on_gpu = True
        self.flags: list[str] = []
        #: Engines that begin so are taken; others are foreign.
        self.stamp = "of this GPU"
        self.OnnxParser = _Parser
        #: Engines that were loaded and are not let go of.
        self.engines: WeakSet[_Engine] = WeakSet()
        #: How many more engines get a context; None for all.
        self.contexts: int | None = None
        #: How often TensorRT for RTX compiled kernels, and what comes of it.
        self.compiled = 0
        self.kernels = b"kernels"

    def Builder(self, logger: Any) -> "_Builder":  # noqa: N802 - TensorRT's name
        return _Builder(self)

    def Runtime(self, logger: Any) -> "_Runtime":  # noqa: N802 - TensorRT's name
        return _Runtime(self)

    def bound(self, flavour: Flavour = "tensorrt") -> TensorRt:
        logger = SimpleNamespace(errors=[])
        return TensorRt(flavour, self, logger)  # type: ignore[arg-type]


class _Network:
    def __init__(self) -> None:
        self.onnx = b""
        self.inputs: list[SimpleNamespace] = []
        self.num_outputs = 0

    @property
    def num_inputs(self) -> int:
        return len(self.inputs)

    def get_input(self, index: int) -> SimpleNamespace:
        return self.inputs[index]


class _Parser:
    num_errors = 0

    def __init__(self, network: _Network, logger: Any) -> None:
        self._network = network

    def parse(self, data: bytes) -> bool:
        import onnx

        graph = onnx.load_from_string(data).graph
        self._network.onnx = data
        self._network.num_outputs = len(graph.output)
        self._network.inputs = [
            SimpleNamespace(
                name=entry.name,
                shape=tuple(side.dim_value or -1 for side in entry.type.tensor_type.shape.dim),
            )
            for entry in graph.input
        ]
        return True


class _Config(SimpleNamespace):
    def __init__(self, module: HostTensorRt) -> None:
        super().__init__(timings=None, progress_monitor=None)
        self.module = module

    def clear_flag(self, flag: str) -> None:
        self.module.flags.append(flag)

    def set_memory_pool_limit(self, pool: str, size: int) -> None:
        self.module.flags.append(f"{pool} {size}")

    def set_compute_capability(self, capability: str, index: int) -> bool:
        self.module.flags.append(f"{capability} {index} of {self.num_compute_capabilities}")
        return True

    def create_timing_cache(self, data: bytes) -> bytes:
        self.module.flags.append("timings" if data else "no timings yet")
        return data

    def set_timing_cache(self, timings: bytes, ignore_mismatch: bool) -> None:
        self.timings = timings

    def get_timing_cache(self) -> SimpleNamespace:
        return SimpleNamespace(serialize=lambda: self.timings + b"t")


class _Builder:
    def __init__(self, module: HostTensorRt) -> None:
        self._module = module

    def create_network(self, flags: int) -> _Network:
        assert flags == 2
        return _Network()

    def create_builder_config(self) -> _Config:
        return _Config(self._module)

    def build_serialized_network(self, network: _Network, config: _Config) -> bytes:
        self._module.builds += 1
        self._module.built_on_gpu &= get_ident() in self._module.cuda.users
        monitor = config.progress_monitor
        monitor.phase_start("building", None, 1)
        monitor.step_complete("building", 0)
        monitor.phase_finish("building")
        shapes = {entry.name: list(entry.shape) for entry in network.inputs}
        header = json.dumps({"stamp": self._module.stamp, "shapes": shapes})
        return header.encode() + b"\n" + network.onnx


class _Runtime:
    def __init__(self, module: HostTensorRt) -> None:
        self._module = module

    def deserialize_cuda_engine(self, data: bytes) -> "_Engine | None":
        header, onnx = data.split(b"\n", 1)
        described = json.loads(header)
        if described["stamp"] != self._module.stamp:
            return None
        engine = _Engine(self._module, onnx, described["shapes"])
        self._module.engines.add(engine)
        return engine


@lru_cache
def _session(onnx: bytes) -> Any:
    """Return ONNX Runtime on a file; engines of the same file share it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


class _Engine:
    def __init__(self, module: HostTensorRt, onnx: bytes, shapes: dict[str, list[int]]) -> None:
        self.session = _session(onnx)
        self.module, self.cuda = module, module.cuda
        zeros = {
            entry.name: np.zeros(shapes[entry.name], _numpy(entry.type))
            for entry in self.session.get_inputs()
        }
        names = [entry.name for entry in self.session.get_outputs()]
        outputs = dict(zip(names, self.session.run(names, zeros), strict=True))
        self.tensors: dict[str, AnyArray] = {**zeros, **outputs}
        self.inputs, self.names = list(zeros), names

    @property
    def num_io_tensors(self) -> int:
        return len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_mode(self, name: str) -> str:
        return "in" if name in self.inputs else "out"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape

    def get_tensor_dtype(self, name: str) -> SimpleNamespace:
        kinds = {"float32": "FLOAT", "float16": "HALF", "uint8": "UINT8", "int64": "INT64"}
        return SimpleNamespace(name=kinds[str(self.tensors[name].dtype)])

    def create_runtime_config(self) -> "_RuntimeConfig":
        return _RuntimeConfig(self)

    def create_execution_context(
        self, config: "_RuntimeConfig | None" = None
    ) -> "_Context | None":
        if self.module.contexts is not None:
            self.module.contexts -= 1
            if self.module.contexts < 0:
                return None
        return _Context(self, None if config is None else config.kernels)


class _RuntimeConfig:
    """TensorRT for RTX: the context to make, with a place for the kernels it compiles."""

    kernels: "_Kernels | None" = None

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine

    def create_runtime_cache(self) -> "_Kernels":
        return _Kernels(self._engine.module)

    def set_runtime_cache(self, kernels: "_Kernels") -> bool:
        self.kernels = kernels
        return True


class _Kernels:
    def __init__(self, module: HostTensorRt) -> None:
        self.module, self.content = module, b""

    def deserialize(self, data: bytes) -> bool:
        if not data.startswith(b"kernels"):
            return False
        self.content = data
        return True

    def serialize(self) -> bytes:
        return self.content

    def compile(self) -> None:
        if self.content != self.module.kernels:
            self.module.compiled += 1
            self.content = self.module.kernels


class _Context:
    def __init__(self, engine: _Engine, kernels: _Kernels | None) -> None:
        self._engine, self._kernels = engine, kernels
        self._addresses: dict[str, int] = {}
        self._warm = False

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        cuda = self._engine.cuda
        # The first run allocates, which must not be recorded.
        if stream in cuda.capturing and (cuda.refuses_runs or not self._warm):
            return False
        self._engine.cuda.put(stream, self._compute)
        return True

    def _compute(self) -> None:
        engine = self._engine
        if not self._warm and self._kernels is not None:
            self._kernels.compile()
        self._warm = True
        feeds = {name: self._array(name).copy() for name in engine.inputs}
        for name, value in zip(engine.names, engine.session.run(engine.names, feeds), strict=True):
            self._array(name)[...] = value

    def _array(self, name: str) -> AnyArray:
        like = self._engine.tensors[name]
        memory = (ctypes.c_uint8 * like.nbytes).from_address(self._addresses[name])
        return np.ctypeslib.as_array(memory).view(like.dtype).reshape(like.shape)


def _numpy(kind: str) -> type[np.generic]:
    kinds: dict[str, type[np.generic]] = {
        "tensor(float)": np.float32,
        "tensor(float16)": np.float16,
        "tensor(uint8)": np.uint8,
        "tensor(int64)": np.int64,
    }
    return kinds[kind]
