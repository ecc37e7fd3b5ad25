"""One object over the frames of a video: how it looked, where it goes, how long it is hidden."""

from dataclasses import dataclass, replace

import numpy as np

from textseg_core.association import Look, Remembered

#: Share of a new measurement in an object's velocity, and in its colours.
VELOCITY_SHARE = 0.5
COLOUR_SHARE = 0.2
#: An object is partly hidden while it shows less than this share of the area it had ...
WHOLE_SHARE = 0.9
#: ... but for so many frames at most: then it has that size now.
WHOLE_FRAMES = 15


@dataclass(slots=True, eq=False)
class Track:
    """One object over frames.

    Attributes:
        look: When it was last seen, at `look_s`.
        whole: When it was last seen whole, at `whole_s`.
        velocity: Pixels per second.
        partly: Frames since in which less of it was seen.
        unseen: Frames since in which it was not seen at all.
    """

    id: int
    look: Look
    look_s: float
    whole: Look
    whole_s: float
    velocity: tuple[float, float] = (0.0, 0.0)
    partly: int = 0
    unseen: int = 0

    def remembered(self, stamp_s: float) -> Remembered:
        """Return what is known of the object at a time, to find it again."""
        return Remembered(
            look=self.look,
            whole=self.whole,
            shift=self._moved(stamp_s - self.look_s),
            whole_shift=self._moved(stamp_s - self.whole_s),
            unseen=self.unseen,
        )

    def see(self, look: Look, stamp_s: float) -> None:
        """Take how the object looks now."""
        colours = self.look.colours + np.float32(COLOUR_SHARE) * (look.colours - self.look.colours)
        look = replace(look, colours=colours)
        self.look, self.look_s, self.unseen = look, stamp_s, 0
        self.partly += 1
        if look.area >= WHOLE_SHARE * self.whole.area:
            self._see_move(look.centroid, stamp_s - self.whole_s)
        elif self.partly <= WHOLE_FRAMES:
            return  # the centre of a part tells nothing of how the whole moves
        self.whole, self.whole_s, self.partly = look, stamp_s, 0

    def _see_move(self, centroid: tuple[float, float], since_s: float) -> None:
        if since_s > 0.0:
            (u, v), (before_u, before_v) = centroid, self.whole.centroid
            across, down = self.velocity
            self.velocity = (
                across + VELOCITY_SHARE * ((u - before_u) / since_s - across),
                down + VELOCITY_SHARE * ((v - before_v) / since_s - down),
            )

    def _moved(self, since_s: float) -> tuple[float, float]:
        return self.velocity[0] * since_s, self.velocity[1] * since_s
