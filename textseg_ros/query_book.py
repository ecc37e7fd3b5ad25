"""The queries in force: one from the topic and standing ones by key, with priority and expiry."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textseg_core.command import parse_command
from textseg_ros.query import Query, check_query, shown

MAX_QUERIES = 16
"""Most standing queries at a time, where the parameter max_queries does not say otherwise."""
MAX_KEY_BYTES = 128
"""Longest key of a standing query, bytes of UTF-8."""
PLACES = 8
"""Most queries answered for one frame."""
FAIR_PLACES = 2
"""Places of a frame that go round irrespective of priority, when there are too few for all."""

_PRIORITIES = range(-(2**31), 2**31)
_KEPT_EXPIRIES = 256

Standing = Literal["asked", "replaced", "cleared"]
"""What has become of a query: still the one, followed by another, or taken back."""


@dataclass(slots=True)
class _Entry:
    """A query in force.

    Attributes:
        query: As it is now.
        since_id: Number of the first query of an unbroken chain: one that took the place of
            another continues its chain, one asked anew after clearing or expiry begins one.
        expires_s: When it ends, in the book's clock; infinity for never.
    """

    query: Query
    since_id: int
    expires_s: float


class QueryBook:
    """Keeps the queries in force and shares the frames out among them; for any thread.

    There is one query from the topic `query`, which the next one replaces, and beside it at most
    `max_queries` standing ones, each with a key of its own. Every accepted request has the next
    number, from 1, over all keys; one that clears, removes or repeats counts too.

    Args:
        max_queries: Most standing queries at a time.
        max_query_bytes: Longest text accepted, bytes of UTF-8.
        clock_s: Monotonic seconds, from which lifetimes count.
    """

    def __init__(
        self,
        *,
        max_queries: int = MAX_QUERIES,
        max_query_bytes: int = 4096,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._max_queries = max_queries
        self._max_query_bytes = max_query_bytes
        self._accepted = 0
        self._entries: dict[str, _Entry] = {}
        self._expired: deque[Query] = deque(maxlen=_KEPT_EXPIRIES)
        self._places_given = 0
        # Camera -> key -> number of the place that the key was last given, of all places ever.
        self._turns: dict[str, dict[str, int]] = {}

    def set_limits(self, *, max_queries: int, max_query_bytes: int) -> None:
        """Set new limits; queries in force stay, even if they are more or longer."""
        with self._lock:
            self._max_queries, self._max_query_bytes = max_queries, max_query_bytes

    def ask(self, text: str) -> Query:
        """Take the query of the topic: the one from now on; empty or white space clears it.

        Args:
            text: As received.

        Returns:
            The accepted query; one with blank text has cleared.

        Raises:
            ValueError: If the text is refused (see `check_query`) or names nothing; the query
                before stays in force.
        """
        with self._lock:
            self._check_text(text)
            return self._accept("", text, 0, math.inf)

    def put(self, key: str, text: str, priority: int = 0, lifetime_s: float = 0.0) -> Query:
        """Take a standing query; one of the same key is replaced, empty text removes it.

        Args:
            key: Its name.
            text: As received.
            priority: The greater the sooner answered; a 32-bit number.
            lifetime_s: How long it stands from now on; 0 for until it is removed.

        Returns:
            The accepted query; one with blank text has removed.

        Raises:
            ValueError: If key, text, priority or lifetime is refused, there are too many
                already, or there is none of this key to remove; what was in force stays.
        """
        with self._lock:
            now_s = self._expire()
            self._check_key(key)
            self._check_text(text)
            if not text.strip():
                if key not in self._entries:
                    raise ValueError(
                        f"there is no standing query {shown(key)} to remove, it may have "
                        f"expired; standing are {self._shown_keys()}"
                    )
                return self._accept(key, text, 0, math.inf)
            if priority not in _PRIORITIES:
                raise ValueError(
                    f"priority {priority} of standing query {shown(key)} does not fit in 32 bits; "
                    "send a smaller number"
                )
            if not (math.isfinite(lifetime_s) and lifetime_s >= 0.0):
                raise ValueError(
                    f"lifetime_s of standing query {shown(key)} must be 0 (no end) or a number "
                    f"of seconds, got {lifetime_s}"
                )
            if key not in self._entries and len(self._keys()) >= self._max_queries:
                raise ValueError(
                    f"standing query {shown(key)} would be one more than the "
                    f"{self._max_queries} allowed (parameter max_queries); remove one by sending "
                    f"its key with empty text. Standing are {self._shown_keys()}"
                )
            expires_s = now_s + lifetime_s if lifetime_s else math.inf
            return self._accept(key, text, priority, expires_s)

    def due(self, camera: str = "") -> tuple[Query, ...]:
        """Return the queries to answer for the next frame of a camera, at most `PLACES`.

        The query of the topic comes first, for every frame. Where not all of the others find a
        place, all places but `FAIR_PLACES` go by priority, and these to whoever has waited
        longest, so that nobody is kept out for good; among equal priorities, too, whoever has
        waited longest comes first. Each camera has turns of its own, as cameras whose frames
        alternate would otherwise see each query on one of them only.

        Args:
            camera: Name of the camera that the frame is from.
        """
        with self._lock:
            self._expire()
            turns = self._turns.setdefault(camera, {})
            waiting = self._entries.copy()
            first = waiting.pop("", None)
            free = PLACES - (first is not None)

            def by_priority(entry: _Entry) -> tuple[int, int, int]:
                query = entry.query
                return -query.priority, turns.get(query.key, 0), entry.since_id

            def by_waiting(entry: _Entry) -> tuple[int, int, int]:
                query = entry.query
                return turns.get(query.key, 0), -query.priority, entry.since_id

            ordered = sorted(waiting.values(), key=by_priority)
            if len(ordered) > free:
                preferred = free - FAIR_PLACES
                fair = sorted(ordered[preferred:], key=by_waiting)[:FAIR_PLACES]
                ordered = ordered[:preferred] + fair
            chosen = [entry.query for entry in ([first] if first else []) + ordered]
            for query in chosen:
                self._places_given += 1
                turns[query.key] = self._places_given
            return tuple(chosen)

    def forget_camera(self, camera: str) -> None:
        """Drop the turns of a camera that is no longer there."""
        with self._lock:
            self._turns.pop(camera, None)

    def standing(self, query: Query) -> Standing:
        """Return what has become of a query; one sent again in the same words is still asked.

        One that was cleared, removed or has expired stays cleared, even if the same is asked
        anew.
        """
        with self._lock:
            self._expire()
            entry = self._entries.get(query.key)
            if entry is None or query.id < entry.since_id:
                return "cleared"
            return "asked" if entry.query.text == query.text else "replaced"

    def queries(self) -> tuple[Query, ...]:
        """Return the queries in force: that of the topic first, then by priority and age."""
        with self._lock:
            self._expire()
            entries = self._entries.values()
            return tuple(
                entry.query
                for entry in sorted(
                    entries, key=lambda e: (e.query.key != "", -e.query.priority, e.since_id)
                )
            )

    def find(self, key: str = "") -> Query | None:
        """Return the query in force of a key, "" for that of the topic; None if there is none."""
        with self._lock:
            self._expire()
            entry = self._entries.get(key)
            return None if entry is None else entry.query

    def take_expired(self) -> tuple[Query, ...]:
        """Return the queries that expired since the last call, oldest first."""
        with self._lock:
            self._expire()
            expired = tuple(self._expired)
            self._expired.clear()
            return expired

    def _accept(self, key: str, text: str, priority: int, expires_s: float) -> Query:
        """Number a request and put it in force, or end what it clears."""
        self._accepted += 1
        query = Query(self._accepted, text, key, priority)
        if not text.strip():
            self._drop(key)
            return query
        before = self._entries.get(key)
        since_id = query.id if before is None else before.since_id
        self._entries[key] = _Entry(query, since_id, expires_s)
        return query

    def _drop(self, key: str) -> None:
        self._entries.pop(key, None)
        for turns in self._turns.values():
            turns.pop(key, None)

    def _expire(self) -> float:
        """End the queries whose time is over; return the time."""
        now_s = self._clock_s()
        over = [entry for entry in self._entries.values() if entry.expires_s <= now_s]
        for entry in sorted(over, key=lambda e: e.expires_s):
            self._drop(entry.query.key)
            self._expired.append(entry.query)
        return now_s

    def _keys(self) -> list[str]:
        return sorted(key for key in self._entries if key)

    def _shown_keys(self) -> str:
        return ", ".join(map(shown, self._keys())) or "none"

    def _check_text(self, text: str) -> None:
        check_query(text, self._max_query_bytes)
        if text.strip() and not parse_command(text).expression:
            raise ValueError(f"names nothing to segment: {shown(text)}; name an object")

    def _check_key(self, key: str) -> None:
        if not key.strip():
            raise ValueError(
                "a standing query needs a key, such as 'mug'; the topic query takes a text "
                "without one"
            )
        if not key.isprintable() or len(key.encode(errors="replace")) > MAX_KEY_BYTES:
            raise ValueError(
                f"key {shown(key)} of a standing query must be at most {MAX_KEY_BYTES} bytes of "
                "printable text"
            )
