"""Plays a bag into the node's behaviour: message by message, each answered before the next.

What places answers in space runs ahead of the images by as long as the node would wait for it, so
that nothing is waited for and the result does not depend on the speed of the machine.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from textseg_ros.bag.choose import ASKING, Inputs
from textseg_ros.bag.files import BagWriter
from textseg_ros.bag.transport import BagClock, BagTransport
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.engine import Load
from textseg_ros.pairing import QUEUE
from textseg_ros.report import Level
from textseg_ros.settings import NodeSettings
from textseg_ros.tf_source import TF_TYPE, TfListener
from textseg_ros.topics import camera_key, topic_of
from textseg_ros.typestore import TypeStore

_TICK_NS = 1_000_000_000
_POLL_S = 0.0005
_LONGEST_S = 300.0
_DEPTH = ("depth", "camera_info", "depth_info")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a bag, as recorded."""

    topic: str
    time_ns: int
    data: bytes


class _BagTransforms(TfListener):
    """Those of the bag, read whether a query needs them now or a later one will."""

    def close(self) -> None:
        """Go on: nothing waits here, and the next query is placed by what was read before it."""


class Player:
    """One behaviour that answers a bag; a context manager, which loads the network and ends it.

    Args:
        types: Message classes.
        writer: Where answers go; its topics have been added.
        inputs: What is played.
        outputs: Name by key of the topics to write.
        load: Makes what answers.
        settings: The node's settings.
        query: Asked from the beginning, in place of the queries in the bag; "" for those.
        copies: Topics that are written as they are.
        log: Told what the operator should know.
    """

    def __init__(
        self,
        types: TypeStore,
        writer: BagWriter,
        inputs: Inputs,
        outputs: dict[str, str],
        load: Load,
        settings: NodeSettings,
        *,
        query: str = "",
        copies: Collection[str] = (),
        log: Callable[[Level, str], None],
    ) -> None:
        self._types, self._writer, self._inputs = types, writer, inputs
        self._query, self._copies = query, frozenset(copies)
        self._clock = BagClock()
        self._transport = BagTransport(types, writer, outputs, self._clock, log)
        self._transport.on_watch_depth = self._begin_depth
        # What has come by the time of an image, or within these after it, is there already.
        lead_s = max(settings.depth_timeout_s, settings.transform_timeout_s)
        self._lead_ns = round(lead_s * 1e9) if inputs.depth_cameras else 0
        self._transforms = _BagTransforms(self._tell, lambda: self._clock.time_ns)
        self.behaviour = SegmentationBehaviour(
            self._transport,
            load,
            replace(settings, depth_timeout_s=0.0, transform_timeout_s=0.0),
            topic_names=inputs.names,
            make_transforms=(lambda tell: self._transforms) if inputs.depth_cameras else None,
            clock_s=self._clock,
        )
        self._depth: dict[str, deque[Message]] = {}
        self._next_tick_ns: int | None = None
        self.faults = 0

    def __enter__(self) -> "Player":
        self.behaviour.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.behaviour.close()

    def play(self, messages: Iterable[Message], passed: Callable[[int], None]) -> None:
        """Answer a bag.

        Args:
            messages: In the order of their times.
            passed: Told the time that was reached, nanoseconds.

        Raises:
            RuntimeError: If an image is not done with after minutes.
        """
        waiting: deque[Message] = deque()
        for message in messages:
            self._run_ahead(message)
            waiting.append(message)
            while waiting and waiting[0].time_ns <= message.time_ns - self._lead_ns:
                self._play(waiting.popleft(), passed)
        for message in waiting:
            self._play(message, passed)

    def _run_ahead(self, message: Message) -> None:
        """Take what places answers in space before its turn."""
        if message.topic in self._inputs.transforms:
            if self._inputs.depth_cameras:
                static = self._inputs.transforms[message.topic]
                take = self._transforms.on_tf_static if static else self._transforms.on_tf
                self._take(message, TF_TYPE, take)
            return
        key = self._inputs.keys.get(message.topic, "")
        camera, _, own = key.rpartition("/")
        if own not in _DEPTH:
            return
        if camera in self._transport.depth_watched:
            self._show_depth(message)
        self._depth.setdefault(key, deque(maxlen=QUEUE if own == "depth" else 1)).append(message)

    def _begin_depth(self, camera: str, on: bool) -> None:
        """Show the last depth images and camera descriptions to one who begins to look."""
        for own in reversed(_DEPTH) if on else ():
            for message in self._depth.get(camera_key(camera, own), ()):
                self._show_depth(message)

    def _show_depth(self, message: Message) -> None:
        key = self._inputs.keys[message.topic]
        camera, _, own = key.rpartition("/")
        space = self.behaviour.space
        take = {
            "depth": space.on_depth,
            "camera_info": space.on_camera_info,
            "depth_info": space.on_depth_info,
        }[own]
        self._take(message, topic_of(key).type_name, lambda content: take(content, camera))

    def _play(self, message: Message, passed: Callable[[int], None]) -> None:
        """Let a message come."""
        self._clock.set(message.time_ns)
        if self._next_tick_ns is None:
            self._begin(message.time_ns)
        elif message.time_ns >= self._next_tick_ns:
            self.behaviour.on_tick()
            self._next_tick_ns = message.time_ns + _TICK_NS
        if message.topic in self._copies:
            self._writer.write(message.topic, message.time_ns, message.data)
        key = self._inputs.keys.get(message.topic, "")
        camera, _, own = key.rpartition("/")
        if own in ASKING:
            self._ask(message, key, camera, own)
        elif own in ("image", "compressed"):
            self.behaviour.look()
            if camera in self._transport.watched:
                self._show(message, key, camera, own)
        self._writer.flush()
        passed(message.time_ns)

    def _begin(self, time_ns: int) -> None:
        self._next_tick_ns = time_ns + _TICK_NS
        if self._query:
            self.behaviour.on_query(self._types.get("std_msgs/msg/String")(data=self._query))

    def _ask(self, message: Message, key: str, camera: str, own: str) -> None:
        take: dict[str, Callable[[Any], None]] = {
            "query": self.behaviour.on_query,
            "standing_query": self.behaviour.on_standing_query,
            "click": lambda content: self.behaviour.on_click(content, camera),
        }
        if own == "click" or not self._query:
            self._take(message, topic_of(key).type_name, take[own])

    def _show(self, message: Message, key: str, camera: str, own: str) -> None:
        on_image = self.behaviour.on_image if own == "image" else self.behaviour.on_compressed
        self._take(message, topic_of(key).type_name, lambda content: on_image(content, camera))
        end_s = time.monotonic() + _LONGEST_S
        while not self.behaviour.is_idle:
            if time.monotonic() > end_s:
                raise RuntimeError(
                    f"the image at {message.time_ns / 1e9:.3f} s has not been done with after "
                    f"{_LONGEST_S:.0f} s; the messages above say what failed"
                )
            time.sleep(_POLL_S)

    def _take(self, message: Message, type_name: str, take: Callable[[Any], None]) -> None:
        """Unpack a message and pass it on; tell of one that cannot be read."""
        try:
            content = self._types.deserialize(message.data, type_name)
        except ValueError as error:
            self.faults += 1
            self._tell(
                f"{message.topic} unreadable",
                "error",
                f"message on {message.topic} at {message.time_ns / 1e9:.3f} s refused: {error}",
            )
            return
        take(content)

    def _tell(self, kind: str, level: Level, text: str) -> None:
        self.behaviour.report.tell(kind, level, text)
