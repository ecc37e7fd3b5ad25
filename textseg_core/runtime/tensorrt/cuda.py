"""CUDA's calls by cuda-python, each checked: devices, memory, streams, events and graphs."""

import ctypes
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textseg_core.arrays import UInt8Array

INSTALL = "install cuda-python of your CUDA's version: pip install 'cuda-python>=12.6.2'"

#: Every name of `cuda.bindings.runtime` that is used here; a test looks each up.
NAMES = (
    "cudaDeviceAttr",
    "cudaDeviceGetAttribute",
    "cudaDriverGetVersion",
    "cudaEventCreateWithFlags",
    "cudaEventDestroy",
    "cudaEventRecord",
    "cudaEventSynchronize",
    "cudaFree",
    "cudaFreeHost",
    "cudaGetDeviceCount",
    "cudaGetDeviceProperties",
    "cudaGetErrorName",
    "cudaGetErrorString",
    "cudaGraphDestroy",
    "cudaGraphExecDestroy",
    "cudaGraphInstantiate",
    "cudaGraphLaunch",
    "cudaHostAlloc",
    "cudaHostGetDevicePointer",
    "cudaMalloc",
    "cudaMemGetInfo",
    "cudaMemcpyAsync",
    "cudaMemcpyKind",
    "cudaRuntimeGetVersion",
    "cudaSetDevice",
    "cudaStreamBeginCapture",
    "cudaStreamCaptureMode",
    "cudaStreamCreateWithFlags",
    "cudaStreamDestroy",
    "cudaStreamEndCapture",
    "cudaStreamSynchronize",
    "cudaStreamWaitEvent",
)

# From CUDA's headers; the same in all versions.
_HOST_ALLOC_MAPPED = 2
_STREAM_NON_BLOCKING = 1
_EVENT_DISABLE_TIMING = 2


class CudaError(RuntimeError):
    """A call of CUDA failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU of this machine.

    Attributes:
        index: As CUDA counts.
        name: Such as "NVIDIA GeForce RTX 3060".
        capability: Such as "SM86".
        integrated: Whether it shares the processor's memory, as on a Jetson.
        driver: The driver's release, and the newest CUDA that it runs.
        cuda: Version of the CUDA runtime in use.
    """

    index: int
    name: str
    capability: str
    integrated: bool
    driver: str
    cuda: str


class Cuda:
    """One GPU through `cuda.bindings.runtime`; pointers, streams and the rest are integers.

    Raises RuntimeError if cuda-python, the driver or the GPU is missing, saying what to do, and
    CudaError if a call fails.
    """

    def __init__(self, index: int = 0) -> None:
        try:
            self._cuda: Any = importlib.import_module("cuda.bindings.runtime")
        except ModuleNotFoundError as error:
            raise RuntimeError(f"TensorRT's buffers need {error.name!r}: {INSTALL}") from error
        # The package is there, the libraries that it loads are not.
        except (ImportError, OSError, RuntimeError) as error:
            raise RuntimeError(f"cuda-python does not load ({error}): {INSTALL}") from error
        try:
            (count,) = self._call("cudaGetDeviceCount")
        except CudaError as error:
            raise RuntimeError(
                f"no NVIDIA GPU can be used ({error}); install NVIDIA's driver, or use backend "
                "'onnx'"
            ) from error
        if not 0 <= index < count:
            raise RuntimeError(f"GPU {index} was asked for, this machine has {count}")
        self._index = index
        self.use()
        self.gpu = self._describe()

    def use(self) -> None:
        """Let the calls of this thread go to this GPU."""
        self._call("cudaSetDevice", self._index)

    def allocate(self, size: int) -> int:
        """Return the address of new memory on the GPU."""
        (address,) = self._call("cudaMalloc", max(1, size))
        return int(address)

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        self._call("cudaFree", address)

    def allocate_host(self, size: int) -> tuple[int, int]:
        """Return new page-locked memory, seen by both: (host address, device address)."""
        (host,) = self._call("cudaHostAlloc", max(1, size), _HOST_ALLOC_MAPPED)
        (device,) = self._call("cudaHostGetDevicePointer", host, 0)
        return int(host), int(device)

    def free_host(self, address: int) -> None:
        """Give back what `allocate_host` gave."""
        self._call("cudaFreeHost", address)

    def copy(self, target: int, source: int, size: int, stream: int) -> None:
        """Copy bytes between any two places, in the stream's turn."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDefault
        self._call("cudaMemcpyAsync", target, source, size, kind, stream)

    def make_stream(self) -> int:
        """Return a new stream that waits for no other."""
        (stream,) = self._call("cudaStreamCreateWithFlags", _STREAM_NON_BLOCKING)
        return int(stream)

    def free_stream(self, stream: int) -> None:
        """End a stream."""
        self._call("cudaStreamDestroy", stream)

    def wait(self, stream: int) -> None:
        """Wait until the stream has nothing left to do."""
        self._call("cudaStreamSynchronize", stream)

    def make_event(self) -> int:
        """Return a new event: a mark in a stream."""
        (event,) = self._call("cudaEventCreateWithFlags", _EVENT_DISABLE_TIMING)
        return int(event)

    def free_event(self, event: int) -> None:
        """End an event."""
        self._call("cudaEventDestroy", event)

    def record(self, event: int, stream: int) -> None:
        """Put the mark behind all that the stream has to do by now."""
        self._call("cudaEventRecord", event, stream)

    def wait_event(self, event: int) -> None:
        """Wait until the mark is reached; at once if it was never put anywhere."""
        self._call("cudaEventSynchronize", event)

    def stream_waits(self, stream: int, event: int) -> None:
        """Let what comes next in the stream wait for the mark."""
        self._call("cudaStreamWaitEvent", stream, event, 0)

    def begin_capture(self, stream: int) -> None:
        """Record what the stream is told from now on, instead of doing it."""
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", stream, mode)

    def end_capture(self, stream: int) -> int:
        """Return what was recorded as a graph that can be launched."""
        (graph,) = self._call("cudaStreamEndCapture", stream)
        try:
            (launchable,) = self._call("cudaGraphInstantiate", graph, 0)
        finally:
            self._call("cudaGraphDestroy", graph)
        return int(launchable)

    def launch(self, graph: int, stream: int) -> None:
        """Do all that was recorded, in the stream's turn."""
        self._call("cudaGraphLaunch", graph, stream)

    def free_graph(self, graph: int) -> None:
        """Give back what `end_capture` gave."""
        self._call("cudaGraphExecDestroy", graph)

    def memory(self) -> tuple[int, int]:
        """Return the GPU's memory in bytes: (free, all of it)."""
        free, total = self._call("cudaMemGetInfo")
        return int(free), int(total)

    def _describe(self) -> Gpu:
        attributes = self._cuda.cudaDeviceAttr

        def attribute(name: str) -> int:
            (value,) = self._call("cudaDeviceGetAttribute", getattr(attributes, name), self._index)
            return int(value)

        (properties,) = self._call("cudaGetDeviceProperties", self._index)
        name = properties.name
        major = attribute("cudaDevAttrComputeCapabilityMajor")
        minor = attribute("cudaDevAttrComputeCapabilityMinor")
        (newest,) = self._call("cudaDriverGetVersion")
        (runtime,) = self._call("cudaRuntimeGetVersion")
        return Gpu(
            index=self._index,
            name=(name.decode() if isinstance(name, bytes) else str(name)).strip("\0 "),
            capability=f"SM{major}{minor}",
            integrated=bool(attribute("cudaDevAttrIntegrated")),
            driver=" ".join(filter(None, (driver_release(), f"CUDA {_dotted(newest)}"))),
            cuda=_dotted(runtime),
        )

    def _call(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        """Call CUDA and return what came beside the status."""
        status, *results = getattr(self._cuda, name)(*arguments)
        if int(status) != 0:
            _, title = self._cuda.cudaGetErrorName(status)
            _, text = self._cuda.cudaGetErrorString(status)
            words = [part.decode() if isinstance(part, bytes) else part for part in (title, text)]
            raise CudaError(f"{name}: {words[0]}, {words[1]}")
        return tuple(results)


def view(address: int, size: int) -> UInt8Array:
    """Return page-locked memory as an array of bytes, (size,), without a copy."""
    return np.ctypeslib.as_array((ctypes.c_uint8 * max(1, size)).from_address(address))[:size]


def driver_release(
    file: Path = Path("/sys/module/nvidia/version"), tegra: Path = Path("/etc/nv_tegra_release")
) -> str:
    """Return the release of NVIDIA's driver, on a Jetson that of its system; else ""."""
    for path in (file, tegra):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace").split("\n")[0].strip()[:80]
    return ""


def _dotted(version: int) -> str:
    """Return CUDA's 12060 as "12.6"."""
    return f"{version // 1000}.{version % 1000 // 10}"
