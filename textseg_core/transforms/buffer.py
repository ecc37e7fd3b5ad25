"""Keeps where frames lay in each other and answers for two frames and a time."""

import threading
import time
from collections.abc import Callable, Set

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.transforms.faults import TransformPending, TransformUnavailable
from textseg_core.transforms.history import (
    FixedPlacement,
    PlacementHistory,
    StampedTransform,
    frame_name,
)
from textseg_core.transforms.rigid import invert_transform, rigid_transform

#: How long a transform is kept after a newer one of the same frame, as in tf2.
HISTORY_S = 10.0
#: From this step back on, all that moves is forgotten: the clock was set back, or a bag or a
#: simulation began again. tf2_ros clears its buffer at the same step.
JUMP_BACK_S = 1.0
#: A publisher that makes up names must not fill the memory.
MAX_FRAMES = 10_000


class TransformBuffer:
    """A tree of frames over the last seconds, like tf2's; safe in any thread.

    It never extrapolates: before the oldest and after the newest transform there is none. In
    between it interpolates, the translation along a straight line, the rotation along the
    shortest way at even speed.

    It is stricter than tf2 where an answer could be a wrong one. A stamp that goes back makes
    that frame's later transforms forgotten, and from `JUMP_BACK_S` on those of all frames (tf2
    mixes transforms of both times). Between transforms in different parents there is no answer
    (tf2 takes the older one). A time of zero is not "the newest" but refused, save where nothing
    on the way moves.

    Args:
        history_s: How long a transform is kept after a newer one of the same frame.
        clock_s: Monotonic seconds, for waiting.
    """

    def __init__(
        self, history_s: float = HISTORY_S, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        if not history_s > 0.0:
            raise ValueError(f"history_s must be greater than 0, got {history_s}")
        self._history_ns = round(history_s * 1e9)
        self._clock_s = clock_s
        self._changed = threading.Condition()
        # Guarded by _changed:
        self._frames: dict[str, PlacementHistory | FixedPlacement] = {}
        self._names: set[str] = set()
        self._closed = False

    def insert(self, transform: StampedTransform, *, static: bool = False) -> float:
        """Take a transform.

        A frame is static or moving as its last transform says.

        Args:
            transform: As `stamped_transform` returns.
            static: It holds for all times.

        Returns:
            By how many seconds the frame's stamps went back, if from `JUMP_BACK_S` on; then all
            that moves was forgotten. Else 0.

        Raises:
            ValueError: If there are `MAX_FRAMES` frames and this is another.
        """
        with self._changed:
            child, stamp_ns = transform.child, transform.stamp_ns
            frame = self._frames.get(child)
            new = {child, transform.placement.parent} - self._names
            if new and len(self._names) + len(new) > MAX_FRAMES:
                raise ValueError(
                    f"transform of {child!r} refused: there are {MAX_FRAMES} frames already; "
                    "does a node publish ever new names on /tf?"
                )
            back_s = 0.0
            if static:
                self._frames[child] = FixedPlacement(transform.placement)
            else:
                if isinstance(frame, PlacementHistory):
                    back_s = (frame.newest_ns - stamp_ns) / 1e9
                    if back_s >= JUMP_BACK_S:
                        self._forget()
                        frame = None
                if not isinstance(frame, PlacementHistory):
                    frame = self._frames[child] = PlacementHistory(self._history_ns)
                frame.add(stamp_ns, transform.placement)
            self._names |= {child, transform.placement.parent}
            self._changed.notify_all()
            return back_s if back_s >= JUMP_BACK_S else 0.0

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        """Return `target_from_source` at a time.

        Args:
            target: Frame to which coordinates are taken; a leading slash is left out.
            source: Frame from which they come, likewise.
            stamp_ns: The time, nanoseconds.
            timeout_s: How long to wait for a transform that has not arrived; what cannot come,
                and frames that nobody has named, are not waited for.

        Returns:
            Rigid transform, (4, 4): a point p of `source` is `transform @ (*p, 1)` in `target`.

        Raises:
            TransformPending: If the time lies after the newest transform on the way, still so
                after `timeout_s`.
            TransformUnavailable: If there is none for another reason; `fault` says which.
        """
        target, source = frame_name(target), frame_name(source)
        end_s = self._clock_s() + timeout_s
        with self._changed:
            while True:
                if self._closed:
                    raise TransformUnavailable("closed", "the node stops")
                try:
                    return self._lookup(target, source, stamp_ns)
                except TransformPending as pending:
                    left_s = end_s - self._clock_s()
                    if left_s <= 0.0:
                        waited = f" (waited {timeout_s:g} s)" if timeout_s > 0.0 else ""
                        raise TransformPending(
                            f"no transform from {source} to {target} yet: {pending}{waited}"
                        ) from None
                    self._changed.wait(left_s)
                except TransformUnavailable as error:
                    raise TransformUnavailable(
                        error.fault, f"no transform from {source} to {target}: {error}"
                    ) from None

    def clear(self) -> None:
        """Forget all that moves; static frames stay, since nobody sends them again."""
        with self._changed:
            self._forget()

    def close(self) -> None:
        """End every lookup that waits; nothing is answered after."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _forget(self) -> None:
        fixed = {
            child: frame
            for child, frame in self._frames.items()
            if isinstance(frame, FixedPlacement)
        }
        self._frames = {**fixed}
        self._names = {
            name for child, frame in fixed.items() for name in (child, frame.placement.parent)
        }

    def _lookup(self, target: str, source: str, stamp_ns: int) -> Float64Array:
        for name, role in ((target, "target"), (source, "source")):
            if not name:
                raise TransformUnavailable("no frame", f"the {role} frame has no name")
        if target == source:
            return np.eye(4)
        for name in (target, source):
            if name not in self._names:
                raise TransformUnavailable(
                    "unknown frame", f"nobody has published frame {name} on /tf or /tf_static"
                )
        above_source, source_end = self._climb(source, stamp_ns, frozenset())
        above_target, target_end = self._climb(target, stamp_ns, above_source.keys())
        common = next(reversed(above_target))
        if common in above_source:
            return invert_transform(above_target[common]) @ above_source[common]
        for end in (target_end, source_end):  # what no waiting helps comes first
            if end is not None and not isinstance(end, TransformPending):
                raise end
        for end in (target_end, source_end):
            if end is not None:
                raise end
        raise TransformUnavailable(
            "not connected",
            f"{source} ends at frame {next(reversed(above_source))}, {target} at {common}, and "
            "nothing joins the two trees",
        )

    def _climb(
        self, start: str, stamp_ns: int, until: Set[str]
    ) -> tuple[dict[str, Float64Array], TransformUnavailable | None]:
        """Walk from a frame to its ancestors, up to the root, one of `until` or a fault.

        Returns:
            Frame -> `frame_from_start` in the order of the walk, and what ended it early.

        Raises:
            TransformUnavailable: If the walk goes round.
        """
        frame, transform = start, np.eye(4)
        found = {frame: transform}
        while frame in self._frames and frame not in until:
            try:
                placement = self._frames[frame].at(frame, stamp_ns)
            except TransformUnavailable as fault:
                return found, fault
            transform = rigid_transform(placement.translation, placement.rotation) @ transform
            frame = placement.parent
            if frame in found:
                raise TransformUnavailable(
                    "loop", f"frames form a loop: {' in '.join((*found, frame))}"
                )
            found[frame] = transform
        return found, None
