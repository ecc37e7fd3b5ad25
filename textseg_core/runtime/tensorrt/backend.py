"""Runs a model directory with TensorRT: the network's parts as engines, nothing in torch."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    Precision,
    Tensors,
)
from textseg_core.runtime.tensorrt.bindings import Flavour, TensorRt, load_tensorrt
from textseg_core.runtime.tensorrt.cache import EngineCache
from textseg_core.runtime.tensorrt.cuda import Cuda
from textseg_core.runtime.tensorrt.engines import (
    BUCKETS,
    Listener,
    ModelEngines,
)
from textseg_core.runtime.tensorrt.handles import ExpressionHandle, ImageHandle, Ticket
from textseg_core.runtime.tensorrt.loading import LoadedEngines, load_engines
from textseg_core.runtime.tensorrt.target import target_of
from textseg_core.runtime.tensorrt.wiring import ASIDE, FRAMES, Wiring


class TensorRtBackend:
    """Three engines on one stream, with memory that is taken once.

    The image is encoded once for all expressions, and all encodings stay on the GPU. Calls
    return before the GPU is done where nobody asked for numbers: `respond` waits, `encode_image`
    and `encode_expression` do not.

    Args:
        tensorrt: The bindings.
        engines: The model's engines; those that are missing are built now.
        cuda: The GPU.
        graphs: Whether engines run as CUDA graphs.

    Raises:
        RuntimeError: If an engine cannot be built or run.
        BuildCancelledError: If `engines` was cancelled.
    """

    def __init__(
        self, tensorrt: TensorRt, engines: ModelEngines, cuda: Cuda, *, graphs: bool = True
    ) -> None:
        self._tensorrt, self._cuda = tensorrt, cuda
        self._precision, self._folder = engines.precision, engines.cache.folder
        cuda.use()
        free_before, _ = cuda.memory()
        self._loaded: LoadedEngines | None = load_engines(tensorrt, engines, cuda)
        self._wiring: Wiring | None = Wiring(cuda, self._loaded.runs, graphs=graphs)
        self._details = self._loaded.details()
        self._vram = max(0, free_before - cuda.memory()[0])
        self._image = 0
        self._submitted = 0
        self._waiting: deque[Ticket] = deque()

    @property
    def cuda(self) -> Cuda:
        """The GPU that it runs on."""
        return self._cuda

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        precision: Precision = "fp32",
        flavour: Flavour | Literal["auto"] = "auto",
        gpu: int = 0,
        cache: Path | None = None,
        graphs: bool = True,
        listener: Listener = lambda share, what: None,
    ) -> "TensorRtBackend":
        """Return a backend for a model directory, having built what is missing.

        Args:
            directory: Model directory.
            precision: Which of its files are built.
            flavour: Which bindings; "auto": `tensorrt` where it is installed.
            gpu: Number of the GPU.
            cache: Folder of the engines; None for `cache.default_folder()`.
            graphs: Whether engines run as CUDA graphs.
            listener: Told how far the engines are.

        Raises:
            RuntimeError: If TensorRT, cuda-python, the GPU or a file is missing, or an engine
                cannot be built; says what to do.
        """
        tensorrt = load_tensorrt(flavour)
        cuda = Cuda(gpu)
        engines = ModelEngines(
            tensorrt,
            directory,
            target_of(tensorrt, cuda.gpu),
            precision=precision,
            cache=EngineCache(cache),
            listener=listener,
            use_gpu=cuda.use,
        )
        return cls(tensorrt, engines, cuda, graphs=graphs)

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Begin to encode a letterboxed RGB image, (S, S, 3); ends the encoding before."""
        wiring = self._open()
        self._check_image(wiring, image)
        self._image += 1
        wiring.encode_image(image)
        return ImageHandle(self, self._image)

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Begin to encode one expression, (1, T)."""
        wiring = self._open()
        expected = wiring.token_ids.shape
        if token_ids.shape != expected or token_ids.dtype != np.int64:
            raise ValueError(
                f"token_ids must be int64 {expected}, got {token_ids.dtype} {token_ids.shape}"
            )
        return wiring.encode_expression(token_ids)

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return `logits` (B, 1, h, w) and, where the network has them, the others (B,)."""
        wiring = self._open()
        if not isinstance(image, ImageHandle) or image.owner is not self:
            raise ValueError(
                "TensorRT expects the encoding of an image that it made itself, "
                f"got {type(image).__name__}"
            )
        if image.number != self._image:
            raise ValueError(
                "this image's encoding was overwritten by a later one; ask all expressions of an "
                "image before encode_image or submit is called again"
            )
        handles = self._check_expressions(wiring, expressions)
        most = BUCKETS[-1]
        parts = []
        for start in range(0, len(handles), most):
            chunk = handles[start : start + most]
            bucket = wiring.respond(chunk, ASIDE)
            parts.append(wiring.answers(bucket, len(chunk), ASIDE))
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def submit(self, image: UInt8Array, expressions: Sequence[ExpressionEncoding]) -> Ticket:
        """Begin with a frame while the one before may still compute, and return at once.

        Args:
            image: Letterboxed RGB, (S, S, 3).
            expressions: At least one and at most 8, as `encode_expression` gave them.

        Raises:
            ValueError: If an argument is wrong.
            RuntimeError: If two frames are under way and neither was collected.
        """
        wiring = self._open()
        self._check_image(wiring, image)
        handles = self._check_expressions(wiring, expressions)
        if len(handles) > BUCKETS[-1]:
            raise ValueError(
                f"submit takes at most {BUCKETS[-1]} expressions, got {len(handles)}; "
                "use encode_image and respond for more"
            )
        if len(self._waiting) == FRAMES:
            raise RuntimeError(f"{FRAMES} frames are under way; collect the first of them")
        self._image += 1
        wiring.encode_image(image)
        bucket = wiring.respond(handles, self._submitted % FRAMES)
        ticket = Ticket(self._submitted, bucket, len(handles))
        self._submitted += 1
        self._waiting.append(ticket)
        return ticket

    def collect(self, ticket: Ticket) -> Tensors:
        """Wait for a submitted frame and return what `respond` would.

        Raises:
            ValueError: If it is not the first of the frames under way.
        """
        wiring = self._open()
        if not self._waiting or self._waiting[0] is not ticket:
            raise ValueError("frames are collected once each, in the order of their submission")
        self._waiting.popleft()
        return wiring.answers(ticket.bucket, ticket.count, ticket.number % FRAMES)

    def report(self) -> BackendReport:
        """Return versions, GPU, engines and memory; VRAM as the GPU's free memory fell at load."""
        memory, gpu = self._open().memory, self._cuda.gpu
        return BackendReport(
            name=self._tensorrt.flavour,
            device=f"{gpu.name} ({gpu.capability})",
            precision=self._precision,
            versions={
                self._tensorrt.flavour: self._tensorrt.version,
                "cuda": gpu.cuda,
                "driver": gpu.driver,
            },
            details={
                "engines": str(self._folder),
                **self._details,
                "expressions at once": ", ".join(map(str, BUCKETS)),
                "cuda graphs": "yes" if self._open().has_graphs else "no",
            },
            memory_bytes={
                "vram": self._vram,
                "vram for buffers": memory.device_bytes,
                "pinned ram": memory.host_bytes,
            },
        )

    def close(self) -> None:
        """Give back engines, memory and streams."""
        wiring, loaded = self._wiring, self._loaded
        # Closed in any case: a GPU that failed would fail again.
        self._wiring = self._loaded = None
        self._waiting.clear()
        if wiring is not None:
            self._cuda.use()
            wiring.close()
        del loaded  # engines do not outlive what loaded them

    def _check_image(self, wiring: Wiring, image: UInt8Array) -> None:
        expected = wiring.image.shape[1:]
        if image.shape != expected or image.dtype != np.uint8:
            raise ValueError(f"image must be uint8 {expected}, got {image.dtype} {image.shape}")

    def _check_expressions(
        self, wiring: Wiring, expressions: Sequence[ExpressionEncoding]
    ) -> list[ExpressionHandle]:
        if not expressions:
            raise ValueError("expressions must hold at least one encoding, got none")
        handles = [
            one
            for one in expressions
            if isinstance(one, ExpressionHandle) and one.owner is wiring.store
        ]
        if len(handles) != len(expressions):
            raise ValueError(
                "TensorRT expects encodings of expressions that it made itself, got "
                f"{sorted({type(one).__name__ for one in expressions})}"
            )
        return handles

    def _open(self) -> Wiring:
        if self._wiring is None:
            raise RuntimeError("this backend was closed; load the model again")
        # CUDA keeps the GPU in use per thread, and the caller's thread may change.
        self._cuda.use()
        return self._wiring
