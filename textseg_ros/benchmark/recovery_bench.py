"""Who watches a node recover: asks it, hears its answers, and says how long they stayed away."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textseg_ros.benchmark.carrier import Peer
from textseg_ros.benchmark.trial import Listener, ask_until, find_node
from textseg_ros.messages import stamp_ns
from textseg_ros.signals import wait_until

LIMIT_S = 2.0
RATE = 10.0
JUMP_S = 3600
QUERIES = ("the blue can", "the red mug", "the bottle", "the green box", "the plate", "the cup")
_STEADY_ANSWERS = 5
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault and how long it kept answers away."""

    fault: str
    away_s: float

    @property
    def passed(self) -> bool:
        """Whether it was within the limit."""
        return self.away_s < LIMIT_S

    def line(self) -> str:
        """Return it as a line of a table."""
        return f"| {self.fault} | {self.away_s:.2f} |"


def longest_gap_s(times_ns: Sequence[int], start_ns: int, end_ns: int) -> float:
    """Return the longest time without an event between start and end, seconds."""
    inside = [at for at in times_ns if start_ns <= at <= end_ns]
    moments = [start_ns, *inside, end_ns]
    return max(after - before for before, after in itertools.pairwise(moments)) / 1e9


class Bench:
    """A listener and a user beside a running node.

    Args:
        peer: Who they are in the graph.
        stop: Ends every wait.
    """

    def __init__(self, peer: Peer, stop: threading.Event) -> None:
        self._peer = peer
        self._stop = stop
        self._objects = Listener()
        self._words = peer.publisher("/textseg/query", "std_msgs/msg/String", depth=10)
        self._end = peer.subscription(
            "/textseg/objects", "textseg_ros/msg/Segmentation", self._objects.take
        )

    def settle(self) -> None:
        """Wait until the node answers steadily.

        Raises:
            RuntimeError: If it does not.
        """
        find_node([self._words, self._end], self._stop)
        before = len(self._objects.heard)
        ask_until(
            lambda: self.ask(QUERIES[0]), lambda: len(self._objects.heard) > before, self._stop
        )
        self._expect(
            lambda: len(self._objects.heard) >= before + _STEADY_ANSWERS, "steady answers"
        )

    def ask(self, text: str) -> int:
        """Send a query; return when."""
        now_ns = time.time_ns()
        self._words.publish(self._peer.types.get("std_msgs/msg/String")(data=text))
        return now_ns

    def away_s(self, since_ns: int, fits: Callable[[Any, int], bool]) -> float:
        """Return how long after a time the first message came that fits.

        Args:
            since_ns: System time.
            fits: Takes a message and the stamp of its image.

        Raises:
            RuntimeError: If none comes.
        """
        found: list[int] = []

        def came() -> bool:
            found[:] = [
                one.at_ns
                for one in tuple(self._objects.heard)
                if one.at_ns >= since_ns and fits(one.message, stamp_ns(one.message.header))
            ]
            return bool(found)

        self._expect(came, "an answer after the fault")
        return (found[0] - since_ns) / 1e9

    def gap_s(self, start_ns: int) -> float:
        """Return the longest time without an answer since a time, until now."""
        times_ns = [one.at_ns for one in tuple(self._objects.heard)]
        return longest_gap_s(times_ns, start_ns, time.time_ns())

    def rate(self, start_ns: int) -> float:
        """Return the answers a second since a time."""
        since = [one for one in tuple(self._objects.heard) if one.at_ns >= start_ns]
        return len(since) / ((time.time_ns() - start_ns) / 1e9)

    def _expect(self, condition: Callable[[], bool], what: str) -> None:
        if not wait_until(condition, self._stop, _TIMEOUT_S):
            raise RuntimeError(f"{what} did not come within {_TIMEOUT_S:.0f} s")


def is_fresh(since_ns: int, message: Any, stamp_ns: int) -> bool:
    """Return whether an answer counts as fresh, to an image of a time that began then."""
    return since_ns <= stamp_ns < since_ns + JUMP_S * 10**9 // 2 and not message.stale


def answers(text: str, message: Any, _: int) -> bool:
    """Return whether a message is an answer to a query of this text."""
    return bool(message.query == text and not message.stale)
