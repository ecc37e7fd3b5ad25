"""One image on its way to an answer, and how old it is."""

from dataclasses import dataclass
from typing import Any

from textseg_ros.messages import stamp_ns

FUTURE_TOLERANCE_S = 0.1
"""How far a stamp may lie ahead of the node's clock: two hosts never agree exactly."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An image message that arrived.

    Attributes:
        key: Topic that it came on, "image" or "compressed".
        message: As received.
        arrived_s: When, on the behaviour's monotonic clock.
        stamp_ns: Its stamp, ROS time; None if the stamp says nothing about its age.
        camera: Name of the camera.
    """

    key: str
    message: Any
    arrived_s: float
    stamp_ns: int | None
    camera: str = ""

    @property
    def time_s(self) -> float:
        """When it was taken, seconds, to compare with frames of the same camera.

        A stamp in the future still tells one frame from the next, so all stamps but zero count.
        """
        stamp = stamp_ns(self.message.header)
        return stamp / 1e9 if stamp else self.arrived_s

    def age_s(self, now_ns: int, now_s: float) -> float:
        """Return the age by its stamp, or since it arrived if the stamp is of no use (any more).

        Args:
            now_ns: ROS time.
            now_s: The behaviour's monotonic clock.
        """
        ahead_s = float("inf") if self.stamp_ns is None else (self.stamp_ns - now_ns) / 1e9
        if ahead_s > FUTURE_TOLERANCE_S:  # no stamp, or the clock was set back since it came
            return now_s - self.arrived_s
        return max(0.0, -ahead_s)


class StampCheck:
    """Tells stamps that give an image's age from those that do not."""

    def __init__(self) -> None:
        self._last_ns: dict[str, int] = {}

    def fault(self, key: str, header: Any, now_ns: int) -> str | None:
        """Return what is wrong with the stamp of the next image of a topic, or None.

        A stamp of zero, before that of the last image of the same topic, or more than
        `FUTURE_TOLERANCE_S` ahead of the clock is of no use. After a backwards jump the new
        stamps count again from the second image on.

        Args:
            key: Topic that the image came on.
            header: Its header.
            now_ns: ROS time.
        """
        stamp = stamp_ns(header)
        last = self._last_ns.get(key, stamp)
        if stamp == 0:
            return "is zero"
        self._last_ns[key] = stamp
        if stamp < last:
            return f"went back by {(last - stamp) / 1e9:.3f} s"
        ahead_s = (stamp - now_ns) / 1e9
        if ahead_s > FUTURE_TOLERANCE_S:
            return f"is {ahead_s:.3f} s in the future"
        return None
