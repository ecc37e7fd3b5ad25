"""Puts messages about one picture together: the answer, its mask and its response."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textseg_ros.messages import stamp_ns

#: Pictures whose messages may be on their way at a time.
_MOST_OPEN = 4
#: How long an answer waits for its pictures before it is shown without them.
PATIENCE_S = 0.5


@dataclass(slots=True)
class _Open:
    began_s: float
    messages: dict[str, Any] = field(default_factory=dict)


class Assembler:
    """Collects messages by the stamp of their picture; one thread uses it.

    Messages of one picture come on several topics, in any order, and each may be lost. An answer
    is complete when all that is wanted has come; what is older is then forgotten.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._wanted: frozenset[str] = frozenset({"objects"})

    def want(self, keys: frozenset[str]) -> None:
        """Take which topics an answer is complete with; `objects` always belongs to them."""
        self._wanted = keys | {"objects"}

    def take(self, key: str, message: Any, now_s: float) -> Mapping[str, Any] | None:
        """Return the messages of an answer that is complete now, by topic key; else None.

        Args:
            key: Of the topic.
            message: With a header.
            now_s: Monotonic seconds; an answer that has waited `PATIENCE_S` is complete with
                what there is.
        """
        if key not in self._wanted:
            return None
        stamp = stamp_ns(message.header)
        self._open.setdefault(stamp, _Open(now_s)).messages[key] = message
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        done = [
            number
            for number, open_ in self._open.items()
            if "objects" in open_.messages
            and (self._wanted <= open_.messages.keys() or now_s - open_.began_s > PATIENCE_S)
        ]
        if not done:
            return None
        newest = done[-1]
        found = self._open[newest].messages
        began = list(self._open)
        for number in began[: began.index(newest) + 1]:
            del self._open[number]
        return found
