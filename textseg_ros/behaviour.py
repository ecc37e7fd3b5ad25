"""What the node does with images and queries; both transports share it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from textseg_core.command import parse_command
from textseg_core.segmenter import Segmenter
from textseg_ros.answering import Answerer, Standing
from textseg_ros.compressed import quiet_pillow
from textseg_ros.conversions import ImagePacker
from textseg_ros.diagnostics import Statistics, diagnostics_message, event_values
from textseg_ros.frame import Frame, StampCheck
from textseg_ros.messages import MessageTypes, stamp_ns
from textseg_ros.query import Query, check_query, shown
from textseg_ros.report import Level, Report
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import NAMESPACE, NODE_NAME, TOPICS, resolve
from textseg_ros.watch import GraphWatch

_JOIN_TIMEOUT_S = 10.0


class Transport(Protocol):
    """What carries the node's messages."""

    messages: MessageTypes

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key; see `topics.BY_KEY`."""
        ...

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        ...

    def log(self, level: Level, text: str) -> None:
        """Tell the operator."""
        ...


class SegmentationBehaviour:
    """Answers the newest image for the query of the moment, in a thread of its own.

    One frame waits at most: a newer one takes its place, whether raw or compressed. Frames that
    come while there is no query are not kept, so a first query is answered with the next frame.
    The query is taken when work on the frame begins: the frame that waits when a query comes is
    answered with the new query. The result says which it was; one whose query was cleared
    meanwhile is discarded, and one whose query was replaced has no centroid.

    Attributes:
        report: What the operator was told.
        statistics: Counts of frames.

    Args:
        transport: What carries the messages.
        segmenter: What answers.
        settings: The node's settings.
        node_name: Full name of the node, for messages and to know a second node of that name.
        topic_names: Topic key -> name after remapping, for messages.
        pack_image: What makes image messages; None for our own.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        transport: Transport,
        segmenter: Segmenter,
        settings: NodeSettings,
        *,
        node_name: str = f"{NAMESPACE}/{NODE_NAME}",
        topic_names: Mapping[str, str] | None = None,
        pack_image: ImagePacker | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._node_name = node_name
        self._clock_s = clock_s
        self._topics = {topic.key: resolve(topic.name) for topic in TOPICS} | dict(
            topic_names or {}
        )
        self.report = Report(transport.log, settings.log_period_s, clock_s)
        self.statistics = Statistics(clock_s())
        self._segmenter = segmenter
        self._answerer = Answerer(
            transport, segmenter, settings, self.report, self.statistics, clock_s, pack_image
        )
        self._watch = GraphWatch(self.report, node_name, self._topics, settings.camera_timeout_s)
        self._stamps = StampCheck()
        self._changed = threading.Condition()
        # Guarded by _changed:
        self._frame: Frame | None = None
        self._query: Query | None = None
        self._accepted_queries = 0
        self._cleared_id = 0
        self._last_image_s: float | None = None
        self._closed = False
        self._started_s = clock_s()
        self._worker = threading.Thread(target=self._work, name="segmentation", daemon=True)

    def start(self) -> None:
        """Start answering."""
        quiet_pillow()  # before the thread: filters of warnings are the whole process's
        self._worker.start()

    def close(self) -> None:
        """Stop answering; the frame in work is finished, but no longer waited for after 10 s."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._worker.is_alive() and self._worker is not threading.current_thread():
            self._worker.join(_JOIN_TIMEOUT_S)

    @property
    def is_open(self) -> bool:
        """Whether `close` has not been called."""
        with self._changed:
            return not self._closed

    def on_image(self, message: Any) -> None:
        """Take a sensor_msgs/Image; cheap, for any thread."""
        self._take("image", message)

    def on_compressed(self, message: Any) -> None:
        """Take a sensor_msgs/CompressedImage; cheap, for any thread."""
        self._take("compressed", message)

    def on_query(self, message: Any) -> None:
        """Take a std_msgs/String: the query from now on; empty or white space clears it."""
        text: str = message.data
        try:
            check_query(text, self._settings.max_query_bytes)
            if text.strip() and not parse_command(text).expression:
                raise ValueError(f"names nothing to segment: {shown(text)}; name an object")
        except ValueError as error:
            kept = self._query
            stays = f"query {kept.id} {shown(kept.text)} stays" if kept else "there is still none"
            self.report.tell("query refused", "warning", f"query refused: {error}; {stays}")
            return
        with self._changed:
            self._accepted_queries += 1
            query = Query(self._accepted_queries, text)
            self._query = query if text.strip() else None
            if self._query is None:
                if self._frame is not None:
                    self.statistics.count("discarded")
                self._frame, self._cleared_id = None, query.id
            waits = self._last_image_s is None
        if not text.strip():
            self.report.tell("query", "info", f"query {query.id} is empty: nothing is asked now")
        elif waits:
            self.report.tell("query waits", "info", self._waiting(query))
        else:
            self.report.tell("query", "info", f"query {query.id}: {shown(text)}")

    def on_input_error(self, key: str, text: str) -> None:
        """Tell of a message that the transport could not read.

        Args:
            key: Topic that it came on.
            text: What was wrong.
        """
        self.report.tell(
            f"{key} unreadable", "error", f"message on {self._topics[key]} refused: {text}"
        )

    def on_peers(self, nodes: Sequence[str], publishers: Mapping[str, int]) -> None:
        """Warn of a second node of this name and of topics with several publishers.

        Args:
            nodes: Full names of the other nodes.
            publishers: Number of publishers by topic key, this node's included.
        """
        self._watch.on_peers(nodes, publishers)

    def on_tick(self, look_around: Callable[[], None] | None = None) -> None:
        """Do what is due once a second: look at graph, camera and worker, publish diagnostics.

        It never raises: what fails is told and tried again at the next tick.

        Args:
            look_around: What the transport does to see the graph; it calls `on_peers`.
        """
        if not self.is_open:
            return
        if look_around is not None:
            self._guard("the look at the graph", look_around)
        self._guard("the diagnostics", self._diagnose)

    def _guard(self, what: str, task: Callable[[], None]) -> None:
        """Do a task; tell of an error instead of passing it on."""
        try:
            task()
        except Exception as error:
            self.report.tell(
                f"{what} failed",
                "error",
                f"{what} failed, the next second tries again: {type(error).__name__}: {error}",
            )

    def _diagnose(self) -> None:
        now_s = self._clock_s()
        if self._worker.ident is not None and not self._worker.is_alive():
            self.report.tell(
                "worker ended",
                "error",
                "the thread that answers has ended, so no image is answered any more; restart "
                "the node",
            )
        with self._changed:
            last_s, query = self._last_image_s, self._query
        self._watch.on_silence(now_s - (self._started_s if last_s is None else last_s))
        active = self.report.active()
        level, text = (
            (active[0].level, active[0].text) if active else ("info", self._state(last_s, query))
        )
        values = {
            "backend": self._segmenter.report().line(),
            "query id": str(query.id) if query else "none",
            "query": query.text if query else "",
            **self.statistics.values(now_s),
            **event_values(self.report.events()),
        }
        message = diagnostics_message(
            self._transport.messages,
            self._transport.now_ns(),
            self._node_name,
            level,
            text,
            values,
        )
        self._transport.publish("diagnostics", message)

    def _take(self, key: str, message: Any) -> None:
        """Keep the newest frame and wake the worker."""
        now_s = self._clock_s()
        self.statistics.count("received")
        with self._changed:
            fault = self._stamps.fault(key, message.header, self._transport.now_ns())
            self._last_image_s = now_s
            stamp = None if fault else stamp_ns(message.header)
            if self._query is None or self._closed:
                self.statistics.count("unasked")
            else:
                if self._frame is not None:
                    self.statistics.count("replaced")
                self._frame = Frame(key, message, now_s, stamp)
                self._changed.notify()
        if fault is not None:
            self.report.tell(
                f"stamp of {key}",
                "warning",
                f"stamp of an image on {self._topics[key]} {fault}; its age counts from its "
                "arrival. Check the camera's clock and use_sim_time",
            )

    def _work(self) -> None:
        """Answer frames until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._frame is not None)
                if self._closed:
                    return
                frame, query, self._frame = self._frame, self._query, None
            try:
                if frame is not None and query is not None:
                    self._answerer.answer(frame, query, self._topics[frame.key], self._standing)
            except Exception as error:  # the thread must outlive whatever a frame does to it
                self.report.tell(
                    "frame lost", "error", f"frame lost: {type(error).__name__}: {error}"
                )

    def _standing(self, query: Query) -> Standing:
        """Return what has become of a query; after `close` every one counts as cleared.

        One that was sent again in the same words is still asked.
        """
        with self._changed:
            if query.id <= self._cleared_id or self._closed:
                return "cleared"
            same = self._query is not None and self._query.text == query.text
            return "asked" if same else "replaced"

    def _waiting(self, query: Query) -> str:
        return (
            f"query {query.id} {shown(query.text)} waits for the first image on "
            f"{self._watch.cameras}"
        )

    def _state(self, last_s: float | None, query: Query | None) -> str:
        """Return what a node without trouble is doing."""
        if query is None:
            return f"no query; send one on {self._topics['query']}"
        if last_s is None:
            return self._waiting(query)
        return f"answering query {query.id} {shown(query.text)}"
