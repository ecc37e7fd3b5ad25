"""What this package uses of NVIDIA's Python bindings, as types: one list for all their versions.

The bindings come without stubs, so mypy checks the package against these protocols, and a test
checks the protocols against the installed bindings and against the names of TensorRT 10 and 11.
"""
# What each method does is in NVIDIA's reference; a second text here would only age.
# ruff: noqa: D102

from collections.abc import Callable
from typing import Any, Protocol


class HostMemory(Protocol):
    """Bytes that TensorRT owns; `bytes(memory)` copies them."""

    nbytes: int

    def __buffer__(self, flags: int, /) -> memoryview: ...


class Tensor(Protocol):
    """An input or output of a network."""

    name: str
    shape: Any


class Network(Protocol):
    """A network as the parser fills it."""

    num_inputs: int
    num_outputs: int

    def get_input(self, index: int, /) -> Tensor: ...
    def get_output(self, index: int, /) -> Tensor: ...


class TimingCache(Protocol):
    """Timings of kernels, which one build leaves to the next."""

    def serialize(self) -> HostMemory: ...


class BuilderConfig(Protocol):
    """How an engine is built."""

    progress_monitor: Any

    def clear_flag(self, flag: object, /) -> None: ...
    def set_memory_pool_limit(self, pool: object, size: int, /) -> None: ...
    def create_timing_cache(self, data: bytes, /) -> TimingCache: ...
    def set_timing_cache(self, cache: TimingCache, ignore_mismatch: bool, /) -> bool: ...
    def get_timing_cache(self) -> TimingCache | None: ...


class DeviceChoice(Protocol):
    """What a `BuilderConfig` of TensorRT for RTX offers beyond: engines for other GPUs."""

    num_compute_capabilities: int

    def set_compute_capability(self, capability: object, index: int, /) -> bool: ...


class Builder(Protocol):
    """Builds engines."""

    def create_network(self, flags: int, /) -> Network: ...
    def create_builder_config(self) -> BuilderConfig: ...
    def build_serialized_network(
        self, network: Network, config: BuilderConfig, /
    ) -> HostMemory | None: ...


class ParserError(Protocol):
    """One complaint of the parser."""

    def desc(self) -> str: ...
    def node_name(self) -> str: ...
    def node_operator(self) -> str: ...


class OnnxParser(Protocol):
    """Reads ONNX files."""

    num_errors: int

    def parse(self, model: bytes, /) -> bool: ...
    def get_error(self, index: int, /) -> ParserError: ...


class DataType(Protocol):
    """A type of numbers; an enumeration."""

    name: str


class ExecutionContext(Protocol):
    """An engine with memory to run in."""

    def set_tensor_address(self, name: str, address: int, /) -> bool: ...
    def execute_async_v3(self, stream: int, /) -> bool: ...


class Engine(Protocol):
    """A built network."""

    num_io_tensors: int

    def get_tensor_name(self, index: int, /) -> str: ...
    def get_tensor_mode(self, name: str, /) -> object: ...
    def get_tensor_shape(self, name: str, /) -> Any: ...
    def get_tensor_dtype(self, name: str, /) -> DataType: ...
    def create_execution_context(self) -> ExecutionContext | None: ...


class RuntimeCache(Protocol):
    """Kernels that TensorRT for RTX compiled for the GPU at hand."""

    def serialize(self) -> HostMemory: ...
    def deserialize(self, data: bytes, /) -> bool: ...


class RuntimeConfig(Protocol):
    """How an `ExecutionContext` of TensorRT for RTX is made."""

    def create_runtime_cache(self) -> RuntimeCache: ...
    def set_runtime_cache(self, cache: RuntimeCache, /) -> bool: ...


class RtxEngine(Protocol):
    """What an `Engine` of TensorRT for RTX offers beyond."""

    def create_runtime_config(self) -> RuntimeConfig: ...
    def create_execution_context(self, config: RuntimeConfig, /) -> ExecutionContext | None: ...


class Runtime(Protocol):
    """Loads engines."""

    def deserialize_cuda_engine(self, data: bytes, /) -> Engine | None: ...


class Severities(Protocol):
    """An enumeration."""

    INTERNAL_ERROR: Any
    ERROR: Any
    WARNING: Any


class LoggerType(Protocol):
    """TensorRT's base class of those who hear its messages; ours overrides `log`."""

    Severity: Severities

    def log(self, severity: object, message: str, /) -> None: ...


class ProgressMonitor(Protocol):
    """TensorRT's base class of those who watch a build; ours overrides all three."""

    def phase_start(self, name: str, parent: str | None, steps: int, /) -> None: ...
    def step_complete(self, name: str, step: int, /) -> bool: ...
    def phase_finish(self, name: str, /) -> None: ...


class BuilderFlags(Protocol):
    """An enumeration."""

    TF32: Any


class NetworkFlags(Protocol):
    """An enumeration; its values are places of bits."""

    STRONGLY_TYPED: Any


class MemoryPools(Protocol):
    """An enumeration."""

    WORKSPACE: Any


class IOModes(Protocol):
    """An enumeration."""

    INPUT: Any


class Bindings(Protocol):
    """The module `tensorrt` or `tensorrt_rtx`."""

    __version__: str
    ILogger: Any
    IProgressMonitor: Any
    Builder: Callable[[Any], Builder]
    OnnxParser: Callable[[Network, Any], OnnxParser]
    Runtime: Callable[[Any], Runtime]
    BuilderFlag: BuilderFlags
    NetworkDefinitionCreationFlag: NetworkFlags
    MemoryPoolType: MemoryPools
    TensorIOMode: IOModes


#: The class of the bindings that each protocol stands for.
CLASSES: dict[type, str] = {
    HostMemory: "IHostMemory",
    Tensor: "ITensor",
    Network: "INetworkDefinition",
    TimingCache: "ITimingCache",
    BuilderConfig: "IBuilderConfig",
    Builder: "Builder",
    ParserError: "ParserError",
    OnnxParser: "OnnxParser",
    DataType: "DataType",
    ExecutionContext: "IExecutionContext",
    Engine: "ICudaEngine",
    Runtime: "Runtime",
    LoggerType: "ILogger",
    Severities: "ILogger.Severity",
    ProgressMonitor: "IProgressMonitor",
    BuilderFlags: "BuilderFlag",
    NetworkFlags: "NetworkDefinitionCreationFlag",
    MemoryPools: "MemoryPoolType",
    IOModes: "TensorIOMode",
}

#: What only TensorRT for RTX has.
RTX_CLASSES: dict[type, str] = {
    DeviceChoice: "IBuilderConfig",
    RtxEngine: "ICudaEngine",
    RuntimeCache: "IRuntimeCache",
    RuntimeConfig: "IRuntimeConfig",
}
