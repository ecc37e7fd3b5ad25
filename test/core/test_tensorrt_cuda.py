"""CUDA's calls: how cuda-python takes and returns things, and what is made of it."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from textseg_core.runtime.tensorrt.cuda import Cuda, CudaError, Gpu, driver_release, view
from textseg_core.runtime.tensorrt.memory import Memory, aligned

#: Every method that calls CUDA, with arguments of the kinds that it gets.
CALLS: dict[str, Callable[[Cuda], object]] = {
    "cudaSetDevice": lambda cuda: cuda.use(),
    "cudaMalloc": lambda cuda: cuda.allocate(16),
    "cudaFree": lambda cuda: cuda.free(4096),
    "cudaHostAlloc": lambda cuda: cuda.allocate_host(16),
    "cudaFreeHost": lambda cuda: cuda.free_host(4096),
    "cudaMemcpyAsync": lambda cuda: cuda.copy(4096, 8192, 16, 7),
    "cudaStreamCreateWithFlags": lambda cuda: cuda.make_stream(),
    "cudaStreamDestroy": lambda cuda: cuda.free_stream(7),
    "cudaStreamSynchronize": lambda cuda: cuda.wait(7),
    "cudaEventCreateWithFlags": lambda cuda: cuda.make_event(),
    "cudaEventDestroy": lambda cuda: cuda.free_event(8),
    "cudaEventRecord": lambda cuda: cuda.record(8, 7),
    "cudaEventSynchronize": lambda cuda: cuda.wait_event(8),
    "cudaStreamWaitEvent": lambda cuda: cuda.stream_waits(7, 8),
    "cudaStreamBeginCapture": lambda cuda: cuda.begin_capture(7),
    "cudaStreamEndCapture": lambda cuda: cuda.end_capture(7),
    "cudaGraphInstantiate": lambda cuda: cuda._call(
        "cudaGraphInstantiate", cuda._cuda.cudaGraph_t(5), 0
    ),
    "cudaDeviceGetAttribute": lambda cuda: cuda._call(
        "cudaDeviceGetAttribute", cuda._cuda.cudaDeviceAttr.cudaDevAttrIntegrated, 0
    ),
    "cudaGetDeviceProperties": lambda cuda: cuda._call("cudaGetDeviceProperties", 0),
    "cudaGraphLaunch": lambda cuda: cuda.launch(9, 7),
    "cudaGraphExecDestroy": lambda cuda: cuda.free_graph(9),
    "cudaMemGetInfo": lambda cuda: cuda.memory(),
}


def on(runtime: Any) -> Cuda:
    """Return CUDA's calls on a module, with no look for a GPU."""
    cuda = Cuda.__new__(Cuda)
    cuda._cuda, cuda._index = runtime, 0
    return cuda


@pytest.mark.parametrize("name", CALLS)
def test_the_installed_cuda_python_takes_the_arguments(name: str) -> None:
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-python is not installed")
    status, _ = runtime.cudaGetDeviceCount()
    if int(status) == 0:
        pytest.skip("addresses made up for this test must not reach a GPU")

    # An argument of a wrong kind would raise TypeError before anybody looks for a driver.
    with pytest.raises(CudaError, match=f"^{name}: cudaError[A-Z]"):
        CALLS[name](on(runtime))


class Runtime:
    """`cuda.bindings.runtime` as far as tuples go: a status, then what the call gives."""

    def __init__(self, **given: object) -> None:
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyDefault="default")
        self.cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal="thread")
        self.cudaDeviceAttr = SimpleNamespace(
            cudaDevAttrComputeCapabilityMajor="major",
            cudaDevAttrComputeCapabilityMinor="minor",
            cudaDevAttrIntegrated="integrated",
        )
        self.given = given
        self.called: list[tuple[object, ...]] = []
        self.failing = ""

    def __getattr__(self, name: str) -> Callable[..., tuple[object, ...]]:
        def call(*arguments: object) -> tuple[object, ...]:
            if name == "cudaGetErrorName":
                return 0, b"cudaErrorMemoryAllocation"
            if name == "cudaGetErrorString":
                return 0, b"out of memory"
            self.called.append((name, *arguments))
            if name == self.failing:
                return (2, None)
            result = self.given.get(name, ())
            result = result(*arguments) if callable(result) else result
            return (0, *(result if isinstance(result, tuple) else (result,)))

        return call


def test_an_error_names_the_call_and_cudas_own_words() -> None:
    runtime = Runtime()
    runtime.failing = "cudaMalloc"

    with pytest.raises(CudaError, match=r"^cudaMalloc: cudaErrorMemoryAllocation, out of memory$"):
        on(runtime).allocate(1 << 40)


def test_streams_wait_for_no_other_and_events_measure_no_time() -> None:
    runtime = Runtime(cudaStreamCreateWithFlags=7, cudaEventCreateWithFlags=8)
    cuda = on(runtime)

    assert (cuda.make_stream(), cuda.make_event()) == (7, 8)
    # cudaStreamNonBlocking is 1 and cudaEventDisableTiming 2 in CUDA's headers.
    assert runtime.called == [("cudaStreamCreateWithFlags", 1), ("cudaEventCreateWithFlags", 2)]


def test_page_locked_memory_is_mapped() -> None:
    runtime = Runtime(cudaHostAlloc=4096, cudaHostGetDevicePointer=8192)

    assert on(runtime).allocate_host(0) == (4096, 8192)
    # cudaHostAllocMapped is 2; nothing at all cannot be allocated.
    assert runtime.called == [("cudaHostAlloc", 1, 2), ("cudaHostGetDevicePointer", 4096, 0)]


def test_a_copy_goes_from_source_to_target_in_its_stream() -> None:
    runtime = Runtime()
    on(runtime).copy(1000, 2000, 16, 7)

    assert runtime.called == [("cudaMemcpyAsync", 1000, 2000, 16, "default", 7)]


def test_a_stream_waits_for_a_mark_and_not_the_other_way_round() -> None:
    runtime = Runtime()
    cuda = on(runtime)
    cuda.record(8, 7)
    cuda.stream_waits(7, 8)

    assert runtime.called == [("cudaEventRecord", 8, 7), ("cudaStreamWaitEvent", 7, 8, 0)]


@pytest.mark.parametrize("failing", ["", "cudaGraphInstantiate"])
def test_what_was_recorded_is_given_back_once_it_can_be_launched_or_not(failing: str) -> None:
    runtime = Runtime(cudaStreamEndCapture=5, cudaGraphInstantiate=9)
    runtime.failing = failing
    cuda = on(runtime)
    cuda.begin_capture(7)

    if failing:
        with pytest.raises(CudaError, match="cudaGraphInstantiate"):
            cuda.end_capture(7)
    else:
        assert cuda.end_capture(7) == 9

    assert runtime.called == [
        # Only this thread must keep from what cannot be recorded: others load engines meanwhile.
        ("cudaStreamBeginCapture", 7, "thread"),
        ("cudaStreamEndCapture", 7),
        ("cudaGraphInstantiate", 5, 0),
        ("cudaGraphDestroy", 5),
    ]


def orin() -> Runtime:
    attributes = {"major": 8, "minor": 7, "integrated": 1}
    return Runtime(
        cudaGetDeviceCount=2,
        cudaGetDeviceProperties=SimpleNamespace(name=b"Orin\0\0"),
        cudaDeviceGetAttribute=lambda name, index: attributes[name],
        cudaDriverGetVersion=12060,
        cudaRuntimeGetVersion=12020,
        cudaMemGetInfo=(3, 8),
    )


def test_the_gpu_is_described_by_what_cuda_says(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = orin()
    monkeypatch.setattr(importlib, "import_module", lambda name: runtime)
    monkeypatch.setattr("textseg_core.runtime.tensorrt.cuda.driver_release", lambda: "540.4.0")

    cuda = Cuda(1)

    assert cuda.gpu == Gpu(
        index=1,
        name="Orin",
        capability="SM87",
        integrated=True,
        driver="540.4.0 CUDA 12.6",
        cuda="12.2",
    )
    assert cuda.memory() == (3, 8)
    assert runtime.called[1] == ("cudaSetDevice", 1)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_gpu_that_is_not_there_is_refused(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = orin()
    monkeypatch.setattr(importlib, "import_module", lambda name: runtime)

    with pytest.raises(RuntimeError, match=rf"GPU {index} was asked for, this machine has 2"):
        Cuda(index)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("no", name="cuda"), "buffers need 'cuda': install cuda-python"),
        (ImportError("libcudart.so.13"), r"does not load \(libcudart.so.13\): install"),
    ],
)
def test_without_cuda_python_the_error_says_what_to_install(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", refuse)

    with pytest.raises(RuntimeError, match=said):
        Cuda()


def test_the_drivers_release_is_read_where_there_is_one(tmp_path: Path) -> None:
    desktop, tegra = tmp_path / "version", tmp_path / "release"
    assert driver_release(desktop, tegra) == ""
    tegra.write_text("# R36 (release), REVISION: 4.3\nmore\n", encoding="utf-8")
    assert driver_release(desktop, tegra) == "# R36 (release), REVISION: 4.3"
    desktop.write_text("550.54.15\n", encoding="utf-8")
    assert driver_release(desktop, tegra) == "550.54.15"


def test_page_locked_memory_is_seen_without_a_copy() -> None:
    memory = np.zeros(8, np.uint8)

    view(memory.ctypes.data, 8)[3:] = 5

    assert memory.tolist() == [0, 0, 0, 5, 5, 5, 5, 5]
    assert view(memory.ctypes.data, 0).size == 0


def test_memory_is_counted_and_given_back_once() -> None:
    host = np.full(32, 9, np.uint8)
    runtime = Runtime(
        cudaMalloc=4096, cudaHostAlloc=host.ctypes.data, cudaHostGetDevicePointer=8192
    )
    memory = Memory(on(runtime))
    assert memory.device(100, 7) == 4096
    buffer = memory.host(32)

    assert (memory.device_bytes, memory.host_bytes) == (100, 32)
    assert (buffer.device_address, int(buffer.array.sum())) == (8192, 0)
    memory.free()
    memory.free()
    freed = [call for call in runtime.called if "Free" in str(call[0])]
    assert freed == [("cudaFree", 4096), ("cudaFreeHost", host.ctypes.data)]
    assert (memory.device_bytes, memory.host_bytes) == (0, 0)


def test_addresses_are_aligned_as_cudas_are() -> None:
    assert [aligned(size) for size in (0, 1, 256, 257)] == [0, 256, 256, 512]
