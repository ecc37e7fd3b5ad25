"""What only a GPU can show of TensorRT: each check raises, or returns what it found in words."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.runtime.base import InferenceBackend, Tensors
from textseg_core.runtime.tensorrt.backend import TensorRtBackend
from textseg_core.runtime.tensorrt.engines import ENGINES

#: Greatest difference of a response, in [0, 1], from ONNX Runtime in float32.
TOLERANCE = {"fp32": 1e-3, "fp16": 1e-2, "int8": 1e-1}

#: The GPU's memory is counted in pages of this size.
SLACK_BYTES = 2 << 20


class CheckError(Exception):
    """A check found what it must not."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is checked.

    Attributes:
        start: Returns a new backend with its engines in this folder; "graphs" tells how.
        reference: The same model on ONNX Runtime.
        input_px: Side of the network's input.
        tokens: Length of a padded expression.
        words: Size of the vocabulary.
        precision: Of the engines.
        frames: How many frames the checks of memory and time take.
        folder: Where the engines are kept.
    """

    start: Callable[[bool], TensorRtBackend]
    reference: InferenceBackend
    input_px: int
    tokens: int
    words: int
    precision: str
    frames: int
    folder: Path

    def image(self, seed: int) -> UInt8Array:
        """Return a picture of coloured squares, (S, S, 3)."""
        colours = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
        places = np.arange(self.input_px) * 8 // self.input_px
        return np.ascontiguousarray(colours[places][:, places])

    def token_ids(self, seed: int) -> Int64Array:
        """Return an expression of random words, (1, T)."""
        return np.random.default_rng(seed).integers(0, self.words, (1, self.tokens), np.int64)


def check_parity(setting: Setting, backend: TensorRtBackend) -> str:
    """Answers are those of ONNX Runtime."""
    worst = 0.0
    for seed in range(16):
        count = 1 + seed % 8
        ours, theirs = (
            _ask(side, setting, seed, count, first=10 * seed)
            for side in (backend, setting.reference)
        )
        worst = max(worst, _apart(_responses(ours), _responses(theirs)))
    _demand(worst <= TOLERANCE[setting.precision], f"responses differ by {worst:.1e}")
    return f"responses within {worst:.1e}"


def check_batches(setting: Setting, backend: TensorRtBackend) -> str:
    """Seventeen expressions at once are answered as one by one."""
    read = [backend.encode_expression(setting.token_ids(seed)) for seed in range(17)]
    seen = backend.encode_image(setting.image(0))
    together = backend.respond(seen, read)
    singles = [backend.respond(seen, [one]) for one in read]
    worst = max(
        _apart({key: value[place : place + 1] for key, value in together.items()}, single)
        for place, single in enumerate(singles)
    )
    _demand(worst <= TOLERANCE[setting.precision], f"logits differ by {worst:.1e}")
    return f"logits within {worst:.1e} of singles"


def check_graphs(setting: Setting, backend: TensorRtBackend) -> str:
    """CUDA graphs are in use and answer as plain launches do."""
    _demand(backend.report().details["cuda graphs"] == "yes", "no CUDA graphs were recorded")
    plain = setting.start(False)
    try:
        answers = [_ask(side, setting, 1, 2) for side in (backend, plain)]
    finally:
        plain.close()
    worst = _apart(*answers)
    _demand(worst == 0.0, f"logits differ by {worst:.1e}")
    return "the same bits as without"


def check_frames(setting: Setting, backend: TensorRtBackend) -> str:
    """Frames under way at once are answered as if they were alone."""
    read = [backend.encode_expression(setting.token_ids(seed)) for seed in range(3)]
    alone = [backend.respond(backend.encode_image(setting.image(seed)), read) for seed in range(8)]
    found, waiting = [], [backend.submit(setting.image(0), read)]
    for seed in range(1, 8):
        waiting.append(backend.submit(setting.image(seed), read))
        found.append(backend.collect(waiting.pop(0)))
    found.append(backend.collect(waiting.pop()))
    worst = max(_apart(*pair) for pair in zip(found, alone, strict=True))
    _demand(worst == 0.0, f"logits differ by {worst:.1e}")
    return "8 frames, two at a time, the same bits"


def check_kept_engines(setting: Setting, backend: TensorRtBackend) -> str:
    """Engines are taken from the folder, and one that is foreign or damaged is built anew."""
    expected = _ask(backend, setting, 3, 1)
    again = setting.start(True)
    built = again.report().details["built now"]
    again.close()
    _demand(built == "0", f"{built} engines were built that lay in the folder")
    path = next(setting.folder.glob("expression_encoder-batch*.engine"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    mended = setting.start(True)
    try:
        built = mended.report().details["built now"]
        _demand(built == "1", f"{built} engines were built for one that was damaged")
        worst = _apart(_ask(mended, setting, 3, 1), expected)
    finally:
        mended.close()
    _demand(worst <= TOLERANCE[setting.precision], f"logits differ by {worst:.1e}")
    return "taken; a damaged one was built anew"


def check_kernels(setting: Setting, backend: TensorRtBackend) -> str:
    """What TensorRT for RTX compiled at one start is taken at the next."""
    started = perf_counter()
    again = setting.start(True)
    spent = perf_counter() - started
    kept = again.report().details.get("kernels kept")
    again.close()
    if kept is None:
        return f"none: TensorRT compiles while it builds; started in {spent:.1f} s"
    _demand(kept == f"{len(ENGINES)} of {len(ENGINES)}", f"{kept} were kept")
    return f"{kept} kept; started in {spent:.1f} s"


def check_memory(setting: Setting, backend: TensorRtBackend) -> str:
    """Nothing grows over many frames with ever new expressions."""
    cuda = backend.cuda

    def work(frames: int, first: int) -> None:
        for frame in range(frames):
            _ask(backend, setting, frame % 7, 1 + frame % 9, first=first + frame)

    work(100, 0)
    free, _ = cuda.memory()
    work(setting.frames, 1000)
    grown = free - cuda.memory()[0]
    # The display or another process may take some; a leak of a frame's image would take more.
    _demand(grown < min(64 << 20, setting.frames * 50_000), f"{grown / 2**20:.1f} MiB grew")
    return f"{grown / 2**20:.1f} MiB over {setting.frames} frames"


def check_unload(setting: Setting, backend: TensorRtBackend) -> str:
    """A closed backend has given its memory back."""
    cuda = backend.cuda
    free, _ = cuda.memory()
    other = setting.start(True)
    taken = free - cuda.memory()[0]
    other.close()
    kept = free - cuda.memory()[0]
    _demand(taken > 0 and kept <= 0.1 * taken + SLACK_BYTES, f"{kept >> 20} of {taken >> 20} MiB")
    return f"{taken / 2**20:.0f} MiB taken, {kept / 2**20:.1f} MiB kept"


def check_time(setting: Setting, backend: TensorRtBackend) -> str:
    """Time per frame: one after the other, and with the upload overlapped."""
    image = setting.image(0)
    told = []
    for count in (1, 8, 16):
        read = [backend.encode_expression(setting.token_ids(seed)) for seed in range(count)]
        spent = []
        for _ in range(setting.frames):
            started = perf_counter()
            backend.respond(backend.encode_image(image), read)
            spent.append(perf_counter() - started)
        told.append(f"{count} expressions {np.median(spent) * 1e3:.2f} ms")
    read = [backend.encode_expression(setting.token_ids(0))]
    started = perf_counter()
    ticket = backend.submit(image, read)
    for _ in range(setting.frames):
        following = backend.submit(image, read)
        backend.collect(ticket)
        ticket = following
    backend.collect(ticket)
    overlapped = (perf_counter() - started) / (setting.frames + 1)
    return f"median {', '.join(told)}; overlapped {overlapped * 1e3:.2f} ms a frame"


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckError(otherwise)


def _ask(
    backend: InferenceBackend, setting: Setting, seed: int, count: int, *, first: int = 0
) -> Tensors:
    """Return what a backend says of one image and some expressions."""
    read = [backend.encode_expression(setting.token_ids(first + place)) for place in range(count)]
    return backend.respond(backend.encode_image(setting.image(seed)), read)


def _responses(answer: Tensors) -> Tensors:
    """Return logits as probabilities."""
    return {key: 0.5 + 0.5 * np.tanh(0.5 * value) for key, value in answer.items()}


def _apart(one: Tensors, other: Tensors) -> float:
    """Return the greatest difference of two answers; NaN counts as infinitely far."""
    worst = max(float(np.abs(one[key] - other[key]).max()) for key in one)
    return worst if worst == worst else float("inf")


CHECKS = (
    check_parity,
    check_batches,
    check_graphs,
    check_frames,
    check_kept_engines,
    check_kernels,
    check_memory,
    check_unload,
    check_time,
)
