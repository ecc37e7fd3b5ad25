"""Runs a network in torch: the reference that the other runtimes are compared with."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.runtime.base import Tensors

CHECKPOINT_FILE = "checkpoint.safetensors"


class TorchBackend:
    """The three parts of a network on one torch device.

    The network is moved to the device and set to evaluation mode.

    Args:
        network: Any network of the registry.
        device: A torch device: "cpu", "cuda", "cuda:1".
        threads: Cores to compute with; 0 leaves torch's choice. Torch has one
            such number for the whole process.

    Raises:
        RuntimeError: If torch does not have that device here.
    """

    def __init__(
        self, network: SegmentationNetwork, device: str = "cpu", threads: int = 0
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        try:
            self._network = network.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise RuntimeError(f"torch cannot use device {device!r} here: {error}") from error
        self._device = torch.device(device)

    @classmethod
    def from_directory(
        cls, directory: Path, device: str = "cpu", threads: int = 0
    ) -> "TorchBackend":
        """Load `checkpoint.safetensors` of a model directory.

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
        return cls(load_checkpoint(path).network(), device, threads)

    def encode_image(self, image: UInt8Array) -> Tensors:
        """Return the encodings of a letterboxed RGB image, (S, S, 3), by name.

        Raises:
            ValueError: If it is not a uint8 array of that shape.
        """
        side = self._network.input_px
        if image.shape != (side, side, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"image must be uint8 ({side}, {side}, 3), got {image.dtype} {image.shape}"
            )
        with torch.inference_mode():
            outputs = self._network.image_encoder(self._tensor(image[np.newaxis]))
        return _arrays(self._network.image_outputs, outputs)

    def encode_expression(self, token_ids: Int64Array) -> Tensors:
        """Return the encodings of one expression, (1, T), by name.

        Raises:
            ValueError: If it is not an int64 array of that shape.
        """
        length = self._network.tokens
        if token_ids.shape != (1, length) or token_ids.dtype != np.int64:
            raise ValueError(
                f"token_ids must be int64 (1, {length}), got {token_ids.dtype} {token_ids.shape}"
            )
        with torch.inference_mode():
            outputs = self._network.expression_encoder(self._tensor(token_ids))
        return _arrays(self._network.expression_outputs, outputs)

    def respond(self, image: Tensors, expressions: Tensors) -> Tensors:
        """Return `logits` (B, 1, h, w) and, where the network has them, the others (B,)."""
        inputs = [
            *self._in_order(image, self._network.image_outputs),
            *self._in_order(expressions, self._network.expression_outputs),
        ]
        with torch.inference_mode():
            outputs = self._network.query_head(*inputs)
        return _arrays(self._network.head_outputs, outputs)

    def _in_order(self, arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> list[Tensor]:
        if set(arrays) != set(names):
            raise ValueError(
                f"network {self._network.name!r} expects the encodings {', '.join(names)}, "
                f"got {', '.join(arrays) or 'none'}"
            )
        return [self._tensor(arrays[name]) for name in names]

    def _tensor(self, array: np.ndarray) -> Tensor:
        # A copy, because torch warns of arrays that cannot be written to.
        return torch.tensor(array, device=self._device)


def _arrays(names: tuple[str, ...], outputs: tuple[Tensor, ...]) -> Tensors:
    return {name: out.cpu().numpy() for name, out in zip(names, outputs, strict=True)}
