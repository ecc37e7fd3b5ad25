"""How the node is: what its diagnostics say, and which cameras are silent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textseg_ros.asking import waiting_text
from textseg_ros.checks import (
    age_check,
    drops_check,
    engine_check,
    last_error_check,
    memory_check,
    rate_check,
)
from textseg_ros.diagnostics import Check, Statistics, diagnostics_message
from textseg_ros.engine import Engine
from textseg_ros.lifecycle import State
from textseg_ros.query import Query, shown
from textseg_ros.report import Level, Report
from textseg_ros.settings import LiveSettings
from textseg_ros.transport import Transport
from textseg_ros.watch import GraphWatch


class Health:
    """Puts what is known of the node into diagnostics.

    Args:
        transport: Whose messages and time are used.
        report: What was told.
        statistics: What was counted.
        engine: What segments.
        settings: The node's settings.
        watch: Where silent cameras are told of.
        node_name: Full name of the node.
        query_topic: Where queries come on, for messages.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        transport: Transport,
        report: Report,
        statistics: Statistics,
        engine: Engine,
        settings: LiveSettings,
        watch: GraphWatch,
        node_name: str,
        query_topic: str,
        clock_s: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._report = report
        self._statistics = statistics
        self._engine = engine
        self._settings = settings
        self._watch = watch
        self._node_name = node_name
        self._query_topic = query_topic
        self._clock_s = clock_s
        self._well = True
        # What the log says that answers wait for, "" for nothing; None if it says neither.
        self._waited: str | None = None

    def watch_silence(
        self,
        since_s: Callable[[str], float | None],
        last_s: Callable[[str], float | None],
    ) -> None:
        """Warn of cameras whose images are wanted and do not come.

        Args:
            since_s: Returns when a camera was subscribed to; None if it is not.
            last_s: Returns when its last image came; None if none has.
        """
        settings, now_s = self._settings.now, self._clock_s()
        for camera in settings.cameras:
            start_s = since_s(camera)
            if start_s is None:
                continue
            silent_s = now_s - max(start_s, last_s(camera) or start_s)
            if silent_s >= settings.camera_timeout_s:
                self._watch.on_silence(camera, silent_s)

    def on_told(self, waiting_for: str | None) -> None:
        """Note what the log ends with that answers wait for.

        Args:
            waiting_for: "" for nothing; None if the last line says nothing about it.
        """
        self._waited = waiting_for

    def diagnose(
        self,
        *,
        state: State,
        enabled: bool,
        queries: Sequence[Query],
        waiting_for: str,
        more: Mapping[str, str],
    ) -> Any:
        """Return diagnostic_msgs/DiagnosticArray.

        Args:
            state: Of the node's life.
            enabled: Whether it may answer.
            queries: In force.
            waiting_for: What the answers wait for; "" for nothing.
            more: What became of depth.
        """
        now_s, events = self._clock_s(), self._report.events()
        numbers = self._statistics.numbers(now_s)
        level, text = self._summary(state, enabled, queries, waiting_for)
        trouble = "" if level == "info" else text
        self._tell_waiting(enabled and state == "active", queries, waiting_for, trouble)
        values = {
            "state": state if enabled else f"{state}, disabled",
            "query id": str(queries[0].id) if queries else "none",
            "query": queries[0].text if queries else "",
            "queries": str(len(queries)),
        }
        checks = (
            Check("segmentation", level, text, values),
            rate_check(numbers, events, now_s),
            age_check(numbers, self._settings.now.max_age_s, events, now_s),
            drops_check(numbers, more, events, now_s),
            engine_check(self._engine.line(), events, now_s),
            memory_check(),
            last_error_check(events, now_s),
        )
        return diagnostics_message(
            self._transport.messages, self._transport.now_ns(), self._node_name, checks
        )

    def _summary(
        self, state: State, enabled: bool, queries: Sequence[Query], waiting_for: str
    ) -> tuple[Level, str]:
        """Return the worst of what is present, or else what the node does.

        That all is well again is a change of state like any other, so it is told.
        """
        active = self._report.active()
        if active:
            self._well = False
            return active[0].level, active[0].text
        text = self._state_text(state, enabled, queries, waiting_for)
        if not self._well:
            self._well = True
            self._report.renew()
            self._report.tell("well again", "info", f"well again: {text}")
        return "info", text

    def _tell_waiting(
        self, runs: bool, queries: Sequence[Query], waiting_for: str, trouble: str
    ) -> None:
        """Tell when answers begin or wait, and for what; a new query tells so itself."""
        now = waiting_for if runs and queries else None
        if now is not None and now != self._waited:
            text = self._state_text("active", True, queries, waiting_for)
            text += f"; but: {trouble}" if trouble else ""
            self._report.tell("answers", "info", text)
        self._waited = now

    def _state_text(
        self, state: State, enabled: bool, queries: Sequence[Query], waiting_for: str
    ) -> str:
        """Return what a node without trouble is doing."""
        if state != "active":
            return f"the node is {state}"
        if not enabled:
            return "answering is disabled; call the service enable"
        if not queries:
            return f"no query; send one on {self._query_topic}"
        if waiting_for:
            return waiting_text(queries[0], waiting_for)
        others = f" and {len(queries) - 1} more" if len(queries) > 1 else ""
        return f"answering query {queries[0].id} {shown(queries[0].text)}{others}"
