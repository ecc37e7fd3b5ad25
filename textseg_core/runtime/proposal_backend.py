"""Runs a network over proposals: regions and masks on the host, the rest in ONNX Runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]

from textseg_core.arrays import Float32Array, Int64Array, UInt8Array
from textseg_core.model_info import ModelInfo
from textseg_core.proposals import Proposals, propose
from textseg_core.region_answers import ANSWERS, CERTAIN, Answer, answer_mask, regions_of
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    Tensors,
    tensors_of,
)
from textseg_core.runtime.onnx_session import OnnxDevice, OnnxSession, usable_cores
from textseg_core.runtime.variants import PARTS, fp32_paths

_WHO = "ONNX Runtime, over proposals,"


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What is kept of a picture."""

    image: UInt8Array
    proposals: Proposals
    present: Float32Array
    regions: Any


class ProposalBackend:
    """Proposes regions, has the network score them, and draws the best one.

    Args:
        directory: Model directory whose `model.yaml` names `proposals`.
        info: What it says.
        threads: Threads per network; 0 for as many as the process has cores.
        device: Where ONNX Runtime computes: "cpu" or "cuda".

    Raises:
        RuntimeError: If a file is missing, damaged or does not fit the others, or the device's
            provider is not there.
    """

    def __init__(
        self, directory: Path, info: ModelInfo, threads: int = 0, *, device: OnnxDevice = "cpu"
    ) -> None:
        self._count = cast(int, info.proposals["count"])
        self._cells = cast(int, info.proposals["cells"])
        self._answer = cast(Answer, info.proposals["answer"])
        self._side = info.input_px
        self._threads, self._device = threads or usable_cores(), device
        paths = fp32_paths(directory)
        image_encoder, expression_encoder, query_head = (
            OnnxSession(paths[part], self._threads, device, None) for part in PARTS
        )
        image_encoder.expect_inputs(
            {"image": "tensor(uint8)", "shares": "tensor(float)", "places": "tensor(float)"}
        )
        expression_encoder.expect_inputs({"token_ids": "tensor(int64)"})
        query_head.expect_inputs({**image_encoder.outputs, **expression_encoder.outputs})
        query_head.expect_outputs("scores", ("scores",))
        self._parts: tuple[OnnxSession, OnnxSession, OnnxSession] | None = (
            image_encoder,
            expression_encoder,
            query_head,
        )

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the proposals of a letterboxed RGB image, (S, S, 3), and their features."""
        kind = ANSWERS[self._answer]
        proposals = propose(image, self._count, kind)
        shares, places, present = regions_of(image, proposals, self._count, kind, self._cells)
        feeds = {"image": image[None], "shares": shares[None], "places": places[None]}
        return _Seen(image, proposals, present, self._open()[0].run(feeds)["regions"])

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Return the encoding of one expression, (1, T)."""
        return self._open()[1].run({"token_ids": token_ids})

    def scores(
        self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]
    ) -> Float32Array:
        """Return the score of each proposal for each expression, (B, N); -inf where there is none.

        Raises:
            ValueError: If an encoding is not this backend's, or there is no expression.
        """
        if not expressions:
            raise ValueError("expressions must hold at least one encoding, got none")
        if not isinstance(image, _Seen):
            raise ValueError(
                f"{_WHO} expects the encoding of an image that it made itself, "
                f"got {type(image).__name__}"
            )
        _, expression_encoder, query_head = self._open()
        names = list(expression_encoder.outputs)
        read = [tensors_of(one, names, _WHO) for one in expressions]
        stacked = {name: np.concatenate([one[name] for one in read]) for name in names}
        scores = query_head.run({"regions": image.regions, **stacked})["scores"]
        return np.where(image.present > 0.5, scores, -np.inf).astype(np.float32)

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return `logits` (B, 1, S, S): certain of the best region, and of all that is not it."""
        scores = self.scores(image, expressions)
        seen = cast(_Seen, image)
        logits = np.full((len(scores), 1, self._side, self._side), -CERTAIN, np.float32)
        drawn: dict[int, Any] = {}
        for row, index in enumerate(scores.argmax(axis=1).tolist()):
            if not len(seen.proposals):
                continue
            if index not in drawn:
                drawn[index] = answer_mask(seen.image, seen.proposals, index, self._answer)
            logits[row, 0][drawn[index]] = CERTAIN
        return {"logits": logits}

    def report(self) -> BackendReport:
        """Return version, providers, threads and what is answered."""
        parts = self._open()
        return BackendReport(
            name="onnx",
            device=self._device,
            precision="fp32",
            versions={"onnxruntime": onnxruntime.__version__},
            details={
                "providers": ", ".join(parts[0].providers),
                "threads": str(self._threads),
                "answers": f"the best of {self._count} proposals, as {self._answer}",
            },
        )

    def close(self) -> None:
        """Let go of the sessions and their memory."""
        self._parts = None

    def _open(self) -> tuple[OnnxSession, OnnxSession, OnnxSession]:
        if self._parts is None:
            raise RuntimeError("this backend was closed; load the model again")
        return self._parts
