"""Finds the depth image that was taken at the time of a colour image.

message_filters' ApproximateTimeSynchronizer does this for rclpy nodes only; this one serves both
transports, gives the newest set instead of every one, and says why there is none.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from textseg_ros.messages import stamp_ns

SLOP_S = 0.02
"""Greatest difference of two stamps that count as one moment. A camera that moves at 0.5 m/s goes
10 mm meanwhile, for which depth_view.py makes up where a target frame is set."""
QUEUE = 8
"""Images kept of each kind: a quarter of a second at 30 Hz."""


class Unpaired(Exception):  # noqa: N818 - an answer, not an error of the program
    """There is no depth image for a colour image; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class RgbdSet:
    """A colour image with what is needed to place its pixels in space, all as received.

    Attributes:
        colour: Image or CompressedImage.
        depth: Image.
        info: CameraInfo of the colour camera.
        depth_info: CameraInfo of the depth camera; None if none came.
        gap_s: Stamp of the depth image minus that of the colour image.
    """

    colour: Any
    depth: Any
    info: Any
    depth_info: Any | None
    gap_s: float


@dataclass(frozen=True, slots=True)
class PairingCounts:
    """What became of the images, since the start.

    Attributes:
        colour: Colour images taken.
        depth: Depth images taken.
        sets: Sets handed out.
        dropped_colour: Colour images that a newer set or a full queue left behind.
        dropped_depth: Depth images that left the queue without being in a set.
        unstamped: Images refused for a stamp of zero.
        jumps: How often stamps went back and the queues were emptied.
    """

    colour: int = 0
    depth: int = 0
    sets: int = 0
    dropped_colour: int = 0
    dropped_depth: int = 0
    unstamped: int = 0
    jumps: int = 0


@dataclass(slots=True)
class _Waiting:
    """An image in a queue."""

    stamp_ns: int
    message: Any
    arrived_s: float
    used: bool = False


class RgbdPairing:
    """Pairs colour and depth images by their stamps; safe in any thread.

    Of several depth images the one nearest in time counts; the last CameraInfo of each camera
    serves all images after it. Where stamps go back, both queues are emptied, so that images of
    two runs never meet.

    Args:
        slop_s: Greatest difference between the stamps of a pair.
        queue: Depth images kept.
        colour_queue: Colour images kept for `newest`; 0 where it is not used, so that they are
            only watched for stamps that go back.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        slop_s: float = SLOP_S,
        queue: int = QUEUE,
        colour_queue: int = QUEUE,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if slop_s < 0.0 or queue < 1 or colour_queue < 0:
            raise ValueError(
                "expected slop_s >= 0, queue >= 1 and colour_queue >= 0, "
                f"got {slop_s}, {queue} and {colour_queue}"
            )
        self._slop_ns = round(slop_s * 1e9)
        self._slop_s = slop_s
        self._queue = queue
        self._colour_queue = colour_queue
        self._clock_s = clock_s
        self._changed = threading.Condition()
        # Guarded by _changed:
        self._colour: list[_Waiting] = []
        self._depth: list[_Waiting] = []
        self._last_ns: dict[int, int] = {}
        self._info: Any | None = None
        self._depth_info: Any | None = None
        self._counts = PairingCounts()
        self._closed = False

    def on_colour(self, message: Any) -> None:
        """Take a colour image, for `newest` and to notice stamps that go back."""
        with self._changed:
            if self._take(self._colour, message):
                self._count(colour=1)
            if not self._colour_queue:
                self._colour.clear()
            for _ in range(len(self._colour) - self._colour_queue):
                self._colour.pop(0)
                self._count(dropped_colour=1)

    def on_depth(self, message: Any) -> None:
        """Take a depth image."""
        with self._changed:
            if self._take(self._depth, message):
                self._count(depth=1)
            for _ in range(len(self._depth) - self._queue):
                self._count(dropped_depth=int(not self._depth.pop(0).used))
            self._changed.notify_all()

    def on_info(self, message: Any) -> None:
        """Take the CameraInfo of the colour camera."""
        with self._changed:
            self._info = message
            self._changed.notify_all()

    def on_depth_info(self, message: Any) -> None:
        """Take the CameraInfo of the depth camera."""
        with self._changed:
            self._depth_info = message

    def newest(self) -> RgbdSet | None:
        """Return the newest set that was not handed out before, and forget older colour images.

        A colour image whose depth image is before it waits for a nearer one after it, but no
        longer than the slop.
        """
        with self._changed:
            now_s = self._clock_s()
            for place in range(len(self._colour) - 1, -1, -1):
                colour = self._colour[place]
                nearest = self._nearest(colour.stamp_ns)
                if nearest is None or self._info is None:
                    continue
                settled = self._depth[-1].stamp_ns >= colour.stamp_ns
                if settled or now_s - colour.arrived_s >= self._slop_s:
                    self._count(dropped_colour=place)
                    del self._colour[: place + 1]
                    return self._set(colour.message, nearest)
            return None

    def match(self, colour: Any, timeout_s: float = 0.0) -> RgbdSet:
        """Return the set of one colour image.

        Args:
            colour: The message, whether `on_colour` saw it or not.
            timeout_s: How long to wait for a depth image of its time or later, and for a
                CameraInfo.

        Raises:
            Unpaired: If there is none; the text says why.
        """
        stamp = stamp_ns(colour.header)
        if stamp == 0:
            raise Unpaired(
                "the colour image has a stamp of zero; the camera driver must stamp its images"
            )
        end_s = self._clock_s() + timeout_s
        with self._changed:
            while not self._closed:
                settled = bool(self._depth) and self._depth[-1].stamp_ns >= stamp
                left_s = end_s - self._clock_s()
                if (settled and self._info is not None) or left_s <= 0.0:
                    nearest = self._nearest(stamp)
                    if nearest is None or self._info is None:
                        raise Unpaired(self._reason(stamp))
                    return self._set(colour, nearest)
                self._changed.wait(left_s)
            raise Unpaired("the node stops")

    def counts(self) -> PairingCounts:
        """Return what became of the images."""
        with self._changed:
            return self._counts

    def clear(self) -> None:
        """Forget all images; what is known of the cameras stays."""
        with self._changed:
            self._empty()
            self._last_ns.clear()

    def close(self) -> None:
        """Forget all images and end every `match` that waits."""
        with self._changed:
            self._closed = True
            self._empty()
            self._changed.notify_all()

    def _take(self, queue: list[_Waiting], message: Any) -> bool:
        """Append an image to its queue; return whether its stamp allows."""
        stamp = stamp_ns(message.header)
        if stamp == 0 or self._closed:
            self._count(unstamped=int(stamp == 0))
            return False
        if stamp < self._last_ns.get(id(queue), stamp):
            self._empty()
            self._last_ns.clear()
            self._count(jumps=1)
        self._last_ns[id(queue)] = stamp
        queue.append(_Waiting(stamp, message, self._clock_s()))
        return True

    def _empty(self) -> None:
        self._count(
            dropped_colour=len(self._colour),
            dropped_depth=sum(not image.used for image in self._depth),
        )
        self._colour.clear()
        self._depth.clear()

    def _nearest(self, stamp: int) -> _Waiting | None:
        """Return the depth image nearest in time, of two the later; None beyond the slop."""
        stamps = [image.stamp_ns for image in self._depth]
        later = bisect_left(stamps, stamp)
        near = self._depth[max(later - 1, 0) : later + 1]
        best = min(reversed(near), key=lambda image: abs(image.stamp_ns - stamp), default=None)
        if best is None or abs(best.stamp_ns - stamp) > self._slop_ns:
            return None
        return best

    def _set(self, colour: Any, depth: _Waiting) -> RgbdSet:
        depth.used = True
        self._count(sets=1)
        gap_s = (depth.stamp_ns - stamp_ns(colour.header)) / 1e9
        return RgbdSet(colour, depth.message, self._info, self._depth_info, gap_s)

    def _reason(self, stamp: int) -> str:
        if not self._depth:
            return "no depth image came; check its topic and its publisher"
        nearest = min(self._depth, key=lambda image: abs(image.stamp_ns - stamp))
        if self._nearest(stamp) is None:
            gap_s = (nearest.stamp_ns - stamp) / 1e9
            return (
                f"the nearest depth image is {abs(gap_s) * 1e3:.1f} ms "
                f"{'after' if gap_s > 0 else 'before'} the colour image, at most "
                f"{self._slop_s * 1e3:g} ms count as one moment; check rates and clocks of both"
            )
        return "no CameraInfo of the colour camera came; check its topic and its publisher"

    def _count(self, **more: int) -> None:
        counted = {name: getattr(self._counts, name) + number for name, number in more.items()}
        self._counts = replace(self._counts, **counted)
