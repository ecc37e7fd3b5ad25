"""Our network on a GPU in torch: float16, compiled, replayed as a CUDA graph. Imports torch.

Command: `python -m textseg_core.benchmark.gpu`. Weights are random, which takes the same time;
backends of the segmenter are measured by `--ours gpu:backend=...` of `textseg_core.benchmark`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textseg_core.arrays import UInt8Array
from textseg_core.benchmark.frames import draw_picture
from textseg_core.benchmark.interleave import TOTAL, Contestant, interleave
from textseg_core.benchmark.lineup import CAMERA
from textseg_core.benchmark.machine import Watch, describe, video_mb
from textseg_core.benchmark.statistics import AROUND, ratio, share, spread, values_of
from textseg_core.benchmark.targets import Target, targets_table
from textseg_core.evaluation.report import Table, command_line, markdown, write_text
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.registry import build
from textseg_core.postprocess import postprocess
from textseg_core.preprocess import letterbox_image

MODULE = "textseg_core.benchmark.gpu"
QUERIES = (1, 2, 4, 8, 16)
MOST_NETWORK_MS = 1.5
COST_OF_SIXTEEN = 2.0
MOST_WHOLE_MS = 3.0
_VOCABULARY = 3000
_WARM_UP = 3


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
            encoder, head = torch.compile(encoder), torch.compile(head)
        with torch.inference_mode():
            read = tuple(tensor.clone() for tensor in network.expression_encoder(token_ids))

        def step() -> tuple[torch.Tensor, ...]:
            answer: tuple[torch.Tensor, ...] = head(*encoder(self._image), *read)
            return answer

        self.run: Callable[[], None]
        with torch.inference_mode():
            if self._cuda:
                self._pinned = self._pinned.pin_memory()
                self.run = self._capture(step)
            else:
                self._answer = step()
                self.run = lambda: self._keep(step)
            self._logits = self._answer[0].float().cpu()
            if self._cuda:
                self._logits = self._logits.pin_memory()

    def answer(self, image: UInt8Array) -> np.ndarray:
        """Return the logits (Q, 1, h, w) for a letterboxed image, (S, S, 3)."""
        self._pinned[0] = torch.from_numpy(image)
        with torch.inference_mode():
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

    def _capture(self, step: Callable[[], tuple[torch.Tensor, ...]]) -> Callable[[], None]:
        """Return what replays a step; it warms up on a stream of its own, as graphs want it."""
        cuda: Any = torch.cuda  # whose streams torch leaves without types
        stream = cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._answer = step()
        return graph.replay


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
            postprocess(each, letterbox, threshold=0.5, min_area_px=64, max_objects=16)
        ended_s = time.perf_counter()
        return {
            "preprocess": (prepared_s - started_s) * 1e3,
            "encoder": (answered_s - prepared_s) * 1e3,
            "postprocess": (ended_s - answered_s) * 1e3,
            TOTAL: (ended_s - started_s) * 1e3,
        }

    return [Contestant(_network(queries), network), Contestant(_whole(queries), whole)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--device", default="cuda", help="a torch device; no graph on the CPU")
    parser.add_argument("--input-px", type=int, default=320)
    parser.add_argument("--no-compile", action="store_true", help="the graph alone")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--turn-s", type=float, default=0.5)
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    said = [f"command: `{command_line(MODULE, given)}`", *describe()]
    try:
        network = build("compact", vocabulary_size=_VOCABULARY, input_px=options.input_px)
        network = network.eval().to(options.device)
    except (ValueError, RuntimeError, AssertionError) as error:
        print(f"{MODULE}: torch cannot use {options.device!r} here: {error}", file=sys.stderr)
        return 1
    half = options.device != "cpu"
    network = network.half() if half else network
    listed = []
    for count in QUERIES:
        frame = FixedFrame(network, count, options.device, compiled=not options.no_compile)
        listed += contestants(frame, count, options.input_px)
    watch = Watch()
    samples = interleave(listed, rounds=options.rounds, turn_s=options.turn_s)
    usage = watch.usage()
    said.append(str(usage))
    said.append(
        f"float{16 if half else 32} on {options.device}, "
        f"{'no graph' if not half else 'CUDA graph'}, "
        f"{'not compiled' if options.no_compile else 'compiled'}; video memory of this process: "
        f"{video_mb() or 0.0:.0f} MB"
    )
    rows = []
    for contestant in listed:
        found = spread(values_of(samples, contestant.name))
        figures = (f"{found.median:.3f}", f"{found.p95:.3f}", f"{found.p99:.3f}")
        rows.append((contestant.name, *figures, str(found.frames)))
    columns = ("contestant", "median ms", "p95 ms", "p99 ms", "frames")
    one = spread(values_of(samples, _network(1))).median
    whole = spread(values_of(samples, _whole(1))).median
    cost = ratio(samples, _network(16), _network(1)).value
    around = share(samples, _whole(1), AROUND)
    again = 16 * one / spread(values_of(samples, _network(16))).median
    found_targets = [
        Target("encoder + head, 1 query, ms", f"{one:.3f}", "<= 1.5", one <= MOST_NETWORK_MS),
        Target("16 queries against 1", f"{cost:.2f}", "<= 2.0", cost <= COST_OF_SIXTEEN),
        Target("host image to mask, ms", f"{whole:.3f}", "<= 3.0", whole <= MOST_WHOLE_MS),
        Target("share of preprocess and postprocess", f"{around:.1%}", "< 25%", around < 0.25),
    ]
    said.append(f"encoding the image anew for each of 16 queries would take {again:.1f} times it")
    tables = [Table("Until the device has finished", columns, tuple(rows))]
    if half:
        tables.insert(0, targets_table(found_targets, quiet=usage.quiet))
    page = markdown("GPU", tables, said)
    if options.write is not None:
        write_text(options.write, page)
    print(page)
    return 0


def _network(queries: int) -> str:
    return f"encoder + head, {queries} queries"


def _whole(queries: int) -> str:
    return f"host image to masks, {queries} queries"


if __name__ == "__main__":
    sys.exit(main())
