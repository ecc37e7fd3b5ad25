"""Builds an engine from an ONNX file: parsed, made static, strongly typed, for one kind of GPU."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textseg_core.runtime.tensorrt.bindings import TensorRt
from textseg_core.runtime.tensorrt.interface import (
    BuilderConfig,
    Network,
    OnnxParser,
)
from textseg_core.runtime.tensorrt.progress import BuildProgress, make_monitor

#: Most scratch memory that a kernel may ask for; a Jetson shares its memory with all else.
WORKSPACE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """What to build.

    Attributes:
        name: For messages, such as "query_head, 4 expressions".
        onnx: Content of the ONNX file; its types are the engine's types.
        batch: Length of every side that the file leaves open.
        capability: "SM89", say; None for the GPU of this machine, as TensorRT sees it.
        tf32: Whether float32 products may be rounded to TF32's 10 bits.
    """

    name: str
    onnx: bytes
    batch: int
    capability: str | None
    tf32: bool


class BuildCancelledError(RuntimeError):
    """The build was stopped because somebody asked for it."""


class EngineBuilder:
    """Builds engines one after the other; timings of kernels pass from one to the next.

    Args:
        tensorrt: The bindings.
        use_gpu: Called in each thread that builds, before it does: CUDA keeps the GPU in use
            per thread.
    """

    def __init__(self, tensorrt: TensorRt, use_gpu: Callable[[], None] = lambda: None) -> None:
        self._tensorrt = tensorrt
        self._use_gpu = use_gpu
        self._timings = b""
        # TensorRT for RTX times nothing while it builds, and may have no GPU to do it on.
        self._keeps_timings = tensorrt.flavour == "tensorrt"

    def build(self, order: BuildOrder, progress: BuildProgress) -> bytes:
        """Return the serialised engine.

        A thread of its own builds, so that Ctrl-C reaches this one: TensorRT swallows exceptions
        in what it calls back.

        Args:
            order: What to build.
            progress: Told of every step; may stop the build.

        Raises:
            RuntimeError: If the file is no ONNX, holds what TensorRT does not take, or cannot
                be built for this GPU; with TensorRT's own words.
            BuildCancelledError: If `progress` stopped the build.
            Exception: What the listener of `progress` raised.
        """
        engines: list[bytes] = []
        errors: list[BaseException] = []
        # Before Python 3.13 an interrupted Thread.join takes a running thread for ended
        # (github.com/python/cpython/issues/90882), so this tells the end.
        ended = threading.Event()

        def work() -> None:
            try:
                self._use_gpu()
                engines.append(self._build(order, progress))
            except BaseException as error:
                errors.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=work, name=f"build {order.name}", daemon=True)
        thread.start()
        try:
            while not ended.wait(0.1):
                pass
        except BaseException:
            progress.cancel()
            ended.wait()
            raise
        finally:
            thread.join()
        if errors:
            raise errors[0]
        return engines[0]

    def _build(self, order: BuildOrder, progress: BuildProgress) -> bytes:
        """Build in this thread."""
        module, logger = self._tensorrt.module, self._tensorrt.logger
        logger.errors = []
        try:
            builder = module.Builder(logger)
        except TypeError as error:  # what the bindings raise where the library returns nothing
            raise RuntimeError(self._failure(order, self._latest("no builder"))) from error
        network = builder.create_network(self._tensorrt.network_flags())
        parser = module.OnnxParser(network, logger)
        if not parser.parse(order.onnx):
            raise RuntimeError(self._failure(order, _complaints(parser)))
        if not network.num_inputs or not network.num_outputs:
            raise RuntimeError(self._failure(order, "the file holds no network"))
        make_static(network, order.batch)
        config = builder.create_builder_config()
        self._configure(config, order)
        # TensorRT keeps no reference to the monitor: this name does, until the build is over.
        monitor: Any = make_monitor(module, progress)
        config.progress_monitor = monitor
        if self._keeps_timings:
            timings = config.create_timing_cache(self._timings)
            config.set_timing_cache(timings, False)
        memory = builder.build_serialized_network(network, config)
        if progress.error is not None:
            raise progress.error
        if progress.cancelled:
            raise BuildCancelledError(f"{order.name}: the build of the engine was stopped")
        if memory is None:
            raise RuntimeError(self._failure(order, self._latest("it gave no engine")))
        learnt = config.get_timing_cache() if self._keeps_timings else None
        if learnt is not None:
            self._timings = bytes(learnt.serialize())
        return bytes(memory)

    def _configure(self, config: BuilderConfig, order: BuildOrder) -> None:
        module = self._tensorrt.module
        config.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        if not order.tf32:
            config.clear_flag(module.BuilderFlag.TF32)
        if order.capability is not None:
            self._tensorrt.choose_device(config, order.capability)

    def _failure(self, order: BuildOrder, what: str) -> str:
        """Return a message with TensorRT's own words."""
        hint = ""
        if "UInt8" in what:
            hint = (
                "; TensorRT takes a uint8 image only for a cast that comes first: export the "
                "model again with `textseg export`, whose files begin so"
            )
        return (
            f"{order.name}: {self._tensorrt.flavour} {self._tensorrt.version} cannot build an "
            f"engine for {order.capability or 'this GPU'}: {what}{hint}"
        )

    def _latest(self, otherwise: str) -> str:
        """Return TensorRT's latest error."""
        errors = self._tensorrt.logger.errors
        return errors[-1] if errors else otherwise


def make_static(network: Network, batch: int) -> None:
    """Close every side of the inputs that the ONNX file left open: CUDA graphs want it so."""
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        tensor.shape = tuple(batch if side < 0 else side for side in tensor.shape)


def _complaints(parser: OnnxParser) -> str:
    """Return what the parser could not read; the first complaint is the cause."""
    if not parser.num_errors:
        return "the file is no ONNX model"
    error = parser.get_error(0)
    place = f"node {error.node_name()!r} ({error.node_operator()}): " if error.node_name() else ""
    # What the lack of a GPU adds on a machine without one is no cause.
    lines = [line for line in error.desc().splitlines() if "catchCudaError" not in line]
    return f"{place}{'; '.join(lines)}"
