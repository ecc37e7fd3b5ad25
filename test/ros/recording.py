"""A transport that keeps what it is given, and networks of a few lines for the tests."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.config import SegmenterConfig
from textseg_core.model_info import ModelInfo
from textseg_core.runtime.base import BackendReport, Tensors
from textseg_core.segmenter import Segmenter
from textseg_core.tokenizer import Tokenizer
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.eyes import MakeTransforms
from textseg_ros.messages import MessageTypes, byte_sequence
from textseg_ros.report import Level
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import topic_of

TIMEOUT_S = 60.0
NOW_NS = 1_000_000_000_000
RED_BLOCK = (slice(32, 64), slice(64, 128))


class RednessBackend:
    """Stands in for a network: a cell's logit is positive where it is red."""

    def encode_image(self, image: UInt8Array) -> Tensors:
        red = image[..., 0].astype(np.float32) - image[..., 1]
        cells = red.reshape(12, 8, 12, 8).mean(axis=(1, 3))
        return {"logits": np.where(cells > 128, 8.0, -8.0).astype(np.float32)}

    def encode_expression(self, token_ids: Int64Array) -> Tensors:
        return {"ids": token_ids}

    def respond(self, image: Any, expressions: Sequence[Any]) -> Tensors:
        count = len(expressions)
        return {"logits": np.repeat(image["logits"][None, None], count, axis=0)}

    def report(self) -> BackendReport:
        return BackendReport(name="redness", device="cpu", precision="fp32")

    def close(self) -> None:
        pass


class GatedBackend(RednessBackend):
    """Says when it has begun and waits until it may go on."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def respond(self, image: Any, expressions: Sequence[Any]) -> Tensors:
        self.begun.release()
        assert self.go_on.acquire(timeout=TIMEOUT_S)
        return super().respond(image, expressions)


class SlowBackend(RednessBackend):
    """Takes a third of a second for each answer, so that there is always one in work."""

    def respond(self, image: Any, expressions: Sequence[Any]) -> Tensors:
        time.sleep(0.3)
        return super().respond(image, expressions)


class FaultyBackend(RednessBackend):
    """Does what `fault` says to the logits, until it is taken away."""

    def __init__(self, fault: Callable[[Tensors], Tensors]) -> None:
        self.fault: Callable[[Tensors], Tensors] | None = fault

    def respond(self, image: Any, expressions: Sequence[Any]) -> Tensors:
        answer = super().respond(image, expressions)
        return answer if self.fault is None else self.fault(answer)


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class RecordingTransport:
    """Keeps messages and log lines; checks that each message can be sent."""

    def __init__(self, messages: MessageTypes) -> None:
        self.messages = messages
        self.ros_time_ns = NOW_NS
        self.sent: list[tuple[str, Any]] = []
        self.lines: list[tuple[Level, str]] = []
        self.broken = False
        self.listened = True
        self.watched: list[tuple[str, bool]] = []

    def publish(self, key: str, message: object) -> None:
        if self.broken and key != "diagnostics":
            raise RuntimeError("the network is down")
        serialize = getattr(self.messages, "serialize", None)
        if serialize is not None:  # rosbags finds wrong types here, generated classes when made
            serialize(message, topic_of(key).type_name)
        self.sent.append((key, message))

    def listeners(self, key: str) -> int:
        return int(self.listened)

    def watch(self, camera: str, on: bool) -> None:
        self.watched.append((camera, on))

    def watch_depth(self, camera: str, on: bool) -> None:
        self.watched.append((f"{camera} depth".strip(), on))

    def now_ns(self) -> int:
        return self.ros_time_ns

    def log(self, level: Level, text: str) -> None:
        self.lines.append((level, text))

    def of(self, key: str) -> list[Any]:
        """Return the messages published on a topic, oldest first."""
        return [message for sent_key, message in self.sent.copy() if sent_key == key]

    def troubles(self) -> list[str]:
        """Return the warnings and errors."""
        return [text for level, text in self.lines.copy() if level != "info"]


class Bench:
    """One behaviour with its transport, and the messages to feed it."""

    def __init__(
        self,
        types: MessageTypes,
        backend: RednessBackend | None = None,
        *,
        make_transforms: MakeTransforms | None = None,
        **settings: Any,
    ) -> None:
        self.types = types
        self.clock = Clock()
        self.transport = RecordingTransport(types)
        self.behaviour = SegmentationBehaviour(
            self.transport,
            lambda given: make_segmenter(backend or RednessBackend(), given.segmenter),
            NodeSettings(**settings),
            make_transforms=make_transforms,
            clock_s=self.clock,
        )

    def __enter__(self) -> "Bench":
        self.behaviour.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.behaviour.close()

    def header(self, stamp_ns: int = NOW_NS) -> Any:
        stamp = self.types.get("builtin_interfaces/msg/Time")(
            sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9
        )
        return self.types.get("std_msgs/msg/Header")(stamp=stamp, frame_id="camera")

    def image(
        self, pixels: UInt8Array | None = None, stamp_ns: int = NOW_NS, **fields: Any
    ) -> Any:
        """Return an rgb8 image; without pixels one with a red block."""
        pixels = red_block() if pixels is None else pixels
        message_class = self.types.get("sensor_msgs/msg/Image")
        values: dict[str, Any] = {
            "header": self.header(stamp_ns),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "encoding": "rgb8",
            "is_bigendian": 0,
            "step": pixels.shape[1] * 3,
            "data": byte_sequence(message_class, pixels),
        }
        return message_class(**(values | fields))

    def compressed(self, data: bytes, stamp_ns: int = NOW_NS, format_text: str = "png") -> Any:
        message_class = self.types.get("sensor_msgs/msg/CompressedImage")
        values = byte_sequence(message_class, np.frombuffer(data, np.uint8))
        return message_class(header=self.header(stamp_ns), format=format_text, data=values)

    def ask(self, text: str) -> None:
        self.behaviour.on_query(self.types.get("std_msgs/msg/String")(data=text))

    def show(self, *messages: Any) -> None:
        """Pass raw images on, each once the one before has been dealt with."""
        for message in messages:
            self.behaviour.on_image(message)
            self.settle()

    def settle(self) -> None:
        """Wait until every frame that came was answered, refused or dropped."""
        ended = ("unasked", "limited", "answered", "replaced", "refused", "failed", "discarded")
        until(lambda: self.count("received") == sum(self.count(what) for what in ended))

    def count(self, what: str) -> int:
        return self.behaviour.statistics.total(what)

    def tick(self) -> Any:
        """Return the first status that one tick publishes, which sums them up."""
        self.behaviour.on_tick()
        return self.transport.of("diagnostics")[-1].status[0]

    def diagnostic(self, name: str) -> str:
        """Return a value from whichever status of one tick has it."""
        return str(self.diagnostics()[name])

    def diagnostics(self) -> dict[str, str]:
        """Return the values of all statuses of one tick."""
        self.tick()
        statuses = self.transport.of("diagnostics")[-1].status
        return {pair.key: pair.value for status in statuses for pair in status.values}


def make_segmenter(backend: RednessBackend, config: SegmenterConfig | None = None) -> Segmenter:
    """Return a segmenter of 96 pixels that knows the words "the red block"."""
    info = ModelInfo(
        name="redness",
        input_px=96,
        stride=8,
        tokens=8,
        padding="right",
        tokenizer="words",
        presence_threshold=0.5,
        threshold=0.5,
    )
    words = ["<pad>", "<go>", "<eos>", "<unk>", "the", "red", "block"]
    tokenizer = Tokenizer(words, length=8, padding="right", kind="words")
    return Segmenter(config or SegmenterConfig(), info, tokenizer, backend)


def red_block(height: int = 96, width: int = 192) -> UInt8Array:
    """Return black with a red block of 64 x 32 pixels whose corner is (64, 32)."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[RED_BLOCK] = (255, 0, 0)
    return picture


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread's work."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "the other thread did not get there"
        threading.Event().wait(0.001)
