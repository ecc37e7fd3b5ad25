"""What a browser may say: each message is checked here before anything is done."""

import json
import math
from dataclasses import dataclass
from typing import Any

from textseg_ros.web.hub import IN_FLIGHT
from textseg_ros.web.source import PARTS

#: Longest message, bytes; a query may have 4096.
MOST_BYTES = 16384


@dataclass(frozen=True, slots=True)
class Ask:
    """A command, an expression or an answer; "" clears the query."""

    text: str


@dataclass(frozen=True, slots=True)
class Click:
    """A click at pixels of the picture."""

    u: float
    v: float


@dataclass(frozen=True, slots=True)
class Want:
    """What the browser looks at, of `PARTS`."""

    parts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """That a picture or an answer has been shown."""

    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """Another picture of a folder."""

    by: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A video stands still, or goes on."""

    on: bool


Request = Ask | Click | Want | Shown | Step | Pause


def read_request(text: str) -> Request:
    """Return what a browser says.

    Raises:
        ValueError: If it is not one of the messages above; says what was expected and what came.
    """
    try:
        message = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"expected a message as JSON, got {text[:60]!r}") from error
    if not isinstance(message, dict):
        raise ValueError(f"expected an object with a type, got {text[:60]!r}")
    kind = message.get("type")
    if kind == "ask":
        return Ask(_of(message, "text", str))
    if kind == "click":
        return Click(_number(message, "u"), _number(message, "v"))
    if kind == "want":
        parts = _of(message, "parts", list)
        unknown = [part for part in parts if part not in PARTS]
        if unknown:
            raise ValueError(f"parts must be among {', '.join(PARTS)}, got {str(unknown)[:60]}")
        return Want(frozenset(parts))
    if kind == "shown":
        what = _of(message, "what", str)
        if what not in IN_FLIGHT:
            raise ValueError(f"what must be {' or '.join(IN_FLIGHT)}, got {what[:60]!r}")
        return Shown(what)
    if kind == "step":
        by = _number(message, "by")
        if by not in (-1, 1):
            raise ValueError(f"by must be -1 or 1, got {by}")
        return Step(int(by))
    if kind == "pause":
        return Pause(_of(message, "on", bool))
    raise ValueError(
        f"type must be ask, click, want, shown, step or pause, got {str(kind)[:60]!r}; "
        "reload the page"
    )


def _of(message: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = message.get(name)
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be of type {kind.__name__}, got {str(value)[:60]!r}")
    return value


def _number(message: dict[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {str(value)[:60]!r}")
    return float(value)
