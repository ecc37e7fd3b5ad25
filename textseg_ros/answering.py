"""One frame and its queries to published messages; whatever goes wrong ends with the frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer, CompoundTexts
from textseg_core.dialogue.command_dialogue import CommandDialogue, CommandTurn
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.conversation import Conversations
from textseg_ros.conversions import (
    ImagePacker,
    OwnImagePacker,
    image_to_rgb,
    mask_pixels,
    response_pixels,
)
from textseg_ros.diagnostics import Statistics
from textseg_ros.engine import Engine
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes
from textseg_ros.outputs_labels import label_ids, label_info_message
from textseg_ros.pictures import picture_messages
from textseg_ros.query import Query, shown
from textseg_ros.query_book import Standing
from textseg_ros.report import Report
from textseg_ros.results import (
    Answer,
    centroid_message,
    detections_message,
    latency_message,
    objects_message,
)
from textseg_ros.scheduler import Request, Work, refuse
from textseg_ros.settings import LiveSettings
from textseg_ros.space import Space
from textseg_ros.topics import camera_key

_DECODERS: dict[str, Callable[[Any, int], UInt8Array]] = {
    "image": image_to_rgb,
    "compressed": compressed_to_rgb,
}


class Outlet(Protocol):
    """The part of a transport that answers leave through."""

    messages: MessageTypes

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        ...

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        ...

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Attributes:
        answer: What was found.
        objects: textseg_ros/Segmentation.
        mask: sensor_msgs/Image, mono8; None unless pictures were asked for.
        response: sensor_msgs/Image, 32FC1; None likewise.
        pose: geometry_msgs/PoseStamped of the target; None unless asked for and to be had.
    """

    answer: Answer
    objects: Any
    mask: Any | None = None
    response: Any | None = None
    pose: Any | None = None


class Answerer:
    """Decodes, segments, converts and publishes; never raises for what a frame holds.

    Args:
        outlet: What publishes.
        engine: What segments.
        settings: The node's settings.
        conversations: What was seen and said before.
        space: What places answers in space.
        report: Where faults are told.
        statistics: Where frames are counted.
        clock_s: Monotonic seconds.
        pack_image: What makes image messages; None for our own.
    """

    def __init__(
        self,
        outlet: Outlet,
        engine: Engine,
        settings: LiveSettings,
        conversations: Conversations,
        space: Space,
        report: Report,
        statistics: Statistics,
        clock_s: Callable[[], float],
        pack_image: ImagePacker | None = None,
    ) -> None:
        self._outlet = outlet
        self._engine = engine
        self._settings = settings
        self._conversations = conversations
        self._space = space
        self._report = report
        self._statistics = statistics
        self._clock_s = clock_s
        self._pack_image = pack_image or OwnImagePacker(outlet.messages)

    def answer(
        self,
        work: Work,
        queries: Sequence[Query],
        topic: str,
        standing: Callable[[Query], Standing],
    ) -> None:
        """Publish what the queries describe in the frame, and reply to its requests.

        Args:
            work: The image, and the requests about it.
            queries: What to look for.
            topic: Where the image came from, for messages.
            standing: Asked with a query before publishing: the result of a cleared one is
                discarded, that of a replaced one has no centroid.
        """
        try:
            self._answer(work, queries, topic, standing)
        except Exception as error:
            # The node meets the world here: one bad frame must not end it, whether decoding it
            # takes more memory than there is or the network fails.
            refuse(work.requests, error)
            if not work.own:
                self._statistics.count("failed")
            if queries:
                self._tell_unanswered(queries, error)

    def _answer(
        self,
        work: Work,
        queries: Sequence[Query],
        topic: str,
        standing: Callable[[Query], Standing],
    ) -> None:
        frame, requests = work.frame, work.requests
        started_s = self._clock_s()
        try:
            image = _DECODERS[frame.key](frame.message, self._settings.now.max_image_px)
        except ValueError as error:
            refuse(requests, error)
            if not work.own:
                self._statistics.count("refused")
                self._report.tell(
                    f"{frame.key} refused", "error", f"image on {topic} refused: {error}"
                )
            return
        decoded_s = self._clock_s()
        commands = [query.text for query in queries] + [request.phrase for request in requests]
        compound = CompoundTexts(commands)
        found = compound.join(self._engine.segment_many(image, compound.texts))
        times_ms = {
            "wait": (started_s - frame.arrived_s) * 1e3,
            "decode": (decoded_s - started_s) * 1e3,
        }
        for request, both in zip(requests, found[len(queries) :], strict=True):
            self._reply(request, frame, image, both, times_ms)
        sent: list[Answer] = []
        fates = [
            self._publish_answer(frame, query, image, both, times_ms, standing, sent)
            for query, both in zip(queries, found[: len(queries)], strict=True)
        ]
        if work.own:
            return
        if sent:
            self._publish_latency(frame, sent)
        self._space.publish(frame, image, sent, standing)
        if "failed" in fates:
            self._statistics.count("failed")
        elif "sent" in fates or requests:
            self._statistics.count("answered")
        else:
            self._statistics.count("discarded")

    def _publish_answer(
        self,
        frame: Frame,
        query: Query,
        image: UInt8Array,
        found: CompoundAnswer,
        times_ms: dict[str, float],
        standing: Callable[[Query], Standing],
        sent: list[Answer],
    ) -> str:
        """Publish the answer to one query; return whether it was sent, failed or discarded.

        One that was sent is added to `sent`.
        """
        latency_ms = {**times_ms, **found.target.timings_ms}
        try:
            answer, age_s, outgoing = self._convert(frame, query, image, found, latency_ms)
        except Exception as error:  # one query at fault must not cost the others their answers
            self._tell_unanswered((query,), error)
            return "failed"
        if standing(query) == "cleared":
            return "discarded"
        self._warn_of(answer, age_s)
        if not self._publish(frame.camera, query, outgoing, standing):
            return "failed"
        self._statistics.measured(latency_ms, age_s)
        sent.append(answer)
        return "sent"

    def _reply(
        self,
        request: Request,
        frame: Frame,
        image: UInt8Array,
        found: CompoundAnswer,
        times_ms: dict[str, float],
    ) -> None:
        """Give a request its answer, or what kept it from one.

        It knows nothing of frames before, whatever a query on a topic has been brought to.
        """
        try:
            segmentation, turn = found.target, CommandDialogue().observe(found, image, 0.0)
            types, header, pack = self._outlet.messages, frame.message.header, self._pack_image
            mask = response = None
            if request.pictures:
                mask = pack(mask_pixels(segmentation.mask), "mono8", header)
                response = pack(response_pixels(segmentation.response_map), "32FC1", header)
            latency_ms = {**times_ms, **segmentation.timings_ms, "convert": 0.0}
            now_s = self._clock_s()
            age_s = frame.age_s(self._outlet.now_ns(), now_s)
            latency_ms["total"] = (now_s - frame.arrived_s) * 1e3
            stale = age_s > self._settings.now.max_age_s and request.frame is None
            query = Query(0, request.phrase)
            answer = Answer(header, query, segmentation, stale, latency_ms, turn)
            pose = self._space.pose(frame, image, answer) if request.space else None
            reply = Reply(answer, objects_message(types, answer), mask, response, pose)
        except Exception as error:
            refuse((request,), error)
            return
        self._statistics.count("requests")
        if not request.reply.done():
            request.reply.set_result(reply)

    def _convert(
        self,
        frame: Frame,
        query: Query,
        image: UInt8Array,
        found: CompoundAnswer,
        latency_ms: dict[str, float],
    ) -> tuple[Answer, float, dict[str, Any]]:
        """Return the answer, its age and its messages by topic key, in the order of sending.

        A standing query answers on the topics whose messages name their query. The others belong
        to the query of the topic: whoever reads a mask or a point takes it for the answer to that.

        What decides goes first: `objects`, which says it all, then the point that an arm moves
        on; pictures last. Everything is converted before anything is sent, so that a result
        that cannot be converted is not published in part.
        """
        converting_s = self._clock_s()
        types, header = self._outlet.messages, frame.message.header
        tracked = self._settings.now.tracking
        if tracked:
            turn = self._conversations.observe(frame.camera, query, found, image, frame.time_s)
        else:
            turn = CommandDialogue().observe(found, image, frame.time_s)
        segmentation = turn.target.tracked.segmentation
        pictures = {} if query.key else self._pictures(frame, image, turn, tracked)
        converted_s = self._clock_s()
        age_s = frame.age_s(self._outlet.now_ns(), converted_s)
        latency_ms["convert"] = (converted_s - converting_s) * 1e3
        latency_ms["total"] = (converted_s - frame.arrived_s) * 1e3
        stale = age_s > self._settings.now.max_age_s
        answer = Answer(header, query, segmentation, stale, latency_ms, turn, tracked)
        centroid = None if query.key else centroid_message(types, answer)
        outgoing = {
            "objects": objects_message(types, answer),
            **({} if centroid is None else {"centroid": centroid}),
            "detections": detections_message(types, answer),
            **pictures,
        }
        return answer, age_s, outgoing

    def _pictures(
        self, frame: Frame, image: UInt8Array, turn: CommandTurn, tracked: bool
    ) -> dict[str, Any]:
        """Return what ids stand for, and the pictures that somebody receives, by topic key."""
        types, header = self._outlet.messages, frame.message.header
        target = turn.target
        found = target.tracked.segmentation
        ids = label_ids(found, target, tracked=tracked)
        threshold = self._engine.threshold
        return {
            "label_info": label_info_message(types, header, found, target, ids, threshold),
            **picture_messages(
                types,
                self._pack_image,
                header,
                image,
                turn,
                ids,
                overlay=self._settings.now.overlay,
                wanted=lambda key: self._outlet.listeners(camera_key(frame.camera, key)) > 0,
            ),
        }

    def _publish(
        self,
        camera: str,
        query: Query,
        outgoing: dict[str, Any],
        standing: Callable[[Query], Standing],
    ) -> bool:
        """Send each message; tell of those that failed. Return whether none did.

        A PointStamped names no query, so whoever reads it takes it for an answer to the query of
        the moment: it goes out only while its query is that one.
        """
        failures: dict[str, Exception] = {}
        for key, message in outgoing.items():
            if key == "centroid" and standing(query) != "asked":
                continue
            try:
                self._outlet.publish(camera_key(camera, key), message)
            except Exception as error:  # one topic that fails must not keep back the others
                failures[key] = error
        if failures:
            first = next(iter(failures.values()))
            self._report.tell(
                "result not sent",
                "error",
                f"result for query {query.id} {shown(query.text)} not sent on "
                f"{', '.join(failures)}: {type(first).__name__}: {first}",
            )
        return not failures

    def _publish_latency(self, frame: Frame, sent: Sequence[Answer]) -> None:
        """Send what the image took, if somebody receives it."""
        key = camera_key(frame.camera, "latency")
        if not self._outlet.listeners(key):
            return
        age_s = frame.age_s(self._outlet.now_ns(), self._clock_s())
        try:
            self._outlet.publish(key, latency_message(self._outlet.messages, sent, age_s))
        except Exception as error:  # the answers themselves have been sent
            self._report.tell(
                "latency not sent", "error", f"latency not sent: {type(error).__name__}: {error}"
            )

    def _tell_unanswered(self, queries: Sequence[Query], error: Exception) -> None:
        self._report.tell(
            "frame not answered",
            "error",
            f"frame not answered for {_named(queries)}: {type(error).__name__}: {error}",
        )

    def _warn_of(self, answer: Answer, age_s: float) -> None:
        """Tell what a reader of the result should know and the messages alone do not shout."""
        if answer.stale:
            self._statistics.count("stale")
            self._report.tell(
                "stale",
                "warning",
                f"result is stale: its image is {age_s:.2f} s old, max_age_s is "
                f"{self._settings.now.max_age_s}; do not move on it. Check the camera's delay and "
                "clock, or use_sim_time when playing a bag",
            )
        if answer.segmentation.truncated_words:
            words = " ".join(answer.segmentation.truncated_words)
            self._report.tell(
                "words cut off",
                "warning",
                f"query {answer.query.id} is longer than the network reads; left out: "
                f"{shown(words)}",
            )


def _named(queries: Sequence[Query]) -> str:
    """Return queries as a message names them."""
    texts = [f"query {query.id} {shown(query.text)}" for query in queries[:3]]
    more = f" and {len(queries) - 3} more" if len(queries) > 3 else ""
    return ", ".join(texts) + more
