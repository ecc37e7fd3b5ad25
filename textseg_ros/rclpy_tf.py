"""Transforms from tf2_ros, for the rclpy node."""

import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import (
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformListener,
)

from textseg_core.arrays import Float64Array
from textseg_core.transforms import (
    HISTORY_S,
    JUMP_BACK_S,
    TransformPending,
    TransformUnavailable,
    frame_name,
    rigid_transform,
)
from textseg_ros.messages import stamp_ns as nanoseconds
from textseg_ros.tf_source import Tell, stamps_went_back

_POLL_S = 0.005


class _Listener(TransformListener):  # type: ignore[misc]  # tf2_ros has no types
    """Hears /tf and /tf_static, and forgets what moves when a frame's stamps go back.

    tf2_ros does so for simulated time alone; else it drops what a bag that begins again sends, or
    mixes it with the first run.
    """

    def __init__(self, buffer: Buffer, node: Node, tell: Tell) -> None:
        self._tell = tell
        self._newest_ns: dict[str, int] = {}
        super().__init__(buffer, node)

    def __del__(self) -> None:
        """Leave the topics to `unregister`: garbage is collected in any thread."""

    def callback(self, data: Any) -> None:
        """Take a TFMessage of frames that move."""
        for transform in data.transforms:
            stamp, child = nanoseconds(transform.header), transform.child_frame_id
            back_s = (self._newest_ns.get(child, stamp) - stamp) / 1e9
            if back_s >= JUMP_BACK_S:
                self.buffer.clear()
                self._newest_ns.clear()
                self._tell("transforms forgotten", "warning", stamps_went_back(child, back_s))
            self._newest_ns[child] = max(stamp, self._newest_ns.get(child, stamp))
        super().callback(data)


class RclpyTransformSource:
    """A TransformSource on tf2_ros' buffer and listener.

    All that moves is forgotten when the node's clock goes back, also by less than the second of
    tf2_ros, or the stamps of a frame by a second. Lookups must not run in the executor's thread,
    which brings the transforms.

    Args:
        node: Whose executor brings the transforms and whose clock may jump.
        tell: Where it says what it forgot.
        later: Does a task in the executor's thread, in which alone subscriptions may end; by
            itself it does it at once, which is right where no executor runs.
    """

    def __init__(
        self,
        node: Node,
        tell: Tell,
        later: Callable[[Callable[[], object]], object] = lambda task: task(),
    ) -> None:
        self._tell = tell
        self._later = later
        self._closed = threading.Event()
        self.buffer = Buffer(cache_time=Duration(seconds=HISTORY_S))
        self._listener = _Listener(self.buffer, node, tell)
        back = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True
        )
        self._jumps = node.get_clock().create_jump_callback(back, post_callback=self._on_jump)

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        """Return `target_from_source` at a time; see `TransformSource`."""
        target, source = frame_name(target), frame_name(source)
        end_s = time.monotonic() + timeout_s
        while True:
            if self._closed.is_set():
                raise TransformUnavailable("closed", "the node stops")
            try:
                return self._lookup(target, source, stamp_ns)
            except TransformPending as pending:
                if time.monotonic() >= end_s:
                    waited = f" (waited {timeout_s:g} s)" if timeout_s > 0.0 else ""
                    raise TransformPending(
                        f"no transform from {source} to {target} yet: {pending}{waited}"
                    ) from None
                self._closed.wait(_POLL_S)
            except TransformUnavailable as error:
                raise TransformUnavailable(
                    error.fault, f"no transform from {source} to {target}: {error}"
                ) from None

    def close(self) -> None:
        """End every lookup that waits, and leave /tf soon; nothing is answered after."""
        if not self._closed.is_set():
            self._closed.set()
            self._later(self._leave)

    def _leave(self) -> None:
        self._jumps.unregister()
        self._listener.unregister()

    def _lookup(self, target: str, source: str, stamp_ns: int) -> Float64Array:
        for name, role in ((target, "target"), (source, "source")):
            if not name:
                raise TransformUnavailable("no frame", f"the {role} frame has no name")
        # tf2 would wrap a negative time, and takes zero for the newest common one.
        stamp_ns = max(stamp_ns, 0)
        stamp = Time(nanoseconds=stamp_ns, clock_type=ClockType.ROS_TIME)
        try:
            found: Any = self.buffer.lookup_transform_core(target, source, stamp)
        except (LookupException, InvalidArgumentException) as error:
            raise TransformUnavailable(
                "loop" if "contains a loop" in str(error) else "unknown frame", str(error).strip()
            ) from error
        except ConnectivityException as error:
            raise TransformUnavailable("not connected", str(error).strip()) from error
        except ExtrapolationException as error:
            raise self._outside(target, source, stamp_ns, str(error).strip()) from error
        if stamp_ns == 0 and target != source and nanoseconds(found.header) != 0:
            raise TransformUnavailable(
                "no stamp",
                "a frame on the way moves, and a stamp of zero says no time; the camera driver "
                "must stamp its images",
            )
        moved, turned = found.transform.translation, found.transform.rotation
        return rigid_transform(
            (moved.x, moved.y, moved.z), (turned.x, turned.y, turned.z, turned.w)
        )

    def _outside(
        self, target: str, source: str, stamp_ns: int, reason: str
    ) -> TransformUnavailable:
        """Return whether the time lies before or after what tf2 knows; one exception is both."""
        try:
            latest_ns = int(self.buffer.get_latest_common_time(target, source).nanoseconds)
        except Exception:  # tf2's base, for frames that a jump of the clock has emptied
            return TransformUnavailable("not connected", reason or "nothing is known any more")
        if stamp_ns > latest_ns:
            return TransformPending(reason)
        return TransformUnavailable("too old", reason)

    def _on_jump(self, jump: TimeJump) -> None:
        self.buffer.clear()
        self._tell(
            "transforms forgotten",
            "warning",
            f"the clock went back by {-jump.delta.nanoseconds / 1e9:.3f} s, so all moving "
            "transforms are forgotten",
        )
