"""Runs a network in torch: the reference that the other runtimes are compared with."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.models.base import SegmentationNetwork
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    Precision,
    Tensors,
    tensors_of,
)
from textseg_core.runtime.cuda_graph import Replayed
from textseg_core.runtime.stored_form import Storage, storage_of, stored_network
from textseg_core.runtime.variants import CHECKPOINT_FILE

Part: TypeAlias = Callable[..., tuple[Tensor, ...]]


class TorchBackend:
    """The three parts of a network on one torch device.

    The network is moved to the device, set to evaluation mode and, for float16, halved.

    Args:
        network: Any network of the registry.
        device: A torch device: "cpu", "cuda", "cuda:1".
        threads: Cores to compute with; 0 leaves torch's choice. Torch has one
            such number for the whole process.
        precision: "fp32", or "fp16" on a GPU.
        compiled: Whether torch compiles the three parts, at their first use and for each batch;
            so batches are filled up to 1, 2, 4, 8 or a multiple of 8 expressions. On a GPU they
            run as CUDA graphs.

    Raises:
        RuntimeError: If torch does not have that device here, or the device not that precision.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        device: str = "cpu",
        threads: int = 0,
        *,
        precision: Precision = "fp32",
        compiled: bool = False,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        if precision == "int8" or (precision == "fp16" and self._device.type == "cpu"):
            raise RuntimeError(f"torch does not run in {precision} on {device!r}; choose fp32")
        try:
            network = network.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise RuntimeError(f"torch cannot use device {device!r} here: {error}") from error
        self._network: SegmentationNetwork | None = (
            network.half() if precision == "fp16" else network
        )
        self._precision: Precision = precision
        self._graphs = compiled and self._device.type == "cuda"
        self._compiled = compiled
        parts = (network.image_encoder, network.expression_encoder, network.query_head)
        self._parts: list[Part] = [self._compile(part) if compiled else part for part in parts]

    @classmethod
    def from_directory(
        cls,
        directory: Path,
        device: str = "cpu",
        threads: int = 0,
        *,
        precision: Precision = "fp32",
        compiled: bool = False,
    ) -> "TorchBackend":
        """Load `checkpoint.safetensors` of a model directory.

        Its weights are rounded as those of the directory's ONNX files are, so that both are one
        network: see `stored_form`.

        Raises:
            RuntimeError: If the directory holds no checkpoint, or torch does not
                have that device here.
            ValueError: If the checkpoint is damaged or not of its network.
        """
        path = directory / CHECKPOINT_FILE
        if not path.is_file():
            raise RuntimeError(
                f"backend torch needs {path}, which does not exist: copy the training "
                "checkpoint there, or use the backend onnx"
            )
        network = stored_network(path, storage_of(directory))
        return cls(network, device, threads, precision=precision, compiled=compiled)

    @classmethod
    def from_checkpoint(cls, path: Path, storage: Storage = "float32") -> "TorchBackend":
        """Load a training checkpoint from anywhere, on the CPU; raises likewise.

        Args:
            path: The checkpoint.
            storage: What its weights are rounded to; they are computed with in float32.
        """
        return cls(stored_network(path, storage))

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the encoding of a letterboxed RGB image, (S, S, 3), on the device.

        Raises:
            ValueError: If it is not a uint8 array of that shape.
        """
        network = self._open()
        side = network.input_px
        if image.shape != (side, side, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"image must be uint8 ({side}, {side}, 3), got {image.dtype} {image.shape}"
            )
        with torch.inference_mode():
            outputs = self._parts[0](self._tensor(image[np.newaxis]))
        return dict(zip(network.image_outputs, self._kept(outputs), strict=True))

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Return the encoding of one expression, (1, T), on the device.

        Raises:
            ValueError: If it is not an int64 array of that shape.
        """
        network = self._open()
        length = network.tokens
        if token_ids.shape != (1, length) or token_ids.dtype != np.int64:
            raise ValueError(
                f"token_ids must be int64 (1, {length}), got {token_ids.dtype} {token_ids.shape}"
            )
        with torch.inference_mode():
            outputs = self._parts[1](self._tensor(token_ids))
        return dict(zip(network.expression_outputs, self._kept(outputs), strict=True))

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return `logits` (B, 1, h, w) and, where the network has them, the others (B,).

        Raises:
            ValueError: If an encoding is not this network's, or there is no expression.
        """
        if not expressions:
            raise ValueError("expressions must hold at least one encoding, got none")
        network = self._open()
        who = f"network {network.name!r} in torch"
        seen = tensors_of(image, network.image_outputs, who)
        read = [tensors_of(one, network.expression_outputs, who) for one in expressions]
        if self._compiled:
            # Code is compiled for one batch, and torch gives compiling up after eight of them
            # without an error; what fills a batch up is computed and thrown away.
            read += read[:1] * (bucket(len(read)) - len(read))
        stacked = [torch.cat([one[name] for one in read]) for name in network.expression_outputs]
        with torch.inference_mode():
            outputs = self._parts[2](*(seen[name] for name in network.image_outputs), *stacked)
        return {
            name: out[: len(expressions)].float().cpu().numpy()
            for name, out in zip(network.head_outputs, outputs, strict=True)
        }

    def report(self) -> BackendReport:
        """Return the device, torch's version and the memory that torch holds on the device."""
        self._open()
        cuda = self._device.type == "cuda"
        return BackendReport(
            name="torch",
            device=torch.cuda.get_device_name(self._device) if cuda else str(self._device),
            precision=self._precision,
            versions={"torch": torch.__version__},
            details={
                "threads": str(torch.get_num_threads()),
                "compiled": "with CUDA graphs" if self._graphs else str(self._compiled).lower(),
            },
            memory_bytes={"vram": torch.cuda.memory_reserved(self._device)} if cuda else {},
        )

    def close(self) -> None:
        """Let go of the network; torch keeps its cache of device memory."""
        self._network = None
        self._parts = []

    def _compile(self, part: nn.Module) -> Part:
        compiled: Part = torch.compile(part, dynamic=False)
        return Replayed(compiled, self._device) if self._graphs else compiled

    def _kept(self, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return outputs that live on: the next run of a CUDA graph overwrites its own."""
        return tuple(out.clone() for out in outputs) if self._graphs else outputs

    def _open(self) -> SegmentationNetwork:
        if self._network is None:
            raise RuntimeError("this backend was closed; load the model again")
        return self._network

    def _tensor(self, array: np.ndarray) -> Tensor:
        # A copy, because torch warns of arrays that cannot be written to.
        return torch.tensor(array, device=self._device)


def bucket(count: int) -> int:
    """Return the batch that holds so many expressions: 1, 2, 4, 8 or a multiple of 8."""
    return next((size for size in (1, 2, 4, 8) if size >= count), -(-count // 8) * 8)
