"""What the node did: counts, rates and latencies, and the diagnostics that tell of them."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textseg_ros.messages import MessageTypes, key_values, make_header
from textseg_ros.report import Level
from textseg_ros.results import LATENCY_STAGES

_LEVEL_CONSTANTS: dict[Level, str] = {"info": "OK", "warning": "WARN", "error": "ERROR"}
_NO_HARDWARE = "none"
"""What diagnostic_updater wants of nodes without hardware of their own."""

COUNTS = (
    "received",
    "unasked",
    "limited",
    "answered",
    "replaced",
    "refused",
    "failed",
    "discarded",
    "stale",
    "requests",
)
"""What becomes of frames: without a query, beyond the rate limit, answered, replaced by a newer
one before work began, not decodable, not segmentable, cleared query; how many answers were stale,
and how many requests were answered."""

ENDS = ("unasked", "limited", "answered", "replaced", "refused", "failed", "discarded")
"""Of these, what a frame that was received comes to, one of them."""

DROPS = ("replaced", "refused", "failed", "discarded", "stale")
"""Of these, what a person looks for when answers do not come."""


@dataclass(frozen=True, slots=True)
class Check:
    """One of the node's statuses, as a task of diagnostic_updater gives one.

    Attributes:
        name: What is looked at.
        level: How bad.
        text: One line.
        values: Details by name.
    """

    name: str
    level: Level
    text: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What `Statistics` knows at one time.

    Attributes:
        fps_in: Images received a second, since the last look.
        fps_out: Images answered a second, since the last look.
        counts: Since the start, by the names in `COUNTS`.
        age_s: Of the last answer's image when it was published; None before the first.
        latency_ms: Of the last answer, by stage.
    """

    fps_in: float
    fps_out: float
    counts: Mapping[str, int]
    age_s: float | None
    latency_ms: Mapping[str, float]


class Statistics:
    """Counts of what the node did; every thread may call it."""

    def __init__(self, now_s: float) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self._before_s = now_s
        self._latency_ms: Mapping[str, float] = {}
        self._age_s: float | None = None

    def count(self, what: str) -> None:
        """Add one to one of `COUNTS`."""
        with self._lock:
            self._counts[what] += 1

    def measured(self, latency_ms: Mapping[str, float], age_s: float) -> None:
        """Keep the latency by stage of an answer that was sent, and its age when published."""
        with self._lock:
            self._latency_ms, self._age_s = latency_ms, age_s

    def total(self, what: str) -> int:
        """Return a count since the start."""
        with self._lock:
            return self._counts[what]

    @property
    def is_settled(self) -> bool:
        """Whether every frame that was received has come to its end."""
        with self._lock:
            return self._counts["received"] == sum(self._counts[end] for end in ENDS)

    def numbers(self, now_s: float) -> Numbers:
        """Return counts, rates since the last call, and the last age and latencies."""
        with self._lock:
            span_s = max(now_s - self._before_s, 1e-9)
            fps_in, fps_out = (
                (self._counts[what] - self._before[what]) / span_s
                for what in ("received", "answered")
            )
            self._before, self._before_s = self._counts.copy(), now_s
            counts = {what: self._counts[what] for what in COUNTS}
            stages = {
                stage: self._latency_ms[stage]
                for stage in LATENCY_STAGES
                if stage in self._latency_ms
            }
            return Numbers(fps_in, fps_out, counts, self._age_s, stages)


def diagnostics_message(
    types: MessageTypes, now_ns: int, node_name: str, checks: Sequence[Check]
) -> Any:
    """Return diagnostic_msgs/DiagnosticArray, one status for each check.

    Names and fields are those of diagnostic_updater, so that rqt_robot_monitor and
    diagnostic_aggregator take the node for one that uses it: "<node>: <check>".

    Args:
        types: Message classes.
        now_ns: ROS time.
        node_name: Full name of the node.
        checks: What was looked at.
    """
    status_class = types.get("diagnostic_msgs/msg/DiagnosticStatus")
    return types.get("diagnostic_msgs/msg/DiagnosticArray")(
        header=make_header(types, now_ns),
        status=[
            status_class(
                level=getattr(status_class, _LEVEL_CONSTANTS[check.level]),
                name=f"{node_name.strip('/')}: {check.name}",
                message=check.text,
                hardware_id=_NO_HARDWARE,
                values=key_values(types, check.values),
            )
            for check in checks
        ],
    )
