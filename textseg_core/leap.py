"""Knows an object again that moved farther than its own width between two frames.

Where it lies tells nothing then, and a thing that looks the same may have taken its place. But a
third frame tells: what goes on as fast as it came is the same thing, what stays was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.appearance import likeness
from textseg_core.association import Look, overlap
from textseg_core.track import Track

#: Least likeness of the colours, and least ratio of the areas, of one thing in two frames.
MIN_LIKENESS = 0.7
MIN_AREA_RATIO = 0.6
#: Least intersection over union with where it would be if it went on as fast as it came.
MIN_OVERLAP = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Leap:
    """An object that is perhaps one of the frame before.

    Attributes:
        before: The one that it would be, and that has not been seen since.
        after: The one that is new.
        look: How that looked in its first frame.
        velocity: With which it would have come, pixels per second.
        stamp_s: When it was first seen.
    """

    before: Track
    after: Track
    look: Look
    velocity: tuple[float, float]
    stamp_s: float


def find_leaps(gone: Sequence[Track], new: Sequence[Track], stamp_s: float) -> list[Leap]:
    """Return which new objects may be which of those that a frame no longer shows.

    A pair looks alike and is of like size, and neither part has another partner.

    Args:
        gone: Objects of the frame before that this one does not show.
        new: Objects of this frame that none before can be.
        stamp_s: When the frame was taken, seconds.
    """
    pairs = [(one, other) for one in gone for other in new if _is_alike(one.look, other.look)]
    leaps = []
    for before, after in pairs:
        since_s = stamp_s - before.look_s
        is_only = sum(before is one or after is other for one, other in pairs) == 1
        if is_only and since_s > 0.0:
            (u, v), (from_u, from_v) = after.look.centroid, before.look.centroid
            velocity = ((u - from_u) / since_s, (v - from_v) / since_s)
            leaps.append(Leap(before, after, after.look, velocity, stamp_s))
    return leaps


def goes_on(leap: Leap, look: Look, stamp_s: float) -> bool:
    """Return whether an object that may have leapt went on as fast as it came.

    Args:
        leap: Of the frame before.
        look: Of the new object in this frame.
        stamp_s: When this was taken, seconds.
    """
    since_s = stamp_s - leap.stamp_s
    ahead = overlap(leap.look, look, (leap.velocity[0] * since_s, leap.velocity[1] * since_s))
    is_on = ahead >= MIN_OVERLAP and ahead > overlap(leap.look, look)
    return is_on and _is_alike(leap.before.look, look)


def _is_alike(first: Look, second: Look) -> bool:
    areas = sorted((first.area, second.area))
    return (
        areas[0] >= MIN_AREA_RATIO * areas[1]
        and likeness(first.colours, second.colours) >= MIN_LIKENESS
    )
