"""What the adapters share on torch's side: inputs to the device, answers back, texts cut off."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch

from textseg_core.adapters.base import Answers, Found, checked
from textseg_core.adapters.hub import HubOptions
from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.runtime.base import BackendReport, Precision


class TorchParts:
    """Networks of `transformers` on one device; the base of every adapter.

    Args:
        name: Key of `cards.CARDS`.
        options: Where and how they run.
        networks: All of them.
    """

    def __init__(self, name: str, options: HubOptions, networks: Sequence[Any]) -> None:
        self.name = name
        self.options = options
        self._networks = tuple(networks)
        self._closed = False

    def to_device(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tensors on the device, numbers with a fraction in the networks' dtype."""
        if self._closed:
            raise RuntimeError("this model was closed; load it again")
        dtype = getattr(torch, self.options.dtype)
        return {
            name: value.to(self.options.device, dtype)
            if value.is_floating_point()
            else value.to(self.options.device)
            for name, value in inputs.items()
            if isinstance(value, torch.Tensor)
        }

    def in_batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Yield the texts in batches of `HubOptions.batch`."""
        for start in range(0, len(texts), self.options.batch):
            yield list(texts[start : start + self.options.batch])

    def report(self) -> BackendReport:
        """Return the device, the versions, and the memory that torch holds there."""
        device = torch.device(self.options.device)
        cuda = device.type == "cuda"
        precision: Precision = "fp32" if self.options.dtype == "float32" else "fp16"
        versions = {
            name: str(importlib.import_module(name).__version__)
            for name in ("torch", "transformers")
        }
        return BackendReport(
            name="torch",
            device=torch.cuda.get_device_name(device) if cuda else str(device),
            precision=precision,
            versions=versions,
            details={"model": self.name, "dtype": self.options.dtype},
            memory_bytes={"vram": torch.cuda.memory_reserved(device)} if cuda else {},
        )

    def close(self) -> None:
        """Let go of the networks; torch keeps its cache of device memory."""
        self._closed = True
        self._networks = ()


def split_answers(found: Sequence[Found], expressions: int) -> Answers:
    """Return what was found of all texts as that of the first so many and of the others."""
    return Answers(tuple(found[:expressions]), tuple(found[expressions:]))


def to_array(tensor: Any, who: str) -> Float32Array:
    """Return a tensor as float32 on the host; ValueError if it holds NaN or infinity."""
    values: Float32Array = tensor.float().cpu().numpy()
    return checked(values, who)


def sigmoid(logits: Float32Array) -> Float32Array:
    """Return the logistic function without overflow."""
    return (1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))).astype(np.float32)


def resized(response: Float32Array, image: UInt8Array) -> Float32Array:
    """Return a response (h, w) at every pixel of the image, (H, W)."""
    height, width = image.shape[:2]
    large = cv2.resize(response, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(large, 0.0, 1.0), np.float32)


def words_beyond(tokenizer: Any, text: str, longest: int) -> tuple[str, ...]:
    """Return the last words of a text that a tokenizer cuts off.

    Args:
        tokenizer: Of `transformers`.
        text: What is read.
        longest: Most tokens, the special ones too.
    """
    words = text.split()
    kept = len(words)
    while kept > 1 and len(tokenizer(" ".join(words[:kept]))["input_ids"]) > longest:
        kept -= 1
    return tuple(words[kept:])
