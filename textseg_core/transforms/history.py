"""Where one frame lay in its parent, over the last seconds or for good."""

import math
from bisect import bisect_left
from dataclasses import dataclass

from textseg_core.transforms.faults import TransformPending, TransformUnavailable
from textseg_core.transforms.rigid import Quaternion, Vector, slerp, unit_quaternion

#: How far the squared length of a quaternion may be from 1: that of tf2's buffer_core.cpp.
QUATERNION_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in its parent.

    Attributes:
        parent: The frame that it is placed in.
        translation: Its origin in the parent, metres.
        rotation: Its axes in the parent, of length 1.
    """

    parent: str
    translation: Vector
    rotation: Quaternion


@dataclass(frozen=True, slots=True)
class StampedTransform:
    """One transform as it arrives.

    Attributes:
        child: The frame that is placed.
        stamp_ns: When it lay there.
        placement: Where.
    """

    child: str
    stamp_ns: int
    placement: Placement


class FixedPlacement:
    """Where a static frame lies, at any time.

    Attributes:
        placement: Where.
    """

    def __init__(self, placement: Placement) -> None:
        self.placement = placement

    def at(self, child: str, stamp_ns: int) -> Placement:
        """Return the placement; the time does not matter."""
        return self.placement


class PlacementHistory:
    """Where a moving frame lay, in the order of time.

    Stamps only grow: one that goes back takes the place of all that were later, since those are
    of a clock that has been set back since, or of a run that is over.

    Args:
        length_ns: How long a placement is kept after a newer one.
    """

    def __init__(self, length_ns: int) -> None:
        self._length_ns = length_ns
        self._stamps_ns: list[int] = []
        self._placements: list[Placement] = []

    @property
    def newest_ns(self) -> int:
        """Stamp of the newest placement; there is always one after the first `add`."""
        return self._stamps_ns[-1]

    def __len__(self) -> int:
        return len(self._stamps_ns)

    def add(self, stamp_ns: int, placement: Placement) -> None:
        """Append a placement; forget those at its time or later and those that are too old."""
        stamps, placements = self._stamps_ns, self._placements
        if stamps and stamp_ns <= stamps[-1]:
            keep = bisect_left(stamps, stamp_ns)
            del stamps[keep:], placements[keep:]
        stamps.append(stamp_ns)
        placements.append(placement)
        if stamps[0] < stamp_ns - self._length_ns:
            old = bisect_left(stamps, stamp_ns - self._length_ns)
            del stamps[:old], placements[:old]

    def at(self, child: str, stamp_ns: int) -> Placement:
        """Return the placement at a time: as it came, or between its two neighbours in time.

        Args:
            child: Name of the frame, for messages.
            stamp_ns: The time.

        Raises:
            TransformPending: If the time lies after the newest placement.
            TransformUnavailable: If it lies before the oldest, between placements in different
                parents, or is zero.
        """
        stamps = self._stamps_ns
        if stamp_ns <= 0:
            raise TransformUnavailable(
                "no stamp",
                f"frame {child} moves, and a stamp of zero says no time; the camera driver must "
                "stamp its images",
            )
        later = bisect_left(stamps, stamp_ns)
        if later == len(stamps):
            raise TransformPending(
                f"frame {child} is known until {_seconds(stamps[-1])}, asked for "
                f"{_seconds(stamp_ns)}, {_milliseconds(stamp_ns - stamps[-1])} later"
            )
        after = self._placements[later]
        if stamps[later] == stamp_ns:
            return after
        if later == 0:
            raise TransformUnavailable(
                "too old",
                f"frame {child} is known from {_seconds(stamps[0])} on, asked for "
                f"{_seconds(stamp_ns)}, {_milliseconds(stamps[0] - stamp_ns)} earlier",
            )
        before = self._placements[later - 1]
        if before.parent != after.parent:
            raise TransformUnavailable(
                "parent changed",
                f"frame {child} went from parent {before.parent} to {after.parent} between "
                f"{_seconds(stamps[later - 1])} and {_seconds(stamps[later])}, asked for "
                f"{_seconds(stamp_ns)}",
            )
        share = (stamp_ns - stamps[later - 1]) / (stamps[later] - stamps[later - 1])
        x, y, z = (
            a + share * (b - a) for a, b in zip(before.translation, after.translation, strict=True)
        )
        return Placement(before.parent, (x, y, z), slerp(before.rotation, after.rotation, share))


def stamped_transform(
    parent: str, child: str, stamp_ns: int, translation: Vector, rotation: Quaternion
) -> StampedTransform:
    """Return a transform after the checks that tf2 makes.

    Args:
        parent: Frame in which the child is placed; a leading slash is left out, as by tf2.
        child: The frame that is placed, likewise.
        stamp_ns: When.
        translation: Metres.
        rotation: Of length 1 within rounding.

    Raises:
        ValueError: If a name is empty, both are the same, a number is not finite, or the
            quaternion's squared length is off by more than `QUATERNION_TOLERANCE`.
    """
    parent, child = frame_name(parent), frame_name(child)
    named = f"transform of {child!r} in {parent!r}"
    if not parent or not child or parent == child:
        raise ValueError(f"{named}: expected the names of two different frames")
    if not all(map(math.isfinite, (*translation, *rotation))):
        raise ValueError(f"{named}: expected finite numbers, got {translation} {rotation}")
    if abs(sum(value * value for value in rotation) - 1.0) > QUATERNION_TOLERANCE:
        raise ValueError(f"{named}: expected a quaternion of length 1, got {rotation}")
    return StampedTransform(
        child, stamp_ns, Placement(parent, translation, unit_quaternion(rotation))
    )


def frame_name(name: str) -> str:
    """Return a frame's name without the leading slash that ROS 1 allowed."""
    return name[1:] if name.startswith("/") else name


def _seconds(stamp_ns: int) -> str:
    return f"{stamp_ns // 1_000_000_000}.{stamp_ns % 1_000_000_000:09d} s"


def _milliseconds(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:.1f} ms"
