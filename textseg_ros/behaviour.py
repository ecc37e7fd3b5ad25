"""What the node does with images and queries; both transports share it."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from textseg_ros.allocator import give_unused_memory_back
from textseg_ros.answering import Answerer
from textseg_ros.answering_thread import AnsweringThread
from textseg_ros.asking import Asking
from textseg_ros.attention import Attention
from textseg_ros.compressed import quiet_pillow
from textseg_ros.conversation import Conversations, prepare
from textseg_ros.conversions import ImagePacker
from textseg_ros.diagnostics import Statistics
from textseg_ros.engine import Engine, Load
from textseg_ros.eyes import MakeTransforms
from textseg_ros.health import Health
from textseg_ros.intake import Intake
from textseg_ros.lifecycle import Lifecycle, Transition
from textseg_ros.placing import Placing
from textseg_ros.query import Query
from textseg_ros.query_book import Standing
from textseg_ros.replying import Reply
from textseg_ros.report import Report
from textseg_ros.requesting import Requesting
from textseg_ros.scheduler import Request, Scheduler, Work
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.signals import GRACE_S
from textseg_ros.space import Space
from textseg_ros.topics import NAMESPACE, NODE_NAME, camera_key, resolve, topics_of
from textseg_ros.transport import Transport
from textseg_ros.watch import GraphWatch

_JOIN_TIMEOUT_S = 10.0
_GIVE_BACK_PERIOD_S = 20.0
_START: tuple[Transition, ...] = ("configure", "activate")


class SegmentationBehaviour:
    """Answers the newest image of each camera for the queries of the moment, in its own thread.

    One frame of each camera waits at most: a newer one takes its place, whether raw or
    compressed. Frames that come while there is no query are not kept, so a first query is
    answered with the next frame. The queries are taken when work on the frame begins: the frame
    that waits when a query comes is answered with the new query. The result says which it was;
    one whose query was cleared meanwhile is discarded, and one whose query was replaced has no
    centroid. It loads nothing and answers nothing until `start`, or until `lifecycle` has been
    led to the state active.

    Attributes:
        report: What the operator was told.
        statistics: Counts of frames.
        settings: In force; change them with `change`.
        engine: What segments.
        lifecycle: Leads from unconfigured to active and back.

    Args:
        transport: What carries the messages.
        load: Makes what answers.
        settings: The node's settings at start.
        node_name: Full name of the node, for messages and to know a second node of that name.
        topic_names: Topic key -> name after remapping, for messages.
        pack_image: What makes image messages; None for our own.
        make_transforms: Begins to hear transforms; None to place nothing in space.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        transport: Transport,
        load: Load,
        settings: NodeSettings,
        *,
        node_name: str = f"{NAMESPACE}/{NODE_NAME}",
        topic_names: Mapping[str, str] | None = None,
        pack_image: ImagePacker | None = None,
        make_transforms: MakeTransforms | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._cameras = settings.cameras
        topics = topics_of(self._cameras)
        names = {topic.key: resolve(topic.name) for topic in topics} | dict(topic_names or {})
        self._topics = names
        self.report = Report(transport.log, settings.log_period_s, clock_s)
        self.statistics = Statistics(clock_s())
        self.settings = LiveSettings(settings, self._apply)
        self.engine = Engine(load)
        self._scheduler = Scheduler(self._cameras)
        self._watch = GraphWatch(self.report, node_name, names, self._cameras)
        self._intake = Intake(
            self._scheduler, self.statistics, self.report, self.settings, names,
            transport.now_ns, clock_s,
        )  # fmt: skip
        self._conversations = Conversations()
        self._asking = Asking(
            self.report, self.settings, self._conversations, clock_s, self._drop_frames
        )
        self.space = Space(
            transport, self.settings, self.report, clock_s, make_transforms,
            self._conversations.measure,
        )  # fmt: skip
        self._attention = Attention(
            transport, self._scheduler, self.space, self._cameras, self._is_asked, clock_s
        )
        self._placing = Placing(self._cameras, self._on_placing_error)
        self._answerer = Answerer(
            transport, self.engine, self.settings, self._conversations, self.space,
            self._placing, self.report, self.statistics, clock_s, pack_image,
        )  # fmt: skip
        self._health = Health(
            transport, self.report, self.statistics, self.engine, self.settings, self._watch,
            node_name, names["query"], clock_s,
        )  # fmt: skip
        self._requesting = Requesting(
            self._scheduler, self._asking, self._cameras, self._watch.topics_of_camera,
            lambda: self._enabled, self._look_for,
        )  # fmt: skip
        self._thread = AnsweringThread(self._scheduler, self._answer, self.report)
        self._enabled = True
        self._clock_s = clock_s
        self._given_back_s = clock_s()
        self.lifecycle = Lifecycle(self, partial(self.report.tell, "lifecycle"))

    def start(self) -> None:
        """Load the network and answer from now on.

        Raises:
            ValueError: If weights or settings do not fit.
            RuntimeError: If weights or runtime are missing or damaged.
        """
        for transition in _START:
            if self.lifecycle.do(transition) != "done":
                raise self.lifecycle.fault or RuntimeError(f"{transition} was not done")

    def close(self) -> None:
        """Stop answering; the frame in work is finished, but no longer waited for after 3 s."""
        self.lifecycle.finish()

    @property
    def is_open(self) -> bool:
        """Whether images are answered, if any query asks for it."""
        return self._scheduler.running

    @property
    def is_idle(self) -> bool:
        """Whether every image that came has been dealt with, and placed in space where it is."""
        return self.statistics.is_settled and self._placing.is_idle

    def configure(self) -> None:
        """Load the network."""
        quiet_pillow()  # before the thread: filters of warnings are the whole process's
        prepare()
        self.engine.load(self.settings.now)
        self.report.tell("engine", "info", self.engine.line())

    def activate(self) -> None:
        """Begin to answer; what `deactivate` gave back is loaded again."""
        self.engine.load(self.settings.now)
        self._intake.restart()
        self._scheduler.start()
        self._placing.start()
        self._thread.start()
        self.look()

    def deactivate(self) -> None:
        """Stop answering, receive no images, give back the network's memory."""
        ended = self._stop(_JOIN_TIMEOUT_S)
        self._conversations.forget()
        if not ended:
            raise TimeoutError(
                f"the network has not finished its frame after {_JOIN_TIMEOUT_S:.0f} s"
            )
        self.engine.release()

    def cleanup(self) -> None:
        """Forget queries and network."""
        self.deactivate()
        self._asking.forget()

    def shutdown(self) -> None:
        """End for good."""
        if self._stop(GRACE_S):
            self.engine.release()

    def tell_ready(self) -> None:
        """Say what is waited for, once the transport hears queries."""
        images = [self._topics[camera_key(camera, "image")] for camera in self._cameras]
        text = f"waiting for {', '.join(images)} and queries on {self._topics['query']}"
        self.report.tell("lifecycle", "info", text)
        self._health.on_told(None)

    def set_enabled(self, enabled: bool) -> str:
        """Pause or go on answering; the network stays loaded. Return what is the case now."""
        self._enabled = enabled
        if not enabled:
            self._drop_frames()
        self.look()
        text = "answering is enabled" if enabled else "answering is disabled"
        self.report.tell("enabled", "info", text)
        self._health.on_told(None)
        return text

    def change(self, changes: Mapping[str, object]) -> NodeSettings:
        """Change parameters, all or none; return the settings in force.

        Raises:
            ValueError: If one may not be changed or is wrong; the old settings stay.
        """
        return self.settings.change(changes)

    def on_image(self, message: Any, camera: str = "") -> None:
        """Take a sensor_msgs/Image; cheap, for any thread."""
        self._intake.take(camera, "image", message, self._is_asked())

    def on_compressed(self, message: Any, camera: str = "") -> None:
        """Take a sensor_msgs/CompressedImage; cheap, for any thread."""
        self._intake.take(camera, "compressed", message, self._is_asked())

    def on_query(self, message: Any) -> None:
        """Take a std_msgs/String: the query from now on; empty or white space clears it.

        A text that answers what was asked about the query ("the left one") is no query.
        """
        text, waiting_for = self._asking.heard(message.data), self._waiting_for()
        if text is not None and self._asking.ask(text, waiting_for):
            self._health.on_told(waiting_for if text.strip() else None)
            self.look()

    def on_click(self, message: Any, camera: str = "") -> None:
        """Take a geometry_msgs/PointStamped: the object at these pixels is meant."""
        self._asking.click(camera, message.point.x, message.point.y)

    def on_standing_query(self, message: Any) -> None:
        """Take a textseg_ros/StandingQuery, which stands beside the others until it ends."""
        if self._asking.put(message):
            self.look()

    def on_input_error(self, key: str, text: str) -> None:
        """Tell of a message that the transport could not read.

        Args:
            key: Topic that it came on.
            text: What was wrong.
        """
        self.report.tell(
            f"{key} unreadable", "error", f"message on {self._topics[key]} refused: {text}"
        )

    def on_call_error(self, name: str, error: Exception) -> None:
        """Tell of a service or an action, by its name, whose handler raised."""
        text = f"{name} failed: {type(error).__name__}: {error}"
        self.report.tell(f"{name} failed", "error", text)

    def request(
        self, request: Request, timeout_s: float, is_over: Callable[[], bool] = lambda: False
    ) -> Reply:
        """Answer a question once, and wait for the answer; see `Requesting.reply`."""
        return self._requesting.reply(request, timeout_s, is_over)

    def check(self, phrase: str, camera: str) -> None:
        """Raise ValueError unless a phrase may be asked for and there is such a camera."""
        self._requesting.check(phrase, camera)

    def on_peers(self, nodes: Sequence[str], publishers: Mapping[str, int]) -> None:
        """Warn of a second node of this name and of topics with several publishers.

        Args:
            nodes: Full names of the other nodes.
            publishers: Number of publishers by topic key, this node's included.
        """
        self._watch.on_peers(nodes, publishers)

    def look(self) -> None:
        """Subscribe to cameras whose images are wanted, and only to those; never raises.

        It is cheap, so that a transport may call it several times a second.
        """
        self._guard("the look for listeners", self._attention.look)

    def _look_for(self, request: Request) -> None:
        if request.space:
            self.space.want(request.camera)
        self.look()

    def on_tick(self, look_around: Callable[[], None] | None = None) -> None:
        """Do what is due once a second: look at graph, cameras and worker, publish diagnostics.

        It never raises: what fails is told and tried again at the next tick. A node that is
        finalized only says so.

        Args:
            look_around: What the transport does to see the graph; it calls `on_peers`.
        """
        if self.lifecycle.state != "finalized":
            self.look()
            if look_around is not None:
                self._guard("the look at the graph", look_around)
            now_s = self._clock_s()
            if now_s - self._given_back_s >= _GIVE_BACK_PERIOD_S:
                self._given_back_s = now_s
                give_unused_memory_back()
        self.report.catch_up()
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
        self._asking.expire()
        if self._thread.has_died:
            self.report.tell(
                "worker ended",
                "error",
                "the thread that answers has ended, so no image is answered any more; restart "
                "the node",
            )
        self._health.watch_silence(self._attention.since_s, self._intake.last_s)
        message = self._health.diagnose(
            state=self.lifecycle.state,
            enabled=self._enabled,
            queries=self._asking.book.queries(),
            waiting_for=self._waiting_for(),
            more=self.space.values() | self._placing.values(),
        )
        self._transport.publish("diagnostics", message)

    def _apply(self, settings: NodeSettings) -> None:
        """Pass changed settings on to those that keep what they were given."""
        self.engine.retune(self.settings.now, settings)
        self.report.period_s = settings.log_period_s
        self._asking.book.set_limits(
            max_queries=settings.max_queries, max_query_bytes=settings.max_query_bytes
        )

    def _is_asked(self) -> bool:
        return self._enabled and bool(self._asking.book.queries())

    def _drop_frames(self) -> None:
        for _ in range(self._scheduler.drop_frames()):
            self.statistics.count("discarded")

    def _stop(self, timeout_s: float) -> bool:
        """End the answering and all subscriptions to images; return whether the thread ended."""
        for _ in range(self._scheduler.stop()):
            self.statistics.count("discarded")
        self._placing.stop()
        self._attention.end()
        ended = self._thread.join(timeout_s)
        self._placing.join(timeout_s)
        return ended

    def _answer(self, work: Work) -> None:
        frame = work.frame
        ask = self._enabled and not work.own
        queries = self._asking.book.due(frame.camera) if ask else ()
        self._conversations.keep(self._asking.book.queries())
        if queries or work.requests:
            topic = "a request" if work.own else self._topics[camera_key(frame.camera, frame.key)]
            self._answerer.answer(work, queries, topic, self._standing)
        else:
            self.statistics.count("discarded")

    def _on_placing_error(self, error: Exception) -> None:
        text = f"answers are not placed in space: {type(error).__name__}: {error}"
        self.report.tell("placing failed", "error", text)

    def _standing(self, query: Query) -> Standing:
        """Return what has become of a query; once stopped or disabled, each counts as cleared."""
        if not (self._scheduler.running and self._enabled):
            return "cleared"
        return self._asking.book.standing(query)

    def _waiting_for(self) -> str:
        """Return what an answer waits for; "" if images come and someone receives answers."""
        if not self._enabled:
            return "the service enable: answering is disabled"
        if not self._attention.is_heard:
            return "someone who receives the answers; images come only then"
        if any(self._intake.last_s(camera) is not None for camera in self._cameras):
            return ""
        topics = " or ".join(map(self._watch.topics_of_camera, self._cameras))
        return f"the first image on {topics}"
