"""What the node tells its operator: each change of state, and faults once a period."""

import math
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]
ACTIVE_S = 5.0
"""How long a warning or an error counts as present; longer than the second between two ticks."""
MOST_CHANGES = 50
"""Changes of one kind that are passed on within a period; of more, the newest at each tick."""
_SEVERITY: dict[Level, int] = {"info": 0, "warning": 1, "error": 2}


@dataclass(slots=True)
class Event:
    """One kind of message.

    Attributes:
        level: How bad.
        text: The last one.
        count: How often since the start.
        last_s: When the last one came, on the report's clock.
        logged_s: When one was last passed on; -inf if it was before all was well again.
        suppressed: How many were not, since then.
        changes: How many changes of state came since `window_s`.
        window_s: When these began to be counted.
        waits: Whether the last one is a change of state that has yet to be passed on.
    """

    level: Level
    text: str
    count: int = 0
    last_s: float = -math.inf
    logged_s: float = -math.inf
    suppressed: int = 0
    changes: int = 0
    window_s: float = -math.inf
    waits: bool = False


class Report:
    """Passes on each change of state, and faults once per kind and period; for every thread.

    An info says what is the case from now on, so each goes out that is not what the log ends with
    anyway. A warning or an error is a fault: it is repeated once a period, as long as its kind
    tells of nothing else and until `renew`.

    Attributes:
        period_s: As the argument; may be set anew.

    Args:
        log: Where messages go.
        period_s: Least time between two messages of a fault.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self, log: Callable[[Level, str], None], period_s: float, clock_s: Callable[[], float]
    ) -> None:
        self._log = log
        self.period_s = period_s
        self._clock_s = clock_s
        self._events: dict[str, Event] = {}
        self._last_text = ""
        self._lock = threading.Lock()

    def tell(self, kind: str, level: Level, text: str) -> None:
        """Count a message and pass it on, unless the log says so already.

        Args:
            kind: What the period and the count are kept for; what ends a state is of its kind.
            level: How bad.
            text: For the operator; followed by how many of its kind were held back.

        It never raises: a log that fails must not end what it tells of. The text then goes to
        stderr, and the count stays for the diagnostics.
        """
        now_s = self._clock_s()
        with self._lock:
            event = self._events.setdefault(kind, Event(level, text))
            is_change = level != event.level or (level == "info" and text != self._last_text)
            event.level, event.text, event.last_s = level, text, now_s
            event.count += 1
            if is_change:
                if now_s - event.window_s >= self.period_s:
                    event.window_s, event.changes = now_s, 0
                event.changes += 1
                event.waits = event.changes > MOST_CHANGES
                held = event.waits
            else:
                held = now_s - event.logged_s < self.period_s
            if held:
                event.suppressed += 1
                return
            line = self._passed(event, now_s, event.suppressed)
        self._write(level, line)

    def catch_up(self) -> None:
        """Pass on the newest of those changes of state that were too many; once a second."""
        now_s = self._clock_s()
        with self._lock:
            lines = [
                (event.level, self._passed(event, now_s, event.suppressed - 1))
                for event in self._events.values()
                if event.waits
            ]
        for level, line in lines:
            self._write(level, line)

    def renew(self) -> None:
        """Pass the next fault of each kind on at once: the log is about to say that none is."""
        with self._lock:
            for event in self._events.values():
                event.logged_s = -math.inf

    def events(self) -> dict[str, Event]:
        """Return every kind that was told, by its name."""
        with self._lock:
            return dict(self._events)

    def active(self) -> list[Event]:
        """Return the warnings and errors of the last `ACTIVE_S`, worst and newest first."""
        return worst_first(self.events().values(), self._clock_s())

    def _passed(self, event: Event, now_s: float, held_back: int) -> str:
        """Note that an event is passed on; return its line."""
        event.logged_s, event.suppressed, event.waits = now_s, 0, False
        self._last_text = event.text
        since = f" ({held_back} more like this since the last message)" if held_back else ""
        return event.text + since

    def _write(self, level: Level, line: str) -> None:
        try:
            self._log(level, line)
        except Exception as error:
            print(f"{level}: {line} (the log failed: {error})", file=sys.stderr)


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
