"""What carries the node's messages when they come from one bag and go into another."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from textseg_ros.bag.files import BagWriter
from textseg_ros.report import Level
from textseg_ros.topics import topic_of
from textseg_ros.typestore import TypeStore

Switch = Callable[[str, bool], None]


class BagClock:
    """The time in the bag, which stands still but for what work on a message takes.

    So the latencies of answers are those of this machine, and their ages those of the recording.
    """

    def __init__(self) -> None:
        self.time_ns = 0
        self._set_s = time.perf_counter()

    def set(self, time_ns: int) -> None:
        """Go to the time of a message, nanoseconds."""
        self.time_ns = time_ns
        self._set_s = time.perf_counter()

    def __call__(self) -> float:
        """Return seconds."""
        return self.time_ns / 1e9 + time.perf_counter() - self._set_s


class BagTransport:
    """The Transport that writes into a bag; what is to be received, its owner asks for.

    Attributes:
        messages: Message classes.
        watched: Cameras whose images are wanted now.
        depth_watched: Cameras whose depth is.
        on_watch_depth: Called with a camera and whether its depth is wanted from now on.

    Args:
        types: Message classes.
        writer: The bag.
        names: Absolute name by topic key, of the topics to write.
        clock: The time in the bag.
        log: Told what the operator should know.
    """

    def __init__(
        self,
        types: TypeStore,
        writer: BagWriter,
        names: Mapping[str, str],
        clock: BagClock,
        log: Callable[[Level, str], None],
    ) -> None:
        self.messages: Any = types
        self.watched: set[str] = set()
        self.depth_watched: set[str] = set()
        self.on_watch_depth: Switch = lambda camera, on: None
        self._types = types
        self._writer = writer
        self._names = names
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()

    def publish(self, key: str, message: object) -> None:
        """Write a message at the time of the bag, if its topic is to be written."""
        name = self._names.get(key)
        if name is not None:
            data = self._types.serialize(message, topic_of(key).type_name)
            self._writer.write(name, self._clock.time_ns, data)

    def listeners(self, key: str) -> int:
        """Return 1 for a topic that is to be written, else 0."""
        return int(key in self._names)

    def watch(self, camera: str, on: bool) -> None:
        """Let a camera's images be played, or not any more."""
        _switch(self.watched, camera, on)

    def watch_depth(self, camera: str, on: bool) -> None:
        """Let a camera's depth be played, or not any more."""
        _switch(self.depth_watched, camera, on)
        self.on_watch_depth(camera, on)

    def now_ns(self) -> int:
        """Return the time in the bag, nanoseconds."""
        return self._clock.time_ns

    def log(self, level: Level, text: str) -> None:
        """Tell the operator; for any thread."""
        with self._lock:
            self._log(level, text)


def _switch(cameras: "set[str]", camera: str, on: bool) -> None:
    if on:
        cameras.add(camera)
    else:
        cameras.discard(camera)


def outputs(
    names: Mapping[str, str], wanted: Collection[str], *, depth: Collection[str]
) -> dict[str, str]:
    """Return the names of the topics to write, by key.

    Args:
        names: Of all topics.
        wanted: Keys without camera.
        depth: Cameras that have depth; others have no topics in space.
    """
    from textseg_ros.sending_3d import OUTPUTS as IN_SPACE

    chosen: dict[str, str] = {}
    for key, name in names.items():
        camera, _, own = key.rpartition("/")
        placed = own not in IN_SPACE or camera in depth
        if topic_of(key).direction == "out" and own in wanted and placed:
            chosen[key] = name
    return chosen
