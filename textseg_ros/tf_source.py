"""Where the node gets transforms from: what both transports share, and the messages of /tf."""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from textseg_core.arrays import Float64Array
from textseg_core.transforms import StampedTransform, TransformBuffer, stamped_transform
from textseg_ros.messages import stamp_ns
from textseg_ros.report import Level

TF_TOPIC, TF_STATIC_TOPIC = "/tf", "/tf_static"
TF_TYPE = "tf2_msgs/msg/TFMessage"
TF_DEPTH = 100
"""History of both topics, as in tf2_ros; both are reliable, the static one transient local."""

Tell = Callable[[str, Level, str], None]
"""Takes kind, level and text of what the operator should know; `Report.tell` is one."""


class TransformSource(Protocol):
    """What knows where frames lie in each other."""

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        """Return `target_from_source` at a time, (4, 4); see `TransformBuffer.lookup`.

        Raises:
            TransformPending: If the time lies after the newest transform on the way, still so
                after `timeout_s`.
            TransformUnavailable: If there is none for another reason; `fault` says which.
        """
        ...

    def close(self) -> None:
        """End every lookup that waits; nothing is answered after."""
        ...


class TfListener:
    """The source that is fed with the messages of /tf and /tf_static; safe in any thread.

    All that moves is forgotten when the node's clock goes back, or the stamps of a frame by a
    second.

    Args:
        tell: Where it says what it refused and forgot.
        now_ns: The node's time, nanoseconds.
    """

    def __init__(self, tell: Tell, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._tell = tell
        self._now_ns = now_ns
        self._buffer = TransformBuffer()
        self._lock = threading.Lock()
        self._last_ns: int | None = None

    def on_tf(self, message: Any) -> None:
        """Take a TFMessage of frames that move."""
        self._take(message, static=False)

    def on_tf_static(self, message: Any) -> None:
        """Take a TFMessage of frames that stay."""
        self._take(message, static=True)

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        """Return `target_from_source` at a time; see `TransformSource`."""
        self._watch_clock()
        return self._buffer.lookup(target, source, stamp_ns, timeout_s)

    def close(self) -> None:
        """End every lookup that waits; nothing is answered after."""
        self._buffer.close()

    def _take(self, message: Any, *, static: bool) -> None:
        self._watch_clock()
        for transform in message.transforms:
            try:
                back_s = self._buffer.insert(read_transform(transform), static=static)
            except ValueError as error:
                self._tell("transform refused", "error", f"transform refused: {error}")
                continue
            if back_s:
                self._tell(
                    "transforms forgotten",
                    "warning",
                    stamps_went_back(transform.child_frame_id, back_s),
                )

    def _watch_clock(self) -> None:
        with self._lock:
            now_ns = self._now_ns()
            back_ns = 0 if self._last_ns is None else self._last_ns - now_ns
            self._last_ns = now_ns
        if back_ns > 0:
            self._buffer.clear()
            self._tell(
                "transforms forgotten",
                "warning",
                f"the clock went back by {back_ns / 1e9:.3f} s, so all moving transforms are "
                "forgotten",
            )


def stamps_went_back(frame: str, back_s: float) -> str:
    """Return what to tell of a frame whose stamps went back."""
    return (
        f"stamps of frame {frame} went back by {back_s:.3f} s, so all moving transforms are "
        "forgotten: the clock was set back, a bag or a simulation began again, or two nodes "
        "publish this frame"
    )


def read_transform(message: Any) -> StampedTransform:
    """Return what a geometry_msgs/TransformStamped says.

    Raises:
        ValueError: If it is no transform; see `stamped_transform`.
    """
    moved, turned = message.transform.translation, message.transform.rotation
    return stamped_transform(
        message.header.frame_id,
        message.child_frame_id,
        stamp_ns(message.header),
        (moved.x, moved.y, moved.z),
        (turned.x, turned.y, turned.z, turned.w),
    )
