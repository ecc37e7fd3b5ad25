"""The engines joined on the GPU: buffers with fixed addresses, two streams, copies in between."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import AnyArray, Int64Array, UInt8Array
from textseg_core.runtime.base import Tensors
from textseg_core.runtime.tensorrt.cuda import Cuda, CudaError
from textseg_core.runtime.tensorrt.engines import BUCKETS, EngineName
from textseg_core.runtime.tensorrt.execution import EngineRun, TensorInfo
from textseg_core.runtime.tensorrt.handles import ExpressionHandle, ExpressionStore
from textseg_core.runtime.tensorrt.memory import HostBuffer, Memory

#: Frames that may be under way at once: one computes while the next is uploaded.
FRAMES = 2
#: Place for answers beside those of the frames under way.
ASIDE = FRAMES


@dataclass(slots=True)
class _Frame:
    """Where one image is uploaded: host, GPU, and the marks that keep them apart in time."""

    host: HostBuffer
    device: int
    uploaded: int
    consumed: int


@dataclass(slots=True)
class _Head:
    """The query head for one number of expressions."""

    run: EngineRun
    addresses: dict[str, int]
    answers: list[dict[str, HostBuffer]]
    #: Which expression each row holds, by the number of its handle; 0 for none.
    rows: list[int] = field(default_factory=list)


class Wiring:
    """Engines, memory and streams of one model on one GPU; knows nothing of words or threads.

    Whatever is put into its stream happens in order. The copy of an image to the GPU goes
    through a stream of its own, so that it overlaps with the frame before.

    Raises:
        RuntimeError: If the engines do not fit each other, or memory is short.
    """

    def __init__(self, cuda: Cuda, runs: Mapping[EngineName, EngineRun], *, graphs: bool) -> None:
        self._cuda = cuda
        self._runs = list(runs.values())
        self.memory = Memory(cuda)
        self._events: list[int] = []
        self._streams: list[int] = []
        self._frames: list[_Frame] = []
        self._heads: dict[int, _Head] = {}
        self._next = 0
        try:
            self._build(runs, graphs)
        except BaseException:
            with suppress(CudaError):  # a GPU that failed may fail again; the first error counts
                self.close()
            raise

    @property
    def has_graphs(self) -> bool:
        """Whether every engine runs as a CUDA graph."""
        return all(run.has_graph for run in self._runs)

    def encode_image(self, image: UInt8Array) -> None:
        """Put the upload of an image and its encoding into the stream's turn; (S, S, 3)."""
        cuda, frame = self._cuda, self._frames[self._next]
        self._next = (self._next + 1) % FRAMES
        # The host may write again once the GPU has read what lay there.
        cuda.wait_event(frame.consumed if cuda.gpu.integrated else frame.uploaded)
        np.copyto(frame.host.array, image.reshape(-1))
        if not cuda.gpu.integrated:
            cuda.stream_waits(self._upload, frame.consumed)
            cuda.copy(frame.device, frame.host.address, self.image.bytes, self._upload)
            cuda.record(frame.uploaded, self._upload)
            cuda.stream_waits(self._stream, frame.uploaded)
        cuda.copy(self._addresses["image"], frame.device, self.image.bytes, self._stream)
        cuda.record(frame.consumed, self._stream)
        self._image_encoder.run(cuda, self._stream)

    def encode_expression(self, token_ids: Int64Array) -> ExpressionHandle:
        """Put the encoding of an expression into the stream's turn; (1, T)."""
        cuda, stream = self._cuda, self._stream
        handle = self.store.take()
        cuda.wait_event(self._words_read)
        self._words.array[:] = np.ascontiguousarray(token_ids).view(np.uint8).reshape(-1)
        size = self.token_ids.bytes
        cuda.copy(self._addresses["token_ids"], self._words.address, size, stream)
        cuda.record(self._words_read, stream)
        self._expression_encoder.run(cuda, stream)
        for name, info in self._expression_encoder.outputs.items():
            target = handle.address + self.store.offsets[name]
            cuda.copy(target, self._addresses[name], info.bytes, stream)
        return handle

    def respond(self, expressions: Sequence[ExpressionHandle], place: int) -> int:
        """Put the answers for the latest image into the stream's turn.

        Args:
            expressions: At most as many as the largest bucket.
            place: Where the answers go: a frame's number, or `ASIDE`.

        Returns:
            The bucket, for `answers`.
        """
        cuda, stream = self._cuda, self._stream
        bucket = next(size for size in BUCKETS if size >= len(expressions))
        head = self._heads[bucket]
        for row, handle in enumerate(expressions):
            # Often the same words are asked of every frame: they lie there already.
            if head.rows[row] != handle.number:
                for name, info in self._expression_encoder.outputs.items():
                    source = handle.address + self.store.offsets[name]
                    target = head.addresses[name] + row * info.bytes
                    cuda.copy(target, source, info.bytes, stream)
                head.rows[row] = handle.number
        head.run.run(cuda, stream)
        for name, info in head.run.outputs.items():
            cuda.copy(head.answers[place][name].address, head.addresses[name], info.bytes, stream)
        cuda.record(self._answered[place], stream)
        return bucket

    def answers(self, bucket: int, count: int, place: int) -> Tensors:
        """Wait for answers and return copies of the first `count`, in float32."""
        self._cuda.wait_event(self._answered[place])
        head = self._heads[bucket]
        found: Tensors = {}
        for name, info in head.run.outputs.items():
            raw: AnyArray = head.answers[place][name].array.view(info.dtype)
            found[name] = raw.reshape(info.shape)[:count].astype(np.float32)
        return found

    def close(self) -> None:
        """Wait for the GPU and give everything back."""
        cuda = self._cuda
        for stream in self._streams:
            cuda.wait(stream)
        for run in self._runs:
            run.close(cuda)
        while self._events:
            cuda.free_event(self._events.pop())
        while self._streams:
            cuda.free_stream(self._streams.pop())
        self._frames.clear()
        self._heads.clear()
        self.memory.free()

    def _build(self, runs: Mapping[EngineName, EngineRun], graphs: bool) -> None:
        """Take memory, bind the engines to it, and run each once."""
        self._stream, self._upload = self._make_stream(), self._make_stream()
        self._image_encoder = runs[EngineName("image_encoder")]
        self._expression_encoder = runs[EngineName("expression_encoder")]
        self.image = _only_input(self._image_encoder, "image", np.uint8)
        self.token_ids = _only_input(self._expression_encoder, "token_ids", np.int64)
        encoders = (self._image_encoder, self._expression_encoder)
        self._addresses = {
            name: self.memory.device(info.bytes, self._stream)
            for run in encoders
            for name, info in run.tensors.items()
        }
        for run in encoders:
            run.make_ready(self._cuda, self._addresses, self._stream, graph=graphs)
        self._frames = [self._make_frame() for _ in range(FRAMES)]
        self._words = self.memory.host(self.token_ids.bytes)
        self._words_read = self._make_event()
        self._answered = [self._make_event() for _ in range(FRAMES + 1)]
        self.store = ExpressionStore(self.memory, self._expression_encoder.outputs, self._stream)
        for batch in BUCKETS:
            run = runs[EngineName("query_head", batch)]
            self._check_head(run, batch)
            self._heads[batch] = self._make_head(run, batch, graphs)

    def _make_head(self, run: EngineRun, batch: int, graphs: bool) -> _Head:
        # The image's encoding is read where the image encoder wrote it.
        shared = self._image_encoder.outputs
        addresses = {
            name: self._addresses[name]
            if name in shared
            else self.memory.device(info.bytes, self._stream)
            for name, info in run.tensors.items()
        }
        run.make_ready(self._cuda, addresses, self._stream, graph=graphs)
        answers = [
            {name: self.memory.host(info.bytes) for name, info in run.outputs.items()}
            for _ in range(FRAMES + 1)
        ]
        return _Head(run, addresses, answers, [0] * batch)

    def _check_head(self, run: EngineRun, batch: int) -> None:
        """Refuse a query head that does not read what the encoders write."""
        expected = {key: (i.shape, i.dtype) for key, i in self._image_encoder.outputs.items()}
        for key, info in self._expression_encoder.outputs.items():
            expected[key] = ((batch, *info.shape[1:]), info.dtype)
        came = {key: (info.shape, info.dtype) for key, info in run.inputs.items()}
        if came != expected:
            raise RuntimeError(
                f"{run.name}: expected the inputs {expected}, got {came}; export the model's "
                "three parts together"
            )
        if any(info.shape[0] != batch for info in run.outputs.values()):
            raise RuntimeError(f"{run.name}: expected outputs for {batch} expressions")

    def _make_frame(self) -> _Frame:
        host = self.memory.host(self.image.bytes)
        # An integrated GPU reads the host's memory where it is.
        device = (
            host.device_address
            if self._cuda.gpu.integrated
            else self.memory.device(self.image.bytes, self._stream)
        )
        return _Frame(host, device, self._make_event(), self._make_event())

    def _make_stream(self) -> int:
        self._streams.append(self._cuda.make_stream())
        return self._streams[-1]

    def _make_event(self) -> int:
        self._events.append(self._cuda.make_event())
        return self._events[-1]


def _only_input(run: EngineRun, name: str, dtype: type[np.generic]) -> TensorInfo:
    """Return the one input of an encoder; refuse an engine with others."""
    if set(run.inputs) != {name} or run.inputs[name].dtype != dtype:
        raise RuntimeError(
            f"{run.name}: expected the input {name!r} of {np.dtype(dtype)}, got "
            f"{ {key: str(info.dtype) for key, info in run.inputs.items()} }; export the model "
            "again"
        )
    return run.inputs[name]
