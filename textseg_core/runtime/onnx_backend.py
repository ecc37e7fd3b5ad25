"""Runs a model directory with ONNX Runtime, on a CPU, with CUDA or through TensorRT."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]

from textseg_core.arrays import AnyArray, Int64Array, UInt8Array
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    Precision,
    Tensors,
    tensors_of,
)
from textseg_core.runtime.onnx_session import OnnxDevice, OnnxSession, usable_cores
from textseg_core.runtime.variants import PARTS, part_paths

__all__ = ["OnnxBackend", "usable_cores"]

HEAD_OUTPUTS = ("logits", "presence", "several")
#: Most expressions that a CPU answers at once; more go in turns. A larger batch is no faster for
#: each, and its memory, kept or given back, makes that of the process grow.
MOST_AT_ONCE = 8


class OnnxBackend:
    """Runs `image_encoder.onnx`, `expression_encoder.onnx` and `query_head.onnx`.

    On the providers of one device and on no other. What the image encoder says stays on the
    device; encodings of expressions are small and stay on the host.

    Args:
        directory: Model directory.
        threads: Threads per network on the CPU; 0 for as many as the process has cores.
        device: "cpu", "cuda" or "tensorrt" (the provider of ONNX Runtime, not the backend).
        precision: Which of the directory's files run.
        cache: Folder for the engines of the TensorRT provider; None keeps none.

    Raises:
        RuntimeError: If a file is missing, is not ONNX, does not fit the others, or is of a
            precision that did not pass its gate; or if the device's provider is not there.
    """

    def __init__(
        self,
        directory: Path,
        threads: int = 0,
        *,
        device: OnnxDevice = "cpu",
        precision: Precision = "fp32",
        cache: Path | None = None,
    ) -> None:
        self._start(part_paths(directory, precision), threads, device, precision, cache)

    @classmethod
    def from_files(
        cls,
        paths: Mapping[str, Path],
        threads: int = 0,
        *,
        device: OnnxDevice = "cpu",
        precision: Precision = "fp32",
    ) -> "OnnxBackend":
        """Run these files, by part, whether or not they passed a gate: to measure them."""
        backend = cls.__new__(cls)
        backend._start(paths, threads, device, precision, None)
        return backend

    def _start(
        self,
        paths: Mapping[str, Path],
        threads: int,
        device: OnnxDevice,
        precision: Precision,
        cache: Path | None,
    ) -> None:
        self._threads, self._device, self._precision = threads or usable_cores(), device, precision
        self._memory = None if device == "cpu" else "cuda"
        image_encoder, expression_encoder, query_head = (
            OnnxSession(paths[part], self._threads, device, cache, integers=precision == "int8")
            for part in PARTS
        )
        image_encoder.expect_inputs({"image": "tensor(uint8)"})
        expression_encoder.expect_inputs({"token_ids": "tensor(int64)"})
        query_head.expect_inputs({**image_encoder.outputs, **expression_encoder.outputs})
        query_head.expect_outputs("logits", HEAD_OUTPUTS)
        self._parts: tuple[OnnxSession, OnnxSession, OnnxSession] | None = (
            image_encoder,
            expression_encoder,
            query_head,
        )

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the encoding of a letterboxed RGB image, (S, S, 3)."""
        return self._run(self._open()[0], {"image": image[np.newaxis]}, keep=True)

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Return the encoding of one expression, (1, T)."""
        return self._open()[1].run({"token_ids": token_ids})

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return `logits` (B, 1, h, w) and, where the network has them, the others (B,)."""
        if not expressions:
            raise ValueError("expressions must hold at least one encoding, got none")
        image_encoder, expression_encoder, query_head = self._open()
        seen = tensors_of(image, list(image_encoder.outputs), "ONNX Runtime")
        names = list(expression_encoder.outputs)
        read = [tensors_of(one, names, "ONNX Runtime") for one in expressions]
        most = MOST_AT_ONCE if self._memory is None else len(read)
        answers = []
        for start in range(0, len(read), most):
            turn = read[start : start + most]
            stacked = {name: _joined([one[name] for one in turn]) for name in names}
            answers.append(self._run(query_head, {**seen, **stacked}, keep=False))
        return {name: _joined([one[name] for one in answers]) for name in answers[0]}

    def report(self) -> BackendReport:
        """Return version, providers and threads."""
        parts = self._open()
        return BackendReport(
            name="onnx",
            device=self._device,
            precision=self._precision,
            versions={"onnxruntime": onnxruntime.__version__},
            details={"providers": ", ".join(parts[0].providers), "threads": str(self._threads)},
        )

    def close(self) -> None:
        """Let go of the sessions and their memory."""
        self._parts = None

    def _run(self, part: OnnxSession, feeds: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        """Run a part, its outputs kept on the device or brought to the host."""
        if self._memory is None:
            return part.run(feeds)
        return part.run_bound(feeds, memory=self._memory, keep=keep)

    def _open(self) -> tuple[OnnxSession, OnnxSession, OnnxSession]:
        if self._parts is None:
            raise RuntimeError("this backend was closed; load the model again")
        return self._parts


def _joined(arrays: Sequence[AnyArray]) -> AnyArray:
    """Return arrays one after another; a single one as it is, without a copy."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
