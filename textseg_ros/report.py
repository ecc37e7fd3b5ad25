"""What the node tells its operator: one message per kind and period, the rest counted."""

import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]
ACTIVE_S = 5.0
"""How long a warning or an error counts as present; longer than the second between two ticks."""
_SEVERITY: dict[Level, int] = {"info": 0, "warning": 1, "error": 2}


@dataclass(slots=True)
class Event:
    """One kind of message.

    Attributes:
        level: How bad.
        text: The last one.
        count: How often since the start.
        last_s: When the last one came, on the report's clock.
        logged_s: When one was last passed on.
        suppressed: How many were not, since then.
    """

    level: Level
    text: str
    count: int
    last_s: float
    logged_s: float
    suppressed: int = 0


class Report:
    """Passes on one message per kind and period; every thread may call it.

    Attributes:
        period_s: As the argument; may be set anew.

    Args:
        log: Where messages go.
        period_s: Least time between two messages of a kind.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self, log: Callable[[Level, str], None], period_s: float, clock_s: Callable[[], float]
    ) -> None:
        self._log = log
        self.period_s = period_s
        self._clock_s = clock_s
        self._events: dict[str, Event] = {}
        self._lock = threading.Lock()

    def tell(self, kind: str, level: Level, text: str) -> None:
        """Count a message and pass it on, unless one of its kind went out within the period.

        Args:
            kind: What the period and the count are kept for.
            level: How bad.
            text: For the operator; followed by how many of its kind were held back.

        It never raises: a log that fails must not end what it tells of. The text then goes to
        stderr, and the count stays for the diagnostics.
        """
        now_s = self._clock_s()
        with self._lock:
            event = self._events.get(kind)
            if event is None:
                self._events[kind] = Event(level, text, 1, now_s, now_s)
                held_back = 0
            else:
                event.level, event.text, event.last_s = level, text, now_s
                event.count += 1
                if now_s - event.logged_s < self.period_s:
                    event.suppressed += 1
                    return
                held_back, event.suppressed, event.logged_s = event.suppressed, 0, now_s
        since = f" ({held_back} more like this since the last message)" if held_back else ""
        try:
            self._log(level, text + since)
        except Exception as error:
            print(f"{level}: {text}{since} (the log failed: {error})", file=sys.stderr)

    def events(self) -> dict[str, Event]:
        """Return every kind that was told, by its name."""
        with self._lock:
            return dict(self._events)

    def active(self) -> list[Event]:
        """Return the warnings and errors of the last `ACTIVE_S`, worst and newest first."""
        return worst_first(self.events().values(), self._clock_s())


def worst_first(events: Iterable[Event], now_s: float) -> list[Event]:
    """Return the warnings and errors among events that are still present, worst and newest first.

    Args:
        events: Of any level.
        now_s: On the report's clock.
    """
    recent = [
        event for event in events if event.level != "info" and now_s - event.last_s < ACTIVE_S
    ]
    return sorted(recent, key=lambda event: (-_SEVERITY[event.level], -event.last_s))
