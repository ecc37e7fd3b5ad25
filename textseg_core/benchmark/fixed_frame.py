"""Encoder and head with buffers and a number of queries that stay. Imports torch."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from textseg_core.arrays import UInt8Array
from textseg_core.benchmark.frames import draw_picture
from textseg_core.benchmark.interleave import TOTAL, Contestant
from textseg_core.benchmark.lineup import CAMERA, network_name, whole_name
from textseg_core.models.base import SegmentationNetwork
from textseg_core.postprocess import postprocess
from textseg_core.preprocess import letterbox_image
from textseg_core.response import Response
from textseg_core.runtime.cuda_graph import CudaGraph


class FixedFrame:
    """Image encoder and head for a fixed number of queries, in buffers that stay where they are.

    On CUDA `run` replays a graph; elsewhere it calls the network.

    Attributes:
        run: Does encoder and head once; does not wait for a GPU.
    """

    def __init__(
        self, network: SegmentationNetwork, queries: int, device: str, *, compiled: bool
    ) -> None:
        side = network.input_px
        self._pinned = torch.zeros(1, side, side, 3, dtype=torch.uint8)
        self._image = self._pinned.to(device)
        token_ids = torch.ones(queries, network.tokens, dtype=torch.int64, device=device)
        self._cuda = self._image.is_cuda
        encoder: Any = network.image_encoder
        head: Any = network.query_head
        if compiled:
            encoder, head = (torch.compile(part, dynamic=False) for part in (encoder, head))
        with torch.inference_mode():
            read = tuple(tensor.clone() for tensor in network.expression_encoder(token_ids))

        def step() -> tuple[torch.Tensor, ...]:
            answer: tuple[torch.Tensor, ...] = head(*encoder(self._image), *read)
            return answer

        self.run: Callable[[], object]
        with torch.inference_mode():
            if self._cuda:
                self._pinned = self._pinned.pin_memory()
                graph = CudaGraph(step, (), self._image.device)
                self._answer = graph.outputs
                self.run = graph
            else:
                self._answer = step()
                self.run = lambda: self._keep(step)
            self._logits = self._answer[0].float().cpu()
            if self._cuda:
                self._logits = self._logits.pin_memory()

    def answer(self, image: UInt8Array) -> np.ndarray:
        """Return the logits (Q, 1, h, w) for a letterboxed image, (S, S, 3)."""
        with torch.inference_mode():  # outside of it torch does not write to what was made in it
            self._pinned[0] = torch.from_numpy(image)
            self._image.copy_(self._pinned, non_blocking=True)
            self.run()
            self._logits.copy_(self._answer[0], non_blocking=True)
        self.wait()
        return self._logits.numpy()

    def wait(self) -> None:
        """Return once the GPU has done what it was given."""
        if self._cuda:
            torch.cuda.synchronize()

    def _keep(self, step: Callable[[], tuple[torch.Tensor, ...]]) -> None:
        with torch.inference_mode():
            self._answer = step()


def contestants(frame: FixedFrame, queries: int, input_px: int) -> list[Contestant]:
    """Return the network alone, and everything from a host image to masks."""
    picture = draw_picture(*CAMERA)

    def network() -> dict[str, float]:
        started_s = time.perf_counter()
        frame.run()
        frame.wait()
        return {TOTAL: (time.perf_counter() - started_s) * 1e3}

    def whole() -> dict[str, float]:
        started_s = time.perf_counter()
        square, letterbox = letterbox_image(picture, input_px)
        prepared_s = time.perf_counter()
        logits = frame.answer(square)
        answered_s = time.perf_counter()
        for each in logits[:, 0]:
            response = Response(each, letterbox)
            postprocess(response, threshold=0.5, min_area_px=64, max_objects=16)
        ended_s = time.perf_counter()
        return {
            "preprocess": (prepared_s - started_s) * 1e3,
            "encoder": (answered_s - prepared_s) * 1e3,
            "postprocess": (ended_s - answered_s) * 1e3,
            TOTAL: (ended_s - started_s) * 1e3,
        }

    return [Contestant(network_name(queries), network), Contestant(whole_name(queries), whole)]
