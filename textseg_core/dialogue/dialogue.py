"""One query and its object: follows it, asks which of several is meant, takes the answer."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.dialogue.candidates import Candidate, find_candidates, reading_order
from textseg_core.dialogue.choice import choose
from textseg_core.dialogue.follow_up import Act, FollowUp, read_follow_up
from textseg_core.dialogue.turn import Reply, ReplyKind, Turn
from textseg_core.dialogue.wording import hidden, no_other, not_in_view, question
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.tracking import Phase, Tracker

#: A click beside the objects means the nearest one up to this share of the image's longer side.
CLICK_SHARE = 0.02
#: How long a distance that was measured holds, seconds: things and cameras move.
MEASURED_S = 2.0


class Dialogue:
    """Keeps one query in the frames of one camera on its object; for any thread.

    Args:
        tracker: What follows the objects; None for one with the usual settings.
    """

    def __init__(self, tracker: Tracker | None = None) -> None:
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._tracker = tracker or Tracker()
        self._in_view: dict[int, SegmentedObject] = {}
        self._candidates: tuple[Candidate, ...] = ()
        self._expression = ""
        self._target_id = 0
        self._is_asking = False
        self._was_asked = False
        self._longer_side = 0
        self._since_s: float | None = None
        # Id -> metres from the camera, and when that was so.
        self._measured: dict[int, tuple[float, float]] = {}

    def observe(
        self,
        segmentation: Segmentation,
        image: UInt8Array,
        stamp_s: float,
        distances_m: Sequence[float | None] | None = None,
    ) -> Turn:
        """Return what to publish and to say of a frame.

        Args:
            segmentation: The answer to this frame alone.
            image: The frame, RGB (H, W, 3).
            stamp_s: When it was taken, seconds.
            distances_m: Of the segmentation's objects from the camera, metres, None where
                unknown; None if they come later, see `measure`, or there is no depth.

        Raises:
            ValueError: As `Tracker.update`.
        """
        with self._lock:
            tracked = self._tracker.update(segmentation, image, stamp_s)
            if self._since_s is None or stamp_s < self._since_s:
                self._since_s = stamp_s
            self._expression = segmentation.expression
            self._longer_side = max(image.shape[:2])
            self._target_id = tracked.target_id
            self._is_asking = tracked.segmentation.status is Status.AMBIGUOUS
            self._was_asked |= self._is_asking
            pairs = list(zip(tracked.observed_ids, segmentation.objects, strict=True))
            if pairs:  # of what is hidden for a moment one may still speak
                self._in_view = dict(pairs)
                # While it is asked, these are the objects published, in their order.
                chosen = [pair for pair in pairs if pair[0] not in self._tracker.rejected]
                if distances_m is not None:
                    self._take_distances(
                        {
                            track_id: distance_m
                            for (track_id, _), distance_m in zip(pairs, distances_m, strict=True)
                            if distance_m is not None
                        },
                        stamp_s,
                    )
                self._forget_distances(stamp_s)
                self._candidates = find_candidates(
                    [found for _, found in chosen],
                    [track_id for track_id, _ in chosen],
                    image,
                    [self._distance_m(track_id) for track_id, _ in chosen],
                )
            if self._is_asking:
                text = self._question()
            elif tracked.segmentation.status is Status.FOUND:
                text = ""
            elif tracked.phase is Phase.HIDDEN:
                text = hidden(self._expression)
            else:
                text = not_in_view(self._expression, segmentation.unknown_words)
            return Turn(
                tracked=tracked,
                candidates=self._candidates if self._is_asking else (),
                text=text,
            )

    def measure(self, distances_m: Mapping[int, float], stamp_s: float) -> None:
        """Take how far objects are, which may be known only after the frame was told about.

        The objects keep what they are called until the next frame. A frame of the time before
        this dialogue began is of other objects, whatever their ids.

        Args:
            distances_m: Id -> metres from the camera.
            stamp_s: When the frame was taken that they were measured in, seconds.
        """
        with self._lock:
            self._take_distances(distances_m, stamp_s)
            self._candidates = tuple(
                replace(one, distance_m=self._distance_m(one.track_id)) for one in self._candidates
            )

    @property
    def is_asking(self) -> bool:
        """Whether the last frame left open which object is meant."""
        with self._lock:
            return self._is_asking

    def is_on(self, track_id: int) -> bool:
        """Return whether the query is on this object now, after all that was seen and said.

        Args:
            track_id: The object; 0 asks whether it is on none.
        """
        with self._lock:
            return self._target_id == track_id

    def answer(self, text: str) -> Reply:
        """Take a text that may be an answer to "which one?".

        Args:
            text: As typed or said.

        Returns:
            What is to be done. A text is an answer if it says nothing but which of the objects
            is meant, or that none is, and if that was asked, or an object was found that it
            turns down.
        """
        with self._lock:
            if not self._expression:
                return Reply(ReplyKind.NEW_QUERY, text)
            said = read_follow_up(text, self._expression)
            if said.act is Act.CANCEL:
                return Reply(ReplyKind.CANCELLED, "")
            if said.act in (Act.NOT_THAT, Act.OTHER) and self._target_id:
                return self._without_target(for_good=said.act is Act.NOT_THAT)
            if not self._was_asked or len(self._candidates) < 2:
                return Reply(ReplyKind.NEW_QUERY, text)
            if said.act is Act.CHOOSE:
                return self._chosen(said)
            if said.act is Act.ANY:
                return self._pick(self._candidates[0].track_id)
            if said.act is Act.ALL:
                return Reply(ReplyKind.UNCLEAR, f"one at a time: {self._question()}")
            if said.act is Act.REWORD:
                return Reply(ReplyKind.REWORDED, said.text)
            if said.act is Act.NONE:
                return Reply(ReplyKind.NEW_QUERY, text)
            return Reply(ReplyKind.UNCLEAR, self._question())

    def click(self, u: float, v: float, tolerance_px: float | None = None) -> Reply:
        """Take a click on the image, at (u, v) pixels; (0, 0) is the top-left pixel's centre.

        The object is meant whose mask holds the pixel; else the nearest one.

        Args:
            u: To the right.
            v: Downwards.
            tolerance_px: How far beside an object a click may be; None for `CLICK_SHARE` of the
                image's longer side.
        """
        with self._lock:
            if tolerance_px is None:
                tolerance_px = CLICK_SHARE * self._longer_side
            distances = {
                track_id: _distance(found, u, v) for track_id, found in self._in_view.items()
            }
            nearest = min(distances, key=lambda track_id: distances[track_id], default=0)
            if not nearest or not distances[nearest] <= tolerance_px:
                text = f"nothing that fits is at ({u:.0f}, {v:.0f})"
                asked = f": {self._question()}" if self._is_asking else ""
                return Reply(ReplyKind.UNCLEAR, text + asked)
            return self._pick(nearest)

    def reset(self) -> None:
        """Forget the objects, the question and the answers."""
        with self._lock:
            self._tracker.reset()
            self._in_view, self._candidates, self._target_id = {}, (), 0
            self._measured, self._since_s = {}, None
            self._is_asking = self._was_asked = False

    def _take_distances(self, distances_m: Mapping[int, float], stamp_s: float) -> None:
        if self._since_s is None or stamp_s < self._since_s:
            return
        known = self._tracker.known
        self._measured |= {
            track_id: (distance_m, stamp_s)
            for track_id, distance_m in distances_m.items()
            if track_id in known and np.isfinite(distance_m)
        }

    def _forget_distances(self, stamp_s: float) -> None:
        """Forget what was measured long ago, or of an object that is lost."""
        known = self._tracker.known
        self._measured = {
            track_id: (distance_m, then_s)
            for track_id, (distance_m, then_s) in self._measured.items()
            if track_id in known and abs(stamp_s - then_s) <= MEASURED_S
        }

    def _distance_m(self, track_id: int) -> float | None:
        found = self._measured.get(track_id)
        return None if found is None else found[0]

    def _chosen(self, said: FollowUp) -> Reply:
        """Return the reply to traits of the one that is meant, or is not."""
        fitting = choose(self._candidates, said.traits)
        if said.is_negated and fitting:
            fitting = tuple(one for one in self._candidates if one not in fitting)
        if not fitting:
            return Reply(ReplyKind.UNCLEAR, f"none of them is that: {self._question()}")
        return self._narrowed_to(fitting)

    def _without_target(self, *, for_good: bool) -> Reply:
        """Return the reply to "not that one" and "the other one"."""
        others = tuple(one for one in self._candidates if one.track_id != self._target_id)
        if for_good or not others:
            self._reject([self._target_id])
            self._target_id = 0
        if others:
            return self._narrowed_to(others)
        return Reply(ReplyKind.NARROWED, no_other(self._expression))

    def _narrowed_to(self, fitting: tuple[Candidate, ...]) -> Reply:
        """Return the reply when these are left."""
        if len(fitting) == 1:
            return self._pick(fitting[0].track_id)
        if len(fitting) == len(self._candidates):
            return Reply(ReplyKind.UNCLEAR, self._question())
        kept = {one.track_id for one in fitting}
        self._reject([one.track_id for one in self._candidates if one.track_id not in kept])
        self._candidates = fitting
        self._target_id = 0
        return Reply(ReplyKind.NARROWED, self._question())

    def _pick(self, track_id: int) -> Reply:
        try:
            self._tracker.pick(track_id)
        except ValueError:  # it was lost since the last frame that showed it
            return Reply(ReplyKind.UNCLEAR, "that one is gone")
        self._target_id, self._is_asking = track_id, False
        labels = {one.track_id: one.label for one in self._candidates}
        return Reply(ReplyKind.PICKED, labels.get(track_id, ""), track_id)

    def _reject(self, track_ids: Iterable[int]) -> None:
        for track_id in track_ids:
            with suppress(ValueError):  # one that was lost is not shown anyway
                self._tracker.reject([track_id])

    def _question(self) -> str:
        return question(self._expression, reading_order(self._candidates))


def _distance(found: SegmentedObject, u: float, v: float) -> float:
    """Return how far a point lies from an object's nearest pixel, 0 on it, in pixels."""
    x, y, width, height = found.box
    piece = found.mask[y : y + height, x : x + width]
    rows, columns = np.nonzero(piece)
    across = np.maximum(np.abs(columns + (x - u)) - 0.5, 0.0)
    down = np.maximum(np.abs(rows + (y - v)) - 0.5, 0.0)
    return float(np.hypot(across, down).min())
