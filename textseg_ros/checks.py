"""The checks of the node's diagnostics: rate, age, drops, engine, memory and last error."""

import threading
from collections.abc import Mapping, Sequence

from textseg_core.memory import resident_mb
from textseg_ros.diagnostics import DROPS, Check, Numbers
from textseg_ros.report import ACTIVE_S, Event, Level, worst_first

_OF_RATE = ("no camera",)
_OF_AGE = ("stale", "stamp of")
_OF_ENGINE = ("worker ended", "lifecycle", "frame not answered", "frame lost")
_OF_DROPS = ("image refused", "compressed refused", "result not sent", "not placed", "target not")
"""How the kinds of events begin that a check stands for; of cameras with names behind them."""


def rate_check(numbers: Numbers, events: Mapping[str, Event], now_s: float) -> Check:
    """Return how many images come and are answered a second."""
    text = f"{numbers.fps_in:.1f} images a second in, {numbers.fps_out:.1f} answered"
    values = {"fps in": f"{numbers.fps_in:.1f}", "fps out": f"{numbers.fps_out:.1f}"}
    for what in ("received", "answered", "unasked", "limited"):
        values[f"frames {what}"] = str(numbers.counts[what])
    values["requests"] = str(numbers.counts["requests"])
    return _check("rate", text, values, events, _OF_RATE, now_s)


def age_check(
    numbers: Numbers, max_age_s: float, events: Mapping[str, Event], now_s: float
) -> Check:
    """Return how old the last answer's image was when it was published, and where time went."""
    values = {"age s": "none" if numbers.age_s is None else f"{numbers.age_s:.3f}"}
    values["max age s"] = f"{max_age_s:.3f}"
    values.update({f"{stage} ms": f"{ms:.2f}" for stage, ms in numbers.latency_ms.items()})
    text = "no answer yet"
    if numbers.age_s is not None:
        text = f"the last answer was {numbers.age_s:.3f} s old, {max_age_s:.3f} s are allowed"
    return _check("age", text, values, events, _OF_AGE, now_s)


def drops_check(
    numbers: Numbers, space: Mapping[str, str], events: Mapping[str, Event], now_s: float
) -> Check:
    """Return what was not answered, and what could not be placed in space.

    A frame that a newer one replaced is no fault: the network is slower than the camera.
    """
    values = {f"frames {what}": str(numbers.counts[what]) for what in DROPS} | dict(space)
    lost = sum(numbers.counts[what] for what in ("refused", "failed"))
    replaced = numbers.counts["replaced"]
    text = f"{lost} frames refused or failed, {replaced} replaced by newer ones"
    return _check("drops", text, values, events, _OF_DROPS, now_s)


def engine_check(line: str, events: Mapping[str, Event], now_s: float) -> Check:
    """Return what runs where.

    Args:
        line: What the engine says of itself.
        events: What was told.
        now_s: On the report's clock.
    """
    return _check("engine", line, {"backend": line}, events, _OF_ENGINE, now_s)


def memory_check() -> Check:
    """Return how much memory the process holds; for people to watch, so it is never a fault."""
    try:
        shown = f"{resident_mb():.1f}"
    except OSError:  # not Linux
        shown = "unknown"
    values = {"resident MB": shown, "threads": str(threading.active_count())}
    return Check("memory", "info", f"{shown} MB resident", values)


def last_error_check(events: Mapping[str, Event], now_s: float) -> Check:
    """Return the last warning or error, and how often each kind was told.

    It is a fault for as long as the error counts as present.
    """
    troubles = {kind: event for kind, event in events.items() if event.level != "info"}
    if not troubles:
        return Check("last error", "info", "none", {})
    kind, last = max(troubles.items(), key=lambda item: item[1].last_s)
    values = {"kind": kind, "seconds ago": f"{now_s - last.last_s:.1f}"}
    values |= {
        f"{event.level}: {kind}": f"{event.count} x, last: {event.text}"
        for kind, event in troubles.items()
    }
    present = now_s - last.last_s < ACTIVE_S
    return Check("last error", last.level if present else "info", last.text, values)


def _check(
    name: str,
    text: str,
    values: Mapping[str, str],
    events: Mapping[str, Event],
    kinds: Sequence[str],
    now_s: float,
) -> Check:
    """Return a check that is as bad as the worst present event of its kinds, and says its text."""
    present = worst_first(
        (event for kind, event in events.items() if kind.startswith(tuple(kinds))), now_s
    )
    level: Level = "info"
    if present:
        level, text = present[0].level, present[0].text
    return Check(name, level, text, values)
