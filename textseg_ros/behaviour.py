"""What the node does with images and queries; both transports share it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from typing import Any

from textseg_ros.answering import Answerer
from textseg_ros.asking import Asking
from textseg_ros.compressed import quiet_pillow
from textseg_ros.conversation import Conversations, prepare
from textseg_ros.conversions import ImagePacker
from textseg_ros.demand import Demand
from textseg_ros.diagnostics import Statistics
from textseg_ros.engine import Engine, Load
from textseg_ros.health import Health
from textseg_ros.intake import Intake
from textseg_ros.lifecycle import Lifecycle, Transition
from textseg_ros.placing import Placing
from textseg_ros.query import Query
from textseg_ros.query_book import Standing
from textseg_ros.replying import Reply
from textseg_ros.report import Report
from textseg_ros.scheduler import Request, Scheduler, Work, refuse
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.space import MakeTransforms, Space
from textseg_ros.topics import NAMESPACE, NODE_NAME, camera_key, resolve, topics_of
from textseg_ros.transport import Transport
from textseg_ros.watch import GraphWatch

LOOK_UP_S = 0.25
"""How long who waits for an answer waits before looking whether it is still wanted."""
_JOIN_TIMEOUT_S = 10.0
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
        self._heard_keys = {
            camera: [
                camera_key(camera, topic.key)
                for topic in topics_of(("",))
                if topic.direction == "out" and not topic.shared
            ]
            for camera in self._cameras
        }
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
        self._demand = Demand(self._cameras, transport.watch, self._listens, clock_s)
        self._placing = Placing(self._cameras, self._on_placing_error)
        self._answerer = Answerer(
            transport, self.engine, self.settings, self._conversations, self.space,
            self._placing, self.report, self.statistics, clock_s, pack_image,
        )  # fmt: skip
        self._health = Health(
            transport, self.report, self.statistics, self.engine, self.settings, self._watch,
            node_name, names["query"], clock_s,
        )  # fmt: skip
        self._enabled = True
        self._looking = threading.Lock()
        self._worker: threading.Thread | None = None
        self.lifecycle = Lifecycle(self, lambda text: self.report.tell("lifecycle", "error", text))

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
        """Stop answering; the frame in work is finished, but no longer waited for after 10 s."""
        self.lifecycle.finish()

    @property
    def is_open(self) -> bool:
        """Whether images are answered, if any query asks for it."""
        return self._scheduler.running

    def configure(self) -> None:
        """Load the network."""
        quiet_pillow()  # before the thread: filters of warnings are the whole process's
        prepare()
        self.engine.load(self.settings.now)

    def activate(self) -> None:
        """Begin to answer; what `deactivate` gave back is loaded again."""
        self.engine.load(self.settings.now)
        self._intake.restart()
        self._scheduler.start()
        self._placing.start()
        self._worker = threading.Thread(target=self._work, name="segmentation", daemon=True)
        self._worker.start()
        self.look()

    def deactivate(self) -> None:
        """Stop answering, receive no images, give back the network's memory."""
        self._stop()
        self._conversations.forget()
        if self._worker is not None:
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
        self._stop()
        if self._worker is None:
            self.engine.release()

    def set_enabled(self, enabled: bool) -> str:
        """Pause or go on answering; the network stays loaded. Return what is the case now."""
        self._enabled = enabled
        if not enabled:
            self._drop_frames()
        self.look()
        text = "answering is enabled" if enabled else "answering is disabled"
        self.report.tell("enabled", "info", text)
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
        text = self._asking.heard(message.data)
        if text is not None and self._asking.ask(text, self._waiting_for()):
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
        """Answer a question once; waits for the answer, so not for the transport's own thread.

        Args:
            request: The question.
            timeout_s: Longest wait.
            is_over: Asked every `LOOK_UP_S` whether the answer is no longer wanted.

        Raises:
            ValueError: If phrase, camera or image is refused.
            RuntimeError: If the node does not answer now or the network fails.
            TimeoutError: If no image, or no answer, came in time or while it was wanted.
        """
        self.check(request.phrase, self._cameras[0] if request.frame else request.camera)
        self._check_enabled()
        self._scheduler.ask(request)
        try:
            if not self._answered(request, timeout_s, is_over):
                where = (
                    f"image on {self._watch.topics_of_camera(request.camera)}"
                    if request.frame is None
                    else "answer"
                )
                raise TimeoutError(f"no {where} within {timeout_s:.1f} s")
        finally:
            self._scheduler.withdraw(request)
        answered: Reply = request.reply.result()
        return answered

    def _answered(self, request: Request, timeout_s: float, is_over: Callable[[], bool]) -> bool:
        """Wait for a reply; return whether it came, be it only why there is no answer."""
        end_s = time.monotonic() + timeout_s
        while not request.reply.done():
            left_s = end_s - time.monotonic()
            if left_s <= 0.0 or is_over():
                return False
            self._check_enabled()
            if request.space:
                self.space.want(request.camera)
            self.look()
            wait([request.reply], min(left_s, LOOK_UP_S))
        return True

    def _check_enabled(self) -> None:
        if not self._enabled:
            raise RuntimeError("the node is disabled; call its service enable")

    def check(self, phrase: str, camera: str) -> None:
        """Raise ValueError unless a phrase may be asked for and there is such a camera."""
        self._asking.check(phrase)
        if camera not in self._cameras:
            raise ValueError(f"there is no camera {camera!r}; cameras are {list(self._cameras)}")

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
        self._guard("the look for listeners", self._look)

    def _look(self) -> None:
        with self._looking:  # what is found must hold until it is acted on
            running = self._scheduler.running
            asked = running and self._is_asked()
            self._demand.look(asked=asked, awaits=self._scheduler.awaits)
            self.space.look(running=running, asked=asked)

    def on_tick(self, look_around: Callable[[], None] | None = None) -> None:
        """Do what is due once a second: look at graph, cameras and worker, publish diagnostics.

        It never raises: what fails is told and tried again at the next tick.

        Args:
            look_around: What the transport does to see the graph; it calls `on_peers`.
        """
        if self.lifecycle.state == "finalized":
            return
        self.look()
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
        self._asking.expire()
        if self._worker is not None and not self._worker.is_alive():
            self.report.tell(
                "worker ended",
                "error",
                "the thread that answers has ended, so no image is answered any more; restart "
                "the node",
            )
        self._health.watch_silence(self._demand.since_s, self._intake.last_s)
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

    def _listens(self, camera: str) -> bool:
        return any(self._transport.listeners(key) for key in self._heard_keys[camera])

    def _drop_frames(self) -> None:
        for _ in range(self._scheduler.drop_frames()):
            self.statistics.count("discarded")

    def _stop(self) -> None:
        """End the worker and all subscriptions to images; the worker is None if it has ended."""
        for _ in range(self._scheduler.stop()):
            self.statistics.count("discarded")
        self._placing.stop()
        with self._looking:
            self._demand.end()
            self.space.end()
        worker = self._worker
        if worker is not None and worker is not threading.current_thread():
            worker.join(_JOIN_TIMEOUT_S)
            if not worker.is_alive():
                self._worker = None
        self._placing.join(_JOIN_TIMEOUT_S)

    def _work(self) -> None:
        """Do work until stopped."""
        while (work := self._scheduler.take()) is not None:
            self._do(work)

    def _do(self, work: Work) -> None:
        try:
            self._answer(work)
        except BaseException as error:
            refuse(work.requests, error)
            if not isinstance(error, Exception):
                raise
            # The thread must outlive whatever a frame does to it.
            self.report.tell("frame lost", "error", f"frame lost: {type(error).__name__}: {error}")

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
        if not any(map(self._listens, self._cameras)):
            return "someone who receives the answers; images come only then"
        if any(self._intake.last_s(camera) is not None for camera in self._cameras):
            return ""
        topics = " or ".join(map(self._watch.topics_of_camera, self._cameras))
        return f"the first image on {topics}"
