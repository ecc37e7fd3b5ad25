"""Simulated time from /clock over plain DDS."""

from typing import Any

from textseg_ros.dds.participant import Participant
from textseg_ros.messages import time_ns
from textseg_ros.topics import CLOCK_TOPIC

CLOCK_TYPE = "rosgraph_msgs/msg/Clock"


class SimulatedClock:
    """The time that /clock tells, as the time source of rclpy keeps it: newest, best effort.

    Args:
        participant: What carries the messages.
        topic: Absolute topic of the clock, where it is remapped.

    Raises:
        RuntimeError: If the participant is closed.
    """

    def __init__(self, participant: Participant, topic: str = CLOCK_TOPIC) -> None:
        self._now_ns = 0
        participant.subscription(topic, CLOCK_TYPE, self._take, reliable=False, depth=1)

    def now_ns(self) -> int:
        """Return the last time heard, nanoseconds; 0 before the first."""
        return self._now_ns

    def _take(self, message: Any) -> None:
        self._now_ns = time_ns(message.clock)
