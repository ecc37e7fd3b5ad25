"""How far a run is, by steps or by the clock, and what learning rate belongs to that."""

import math
import time


def learning_rate_share(progress: float, warm_up: float) -> float:
    """Return the share of the top learning rate: a linear rise, then half a cosine to 1 %.

    Args:
        progress: Share of the run that is done, 0..1.
        warm_up: Share of the run in which the rate rises from 1 %.
    """
    if progress < warm_up:
        return 0.01 + 0.99 * progress / warm_up
    done = (progress - warm_up) / max(1e-9, 1.0 - warm_up)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))


class Clock:
    """Minutes of a run over all its parts.

    Args:
        earlier_min: Minutes of the parts before this one.
        counts: "wall" for what passes, "core" for what this process has had of processor cores.
    """

    def __init__(self, earlier_min: float = 0.0, counts: str = "wall") -> None:
        self._earlier_min = earlier_min
        self._now = time.process_time if counts == "core" else time.monotonic
        self._started = self._now()

    @property
    def part_min(self) -> float:
        """Minutes of this part."""
        return (self._now() - self._started) / 60.0

    @property
    def run_min(self) -> float:
        """Minutes of the whole run so far."""
        return self._earlier_min + self.part_min


def progress_of(step: int, run_min: float, *, steps: int | None, minutes: float | None) -> float:
    """Return the share of a run that is done, 0..1; exactly one of the lengths is given."""
    if steps is not None:
        return min(1.0, step / steps)
    if minutes is None:
        raise ValueError("expected a length of the run in steps or in minutes, got neither")
    return min(1.0, run_min / minutes)
