"""Runs a model directory with ONNX Runtime on the CPU."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    Tensors,
    tensors_of,
)

PROVIDERS = ("CPUExecutionProvider",)
PARTS = ("image_encoder", "expression_encoder", "query_head")
HEAD_OUTPUTS = ("logits", "presence", "several")


class OnnxBackend:
    """Runs `image_encoder.onnx`, `expression_encoder.onnx` and `query_head.onnx`.

    On the CPU provider and on no other. Raises RuntimeError if a file is missing, is not ONNX,
    or does not have the inputs and outputs that `base.InferenceBackend` names.
    """

    def __init__(self, directory: Path, threads: int = 0) -> None:
        self._threads = threads or usable_cores()
        image_encoder, expression_encoder, query_head = (
            _Part(directory / f"{name}.onnx", self._threads) for name in PARTS
        )
        image_encoder.expect_inputs({"image": "tensor(uint8)"})
        expression_encoder.expect_inputs({"token_ids": "tensor(int64)"})
        query_head.expect_inputs({**image_encoder.outputs, **expression_encoder.outputs})
        query_head.expect_outputs("logits", HEAD_OUTPUTS)
        self._parts: tuple[_Part, _Part, _Part] | None = (
            image_encoder,
            expression_encoder,
            query_head,
        )

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the encoding of a letterboxed RGB image, (S, S, 3)."""
        return self._open()[0].run({"image": image[np.newaxis]})

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
        # A single one is passed on as it is: stacking would copy it.
        stacked = (
            read[0]
            if len(read) == 1
            else {name: np.concatenate([one[name] for one in read]) for name in names}
        )
        return query_head.run({**seen, **stacked}, give_back=len(read) > 1)

    def report(self) -> BackendReport:
        """Return the version, providers and threads."""
        self._open()
        return BackendReport(
            name="onnx",
            device="cpu",
            precision="fp32",
            versions={"onnxruntime": onnxruntime.__version__},
            details={"providers": ", ".join(PROVIDERS), "threads": str(self._threads)},
        )

    def close(self) -> None:
        """Let go of the sessions and their memory."""
        self._parts = None

    def _open(self) -> "tuple[_Part, _Part, _Part]":
        if self._parts is None:
            raise RuntimeError("this backend was closed; load the model again")
        return self._parts


class _Part:
    """One ONNX file and its session."""

    def __init__(self, path: Path, threads: int) -> None:
        if not path.is_file():
            raise RuntimeError(
                f"{path}: no such file, expected one of the network's three ONNX parts; export "
                "the model again, or install the package again if these are its own weights"
            )
        self._path = path
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), _session_options(threads), providers=list(PROVIDERS)
            )
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RuntimeError(
                f"{path}: ONNX Runtime {onnxruntime.__version__} cannot load it, the file is "
                f"damaged or made for a newer version; export the model again ({error})"
            ) from error
        self._inputs = {entry.name: entry for entry in self._session.get_inputs()}
        self._output_names = [entry.name for entry in self._session.get_outputs()]
        self.outputs: dict[str, str] = {e.name: e.type for e in self._session.get_outputs()}

    def run(self, feeds: Tensors, *, give_back: bool = False) -> Tensors:
        """Return the outputs by name.

        Args:
            feeds: Inputs by name.
            give_back: Whether memory that this run needed goes back to the system.
        """
        for name, array in feeds.items():
            self._check(name, array.shape)
        try:
            outputs = self._session.run(
                self._output_names, feeds, _giving_back() if give_back else None
            )
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RuntimeError(f"{self._path}: ONNX Runtime failed: {error}") from error
        return dict(zip(self._output_names, outputs, strict=True))

    def expect_inputs(self, types_by_name: dict[str, str]) -> None:
        """Refuse a file whose inputs are not exactly these."""
        came = {name: entry.type for name, entry in self._inputs.items()}
        if came != types_by_name:
            raise RuntimeError(
                f"{self._path}: expected the inputs {types_by_name}, got {came}; "
                "export the model's three parts together"
            )

    def expect_outputs(self, needed: str, accepted: Sequence[str]) -> None:
        """Refuse a file that lacks the needed output or has one that is not accepted."""
        if needed not in self._output_names or not set(self._output_names) <= set(accepted):
            raise RuntimeError(
                f"{self._path}: expected the output {needed!r} and none beyond {accepted}, "
                f"got {self._output_names}; export the model again"
            )

    def _check(self, name: str, shape: tuple[int, ...]) -> None:
        """Refuse an array whose fixed sides are not those of the file."""
        expected = self._inputs[name].shape
        if len(shape) != len(expected) or any(
            isinstance(side, int) and side != came
            for side, came in zip(expected, shape, strict=True)
        ):
            raise RuntimeError(
                f"{self._path}: {name} must be {tuple(expected)}, got {shape}; model.yaml and "
                "the ONNX files must come from one export"
            )


def _session_options(threads: int) -> "onnxruntime.SessionOptions":
    """Return options that keep memory flat and the cores free between runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors; warnings are about the exporter's style
    # Kept from run to run. Fetched anew, the 14 MB of an image come and go in the allocator's
    # books (measured: resident memory 7 % up and down), and cost page faults every time.
    options.enable_cpu_mem_arena = True
    # Three sessions and the rest of the robot share the cores: a thread that spins while it waits
    # takes them from the one that works (measured on 2 busy cores: up to 3 times slower).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _giving_back() -> "onnxruntime.RunOptions":
    """Return options for a run whose memory is not kept: a large batch of expressions, say."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
