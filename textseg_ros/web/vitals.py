"""How a node is, as its diagnostics tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textseg_ros.report import Level

_LEVELS: tuple[Level, ...] = ("info", "warning", "error", "error")
# What people read -> the key in the diagnostics.
_NUMBERS = {
    "images a second": "fps in",
    "answers a second": "fps out",
    "engine": "backend",
    "state": "state",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What one message tells of a node.

    Attributes:
        level: How bad it is.
        text: What the node does, or the worst that is present.
        query: In force; "" for none.
        numbers: For people to read, by name.
        error_level: Of the last error, while it is present; else "info".
        error: The last error.
    """

    level: Level
    text: str
    query: str
    numbers: Mapping[str, str]
    error_level: Level
    error: str


def read_vitals(message: Any, node_name: str) -> Vitals | None:
    """Return what a diagnostic_msgs/DiagnosticArray tells of a node; None if it is of others.

    Args:
        message: Of either kind of message classes.
        node_name: Full name of the node.
    """
    prefix = f"{node_name.strip('/')}: "
    own = {
        status.name.removeprefix(prefix): status
        for status in message.status
        if status.name.startswith(prefix)
    }
    summary, last = own.get("segmentation"), own.get("last error")
    if summary is None:
        return None
    values = {pair.key: pair.value for status in own.values() for pair in status.values}
    return Vitals(
        level=_level(summary.level),
        text=summary.message,
        query=values.get("query", ""),
        numbers={name: values[key] for name, key in _NUMBERS.items() if key in values},
        error_level="info" if last is None else _level(last.level),
        error="" if last is None else last.message,
    )


def _level(level: Any) -> Level:
    """Return the level of a DiagnosticStatus, which rclpy gives as a byte."""
    number = level[0] if isinstance(level, bytes) else int(level)
    return _LEVELS[min(number, len(_LEVELS) - 1)]
