"""What the node did: counts, rates and latencies, and the diagnostics that tell of them."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from textseg_ros.messages import MessageTypes, key_values, make_header
from textseg_ros.report import Event, Level
from textseg_ros.results import LATENCY_STAGES

_LEVEL_CONSTANTS: dict[Level, str] = {"info": "OK", "warning": "WARN", "error": "ERROR"}

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

    def values(self, now_s: float) -> dict[str, str]:
        """Return counts, rates since the last call, and the last latencies, for diagnostics."""
        with self._lock:
            span_s = max(now_s - self._before_s, 1e-9)
            rates = {
                name: (self._counts[what] - self._before[what]) / span_s
                for name, what in (("fps in", "received"), ("fps out", "answered"))
            }
            self._before, self._before_s = self._counts.copy(), now_s
            values = {name: f"{rate:.1f}" for name, rate in rates.items()}
            for what in COUNTS:
                name = what if what == "requests" else f"frames {what}"
                values[name] = str(self._counts[what])
            values["age s"] = "none" if self._age_s is None else f"{self._age_s:.3f}"
            for stage in LATENCY_STAGES:
                if stage in self._latency_ms:
                    values[f"{stage} ms"] = f"{self._latency_ms[stage]:.2f}"
            return values


def event_values(events: Mapping[str, Event]) -> dict[str, str]:
    """Return how often each kind of message was told and its last text."""
    return {
        f"{event.level}: {kind}": f"{event.count} x, last: {event.text}"
        for kind, event in events.items()
        if event.level != "info"
    }


def diagnostics_message(
    types: MessageTypes,
    now_ns: int,
    node_name: str,
    level: Level,
    text: str,
    values: Mapping[str, str],
) -> Any:
    """Return diagnostic_msgs/DiagnosticArray with the node's one status.

    Args:
        types: Message classes.
        now_ns: ROS time.
        node_name: Full name of the node.
        level: Worst of the last period.
        text: One line.
        values: Details by name.
    """
    status_class = types.get("diagnostic_msgs/msg/DiagnosticStatus")
    status = status_class(
        level=getattr(status_class, _LEVEL_CONSTANTS[level]),
        name=f"{node_name.strip('/')}: segmentation",
        message=text,
        hardware_id="",
        values=key_values(types, values),
    )
    return types.get("diagnostic_msgs/msg/DiagnosticArray")(
        header=make_header(types, now_ns), status=[status]
    )
