"""Keeps a query on its object over the frames of a video: stable ids, found and lost."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

import numpy as np

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.association import Look, associate, look_at
from textseg_core.leap import Leap, find_leaps, goes_on
from textseg_core.postprocess import union_of
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.track import Track

_Pair: TypeAlias = tuple[int, SegmentedObject]
"""An object with its id."""


class Phase(str, Enum):
    """How far a query is with its object.

    Attributes:
        SEARCHING: It is on no object.
        CONFIRMING: It is on an object that was not seen often enough yet.
        FOUND: It is on an object that was, and sees it.
        HIDDEN: It is on such an object and does not see it in this frame.
    """

    SEARCHING = "searching"
    CONFIRMING = "confirming"
    FOUND = "found"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """When an object counts as found and as lost.

    Attributes:
        found_seen: Found once it was seen in so many ...
        found_frames: ... of so many frames.
        lost_frames: Lost when it was not seen in so many frames in a row.
        max_gap_s: Lost when no frame came for longer.
    """

    found_seen: int = 2
    found_frames: int = 3
    lost_frames: int = 5
    max_gap_s: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.found_seen <= self.found_frames:
            raise ValueError(
                f"found_seen must lie in 1 to found_frames ({self.found_frames}), "
                f"got {self.found_seen}"
            )
        if self.lost_frames < 1 or not self.max_gap_s > 0.0:
            raise ValueError(
                "lost_frames must be at least 1 and max_gap_s positive, got "
                f"{self.lost_frames} and {self.max_gap_s}"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackedSegmentation:
    """The answer to a query in a frame, knowing the frames before.

    Attributes:
        segmentation: What to publish. While the query is on an object, that object comes first
            and the status is found, even if others fit as well; where several fit, mask and
            objects show it alone. While it is hidden nothing is found, even if others fit.
        track_ids: Ids of `segmentation.objects`, in their order.
        target_id: The object that the query is on, seen or hidden; 0 if on none.
        phase: How far the query is with it.
        observed: The answer to this frame alone.
        observed_ids: Ids of `observed.objects`, in their order.
        gaps: How many frames in a row, this one the last, came more than `max_gap_s` after the
            one before: as long as they do, nothing is known again and nothing is confirmed.
    """

    segmentation: Segmentation
    track_ids: tuple[int, ...]
    target_id: int
    phase: Phase
    observed: Segmentation
    observed_ids: tuple[int, ...]
    gaps: int = 0

    @property
    def target(self) -> SegmentedObject | None:
        """The object that the query is on, if this frame shows it."""
        is_seen = self.target_id != 0 and self.target_id in self.track_ids
        return self.segmentation.objects[0] if is_seen else None

    @property
    def is_confirmed(self) -> bool:
        """Whether the query is on an object that was seen often enough, or was picked."""
        return self.phase in (Phase.FOUND, Phase.HIDDEN)


class Tracker:
    """Follows the objects of one query in the frames of one camera.

    Ids count from 1 and are never given twice. An object keeps its id while its masks overlap
    from frame to frame and its colours stay alike, see `association.associate`; one that comes
    back elsewhere, or after it was lost, gets a new id. So does one that moves by more than its
    own width, but it gets its old one back in the next frame if it goes on so, see `leap`. The
    query goes onto an object once a
    frame answers "found" with it, or once somebody picks it (`pick`), and stays there until it
    is lost. One that was seen in a single frame only is given up for another that is found.

    A query for several things ("the apples") is on no object: its objects have ids, and its
    phase tells whether any are seen.

    Args:
        settings: When an object counts as found and as lost.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._tracks: dict[int, Track] = {}
        self._given = 0
        self._rejected: set[int] = set()
        self._leaps: list[Leap] = []
        self._stamp_s: float | None = None
        self._gaps = 0
        self._shape: tuple[int, ...] = ()
        # Of the object that the query is on:
        self._target: int | None = None
        self._is_confirmed = False
        self._seen: deque[bool] = deque(maxlen=self._settings.found_frames)
        self._unseen_in_row = 0

    def update(
        self, segmentation: Segmentation, image: UInt8Array, stamp_s: float
    ) -> TrackedSegmentation:
        """Return a frame's answer in the light of the frames before.

        Frames must come in order. When one comes after a gap of more than `max_gap_s`, with an
        earlier stamp than the last (a clock set back, a bag played again) or in another size,
        what was known is lost; so is a pick.

        Args:
            segmentation: The answer to this frame alone.
            image: The frame, RGB (H, W, 3).
            stamp_s: When it was taken, seconds.

        Raises:
            ValueError: If image and segmentation are not of one size, or the stamp is NaN or
                infinite.
        """
        self._begin(segmentation, image, stamp_s)
        ids = self._follow(segmentation, image, stamp_s)
        shown = [
            (track_id, found)
            for track_id, found in zip(ids, segmentation.objects, strict=True)
            if track_id not in self._rejected
        ]
        if segmentation.command.plural:
            self._count(bool(shown))
            answer, status = shown, segmentation.status
        else:
            turned_down = len(shown) < len(ids)
            answer, status = self._answer_for_one(shown, segmentation.status, turned_down)
        return TrackedSegmentation(
            segmentation=_narrowed(segmentation, [found for _, found in answer], status),
            track_ids=tuple(track_id for track_id, _ in answer),
            target_id=self._target or 0,
            phase=self._phase(),
            observed=segmentation,
            observed_ids=ids,
            gaps=self._gaps,
        )

    def pick(self, track_id: int) -> None:
        """Put the query on an object, from the next frame on, until that is lost.

        Args:
            track_id: The object.

        Raises:
            ValueError: If there is no such object any more.
        """
        self._known(track_id)
        self._rejected.discard(track_id)
        self._release()
        self._target, self._is_confirmed = track_id, True

    def reject(self, track_ids: Collection[int]) -> None:
        """Do not answer with these objects any more, until they are lost.

        Args:
            track_ids: The objects.

        Raises:
            ValueError: If there is no such object any more.
        """
        for track_id in track_ids:
            self._known(track_id)
        self._rejected.update(track_ids)
        if self._target in self._rejected:
            self._release()

    @property
    def known(self) -> frozenset[int]:
        """The objects that are not lost."""
        return frozenset(self._tracks)

    @property
    def rejected(self) -> frozenset[int]:
        """The objects that are not answered with."""
        return frozenset(self._rejected)

    def release(self) -> None:
        """Take the query off its object, and show again what was rejected; ids stay."""
        self._rejected.clear()
        self._release()

    def reset(self) -> None:
        """Forget every object; ids go on counting."""
        self._tracks.clear()
        self._leaps.clear()
        self._stamp_s = None
        self.release()

    def _begin(self, segmentation: Segmentation, image: UInt8Array, stamp_s: float) -> None:
        """Check a frame against its answer and against the frame before."""
        if image.shape[:2] != segmentation.mask.shape:
            raise ValueError(
                f"image and segmentation must be of one size, got {image.shape[:2]} and "
                f"{segmentation.mask.shape}"
            )
        if not np.isfinite(stamp_s):
            raise ValueError(f"stamp_s must be a number of seconds, got {stamp_s}")
        if self._stamp_s is not None:
            later_s = stamp_s - self._stamp_s
            too_long = later_s > self._settings.max_gap_s
            self._gaps = self._gaps + 1 if too_long else 0
            if too_long or later_s < 0.0 or image.shape[:2] != self._shape:
                self.reset()
        self._stamp_s, self._shape = stamp_s, image.shape[:2]

    def _follow(
        self, segmentation: Segmentation, image: UInt8Array, stamp_s: float
    ) -> tuple[int, ...]:
        """Bring the tracks up to date; return the ids of the frame's objects."""
        looks = [look_at(image, found) for found in segmentation.objects]
        tracks = list(self._tracks.values())
        matches = associate([track.remembered(stamp_s) for track in tracks], looks)
        self._judge_leaps(tracks, looks, matches, stamp_s)
        for track in tracks:
            track.unseen += 1
        ids, new = [], []
        for look, match in zip(looks, matches, strict=True):
            if match is None:
                self._given += 1
                track = Track(self._given, look, stamp_s, look, stamp_s)
                self._tracks[track.id] = track
                new.append(track)
            else:
                track = tracks[match]
                track.see(look, stamp_s)
            ids.append(track.id)
        for track in list(self._tracks.values()):
            if track.unseen >= self._settings.lost_frames:
                del self._tracks[track.id]
                self._rejected.discard(track.id)
                if self._target == track.id:
                    self._release()
        gone = [track for track in self._tracks.values() if track.unseen == 1]
        self._leaps = find_leaps(gone, new, stamp_s)
        for leap in self._leaps:
            leap.after.velocity = leap.velocity
        return tuple(ids)

    def _judge_leaps(
        self,
        tracks: Sequence[Track],
        looks: Sequence[Look],
        matches: Sequence[int | None],
        stamp_s: float,
    ) -> None:
        """Give back the ids of objects that went on as fast as they seemed to have come."""
        seen = {
            id(tracks[match]): look
            for look, match in zip(looks, matches, strict=True)
            if match is not None
        }
        for leap in self._leaps:
            before, after = leap.before, leap.after
            look = seen.get(id(after))
            if look is None or id(before) in seen or not goes_on(leap, look, stamp_s):
                after.velocity = (0.0, 0.0)
                continue
            del self._tracks[after.id]
            if self._target == after.id:
                self._target = before.id
            if after.id in self._rejected:
                self._rejected.remove(after.id)
                self._rejected.add(before.id)
            after.id = before.id
            self._tracks[after.id] = after

    def _answer_for_one(
        self, shown: list[_Pair], status: Status, turned_down: bool
    ) -> tuple[list[_Pair], Status]:
        """Return the answer to a query for one thing, the target first."""
        if not shown:
            status = Status.NOT_FOUND
        elif len(shown) == 1 and turned_down and status is Status.AMBIGUOUS:
            status = Status.FOUND
        visible = {track_id for track_id, _ in shown}
        if not self._is_confirmed and (
            status is Status.AMBIGUOUS or (status is Status.FOUND and self._target not in visible)
        ):
            self._release()
        if self._target is None and status is Status.FOUND:
            self._target = shown[0][0]
        self._count(self._target in visible)
        if self._target in visible:
            mine = [pair for pair in shown if pair[0] == self._target]
            others = [pair for pair in shown if pair[0] != self._target]
            return (mine if status is Status.AMBIGUOUS else mine + others), Status.FOUND
        return ([], Status.NOT_FOUND) if self._target is not None else (shown, status)

    def _count(self, seen: bool) -> None:
        """Remember whether a frame showed what is asked for."""
        settings = self._settings
        self._seen.append(seen)
        self._unseen_in_row = 0 if seen else self._unseen_in_row + 1
        if sum(self._seen) >= settings.found_seen:
            self._is_confirmed = True
        # For one object `_follow` notices that it is lost; one not confirmed goes sooner.
        hopeless = settings.found_frames - settings.found_seen + 1
        if self._unseen_in_row >= (settings.lost_frames if self._is_confirmed else hopeless):
            self._release()

    def _phase(self) -> Phase:
        if not self._is_confirmed:
            return Phase.CONFIRMING if any(self._seen) else Phase.SEARCHING
        return Phase.FOUND if self._unseen_in_row == 0 else Phase.HIDDEN

    def _release(self) -> None:
        self._target, self._is_confirmed = None, False
        self._seen.clear()
        self._unseen_in_row = 0

    def _known(self, track_id: int) -> None:
        if track_id not in self._tracks:
            raise ValueError(
                f"there is no object {track_id} any more; known are "
                f"{', '.join(map(str, self._tracks)) or 'none'}"
            )


def _narrowed(
    segmentation: Segmentation, objects: list[SegmentedObject], status: Status
) -> Segmentation:
    """Return the segmentation with these objects only."""
    if tuple(objects) == segmentation.objects and status is segmentation.status:
        return segmentation
    mask: BoolArray = segmentation.mask
    if len(objects) != len(segmentation.objects):
        mask = union_of(tuple(objects), mask.shape)
    # The reasoner's words are about its own choice, not about what the tracker put in its place.
    best, chosen = objects[:1], segmentation.objects[:1]
    kept = status is segmentation.status and tuple(map(id, best)) == tuple(map(id, chosen))
    return replace(
        segmentation,
        mask=mask,
        objects=tuple(objects),
        status=status,
        explanation=segmentation.explanation if kept else "",
    )
