"""What every runtime offers: the three parts of a network, and nothing of cameras or words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from textseg_core.arrays import AnyArray, Int64Array, UInt8Array

Tensors: TypeAlias = dict[str, AnyArray]

#: What a backend keeps of an image, on whatever device: only the backend that made it can read it.
ImageEncoding: TypeAlias = object

#: What a backend keeps of one expression: only the backend that made it can read it.
ExpressionEncoding: TypeAlias = object

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendReport:
    """What runs where, and why.

    Attributes:
        name: The setting `backend` that gives this runtime: "onnx", "torch", ...
        device: The device in words, such as "cpu" or "NVIDIA Orin (SM 8.7)".
        precision: Of the network's arithmetic.
        reason: Why this runtime was taken, or what it waits for; empty for a plain choice.
        versions: Version of each package or driver that takes part, by name.
        details: Whatever else helps to find out why it is slow: providers, threads, buckets.
        memory_bytes: Memory held, by kind ("ram", "vram"); what cannot be told is missing.
    """

    name: str
    device: str
    precision: Precision
    reason: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: Mapping[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return the report as one line for a log."""
        parts = [f"backend {self.name} on {self.device} in {self.precision}"]
        if self.reason:
            parts.append(self.reason)
        parts.extend(f"{key} {value}" for key, value in {**self.versions, **self.details}.items())
        parts.extend(f"{key} {size / 2**20:.0f} MiB" for key, size in self.memory_bytes.items())
        return "; ".join(parts)


class InferenceBackend(Protocol):
    """One network on one runtime; knows nothing of cameras, words or ROS.

    Called from one thread at a time. What it keeps of images and expressions are handles
    that only this backend reads, so they may stay on its device.
    """

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the encoding of a letterboxed RGB image, (S, S, 3).

        A backend that reuses its buffers may let this end the life of the encoding before;
        asked with that one, `respond` then raises ValueError.
        """
        ...

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Return the encoding of one expression, (1, T); good until `close`."""
        ...

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return what the network says of each expression in the image.

        Args:
            image: As `encode_image` of this backend returned it.
            expressions: At least one, each as `encode_expression` of this backend returned it.

        Returns:
            `logits` (B, 1, h, w) float32, owned by the caller, for B expressions; where the
            network gives them, `presence` (B,), the logit that something in view is
            described, and `several` (B,), the logit that more than one thing is.

        Raises:
            ValueError: If an encoding is not this backend's, or there is no expression.
            RuntimeError: If the runtime fails, or was closed.
        """
        ...

    def report(self) -> BackendReport:
        """Return what runs where, and why."""
        ...

    def close(self) -> None:
        """Give back memory and device; further calls, but of `close`, raise RuntimeError."""
        ...


def tensors_of(handle: object, names: Sequence[str], backend: str) -> dict[str, Any]:
    """Return the tensors behind the handle of a backend that keeps them in a dict by name.

    Args:
        handle: What came back to the backend as its own encoding.
        names: The tensors that it must hold.
        backend: Who asks, in words for the message.

    Raises:
        ValueError: If the handle is not a dict with exactly these names.
    """
    came = ", ".join(map(str, handle)) if isinstance(handle, dict) else type(handle).__name__
    if not isinstance(handle, dict) or set(handle) != set(names):
        raise ValueError(
            f"{backend} expects the encodings {', '.join(names)} that it made itself, "
            f"got {came or 'none'}"
        )
    return handle
