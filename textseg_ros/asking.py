"""Takes queries as they arrive: those that are refused are told of, the others stand."""

import math
from collections.abc import Callable
from typing import Any

from textseg_core.command import parse_command
from textseg_core.dialogue.turn import Reply, ReplyKind
from textseg_ros.conversation import Conversations
from textseg_ros.query import Query, check_query, shown
from textseg_ros.query_book import QueryBook
from textseg_ros.report import Report
from textseg_ros.settings import LiveSettings


class Asking:
    """The way of a query from the transport to the book; every thread may call it.

    Attributes:
        book: The queries in force.

    Args:
        report: Where queries and refusals are told.
        settings: The node's settings.
        conversations: What has been said about the queries.
        clock_s: Monotonic seconds.
        on_clear: Called when no query is left.
    """

    def __init__(
        self,
        report: Report,
        settings: LiveSettings,
        conversations: Conversations,
        clock_s: Callable[[], float],
        on_clear: Callable[[], None],
    ) -> None:
        self._report = report
        self._settings = settings
        self._conversations = conversations
        self._on_clear = on_clear
        self.book = QueryBook(
            max_queries=settings.now.max_queries,
            max_query_bytes=settings.now.max_query_bytes,
            clock_s=clock_s,
        )

    def heard(self, text: str) -> str | None:
        """Return what to ask: the text, another one in its place, or None if it was an answer.

        "" is returned for an answer that none is meant, which clears the query.
        """
        try:
            check_query(text, self._settings.now.max_query_bytes)
        except ValueError:
            return text  # refused where it is asked
        asked = self.book.find()
        if not text.strip() or asked is None:
            return text
        reply = self._conversations.hear(text)
        if reply is None:
            return text
        if reply.kind is ReplyKind.CANCELLED:
            return ""
        if not reply.is_answer:
            return reply.text
        action = parse_command(text).action
        other = action is not None and action != parse_command(asked.text).action
        if reply.kind is ReplyKind.UNCLEAR and other:
            return text  # another thing to do, with what is in question
        self._tell(f"answer {shown(text)}", reply)
        return None

    def click(self, camera: str, u: float, v: float) -> None:
        """Take a click on a camera's image, pixels."""
        if not (math.isfinite(u) and math.isfinite(v)):
            self._report.tell("click refused", "warning", f"click refused: it is at ({u}, {v})")
            return
        self._tell(f"click at ({u:.0f}, {v:.0f})", self._conversations.click(camera, u, v))

    def _tell(self, what: str, reply: Reply) -> None:
        picked = f"object {reply.track_id} is meant" if reply.track_id else reply.text
        self._report.tell("answer", "info", f"{what}: {picked}")

    def ask(self, text: str, waiting_for: str) -> bool:
        """Take the query of the topic; return whether it was accepted.

        Args:
            text: As received; empty or white space clears the query.
            waiting_for: What the answer waits for; "" for nothing.
        """
        try:
            query = self.book.ask(text)
        except ValueError as error:
            kept = self.book.find()
            stays = f"query {kept.id} {shown(kept.text)} stays" if kept else "there is still none"
            self._report.tell("query refused", "warning", f"query refused: {error}; {stays}")
            return False
        if not text.strip():
            self._conversations.forget("")
            self._settle()
            self._report.tell("query", "info", f"query {query.id} is empty: nothing is asked now")
        elif waiting_for:
            self._report.tell("query", "info", waiting_text(query, waiting_for))
        else:
            self._report.tell("query", "info", f"query {query.id}: {shown(text)}")
        return True

    def put(self, message: Any) -> bool:
        """Take a textseg_ros/StandingQuery; return whether it was accepted."""
        key, text = message.key, message.text
        try:
            query = self.book.put(key, text, message.priority, message.lifetime_s)
        except ValueError as error:
            self._report.tell(
                "standing query refused", "warning", f"standing query refused: {error}"
            )
            return False
        if text.strip():
            told = f"standing query {shown(key)} is {query.id}: {shown(text)}"
            self._report.tell("standing query", "info", told)
        else:
            self._conversations.forget(key)
            self._settle()
            told = f"standing query {shown(key)} is removed"
            self._report.tell("standing query", "info", told)
        return True

    def check(self, phrase: str) -> None:
        """Raise ValueError unless a phrase may be asked for."""
        check_query(phrase, self._settings.now.max_query_bytes)
        if not parse_command(phrase).expression:
            raise ValueError(f"names nothing to segment: {shown(phrase)}; name an object")

    def expire(self) -> None:
        """Tell of the queries whose time has ended."""
        for query in self.book.take_expired():
            self._settle()
            self._report.tell(
                "standing query",
                "info",
                f"standing query {shown(query.key)} has expired: {shown(query.text)}",
            )

    def forget(self) -> None:
        """End every query."""
        for query in self.book.queries():
            if query.key:
                self.book.put(query.key, "")
            else:
                self.book.ask("")
        self._settle()

    def _settle(self) -> None:
        if not self.book.queries():
            self._on_clear()


def waiting_text(query: Query, waiting_for: str) -> str:
    """Return the line of a query that waits."""
    return f"query {query.id} {shown(query.text)} waits for {waiting_for}"
