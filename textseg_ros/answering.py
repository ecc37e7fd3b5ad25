"""One frame and its queries to published messages; whatever goes wrong ends with the frame."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer, CompoundTexts
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.conversation import Conversations
from textseg_ros.conversions import ImagePacker, OwnImagePacker, image_to_rgb
from textseg_ros.converting import Converter
from textseg_ros.diagnostics import Statistics
from textseg_ros.engine import Engine
from textseg_ros.frame import Frame
from textseg_ros.placing import Placing
from textseg_ros.query import Query, shown
from textseg_ros.query_book import Standing
from textseg_ros.replying import Replier
from textseg_ros.report import Report
from textseg_ros.results import Answer, latency_message
from textseg_ros.scheduler import Work, refuse
from textseg_ros.settings import LiveSettings
from textseg_ros.space import Space
from textseg_ros.topics import camera_key
from textseg_ros.transport import Outlet

StandingOf = Callable[[Query], Standing]
"""Says what has become of a query."""

_DECODERS: dict[str, Callable[[Any, int], UInt8Array]] = {
    "image": image_to_rgb,
    "compressed": compressed_to_rgb,
}


class Answerer:
    """Decodes, segments, converts and publishes; never raises for what a frame holds.

    Args:
        outlet: What publishes.
        engine: What segments.
        settings: The node's settings.
        conversations: What was seen and said before.
        space: What places answers in space.
        placing: Where that is done, as it may have to wait.
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
        placing: Placing,
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
        self._placing = placing
        self._report = report
        self._statistics = statistics
        self._clock_s = clock_s
        pack = pack_image or OwnImagePacker(outlet.messages)
        self._converter = Converter(outlet, engine, settings, conversations, clock_s, pack)
        self._replier = Replier(outlet, settings, space, placing, statistics, clock_s, pack)
        # Camera, and whether it is the destination -> whether an arm may move on what the last
        # answer to the query of the topic says of it.
        self._may_move: dict[tuple[str, bool], bool] = {}

    def answer(
        self,
        work: Work,
        queries: Sequence[Query],
        topic: str,
        standing: StandingOf,
    ) -> None:
        """Publish what the queries describe in the frame, and reply to its requests.

        Args:
            work: The image, and the requests about it.
            queries: What to look for.
            topic: Where the image came from, for messages.
            standing: Asked with a query before publishing: the result of a cleared one is
                discarded, that of a replaced one has no centroid, nor has one whose object was
                turned down meanwhile.
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
        standing: StandingOf,
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
            self._replier.reply(request, frame, image, both, times_ms)
        sent: list[Answer] = []
        fates = [
            self._publish_answer(frame, query, image, both, times_ms, standing, sent)
            for query, both in zip(queries, found[: len(queries)], strict=True)
        ]
        if work.own:
            return
        if sent:
            self._publish_latency(frame, sent)
            self._place(frame, image, sent, standing)
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
        standing: StandingOf,
        sent: list[Answer],
    ) -> str:
        """Publish the answer to one query; return whether it was sent, failed or discarded.

        One that was sent is added to `sent`.
        """
        latency_ms = {**times_ms, **found.target.timings_ms}
        try:
            answer, age_s, outgoing = self._converter.convert(
                frame, query, image, found, latency_ms
            )
        except Exception as error:  # one query at fault must not cost the others their answers
            self._tell_unanswered((query,), error)
            return "failed"
        if standing(query) == "cleared":
            return "discarded"
        self._warn_of(answer, age_s)
        if not query.key:
            place = answer.destination
            self._may_move[frame.camera, False] = answer.may_move
            self._may_move[frame.camera, True] = place is not None and place.may_move
        if not self._publish(frame.camera, answer, outgoing, standing):
            return "failed"
        self._statistics.measured(latency_ms, age_s)
        sent.append(answer)
        return "sent"

    def _publish(
        self,
        camera: str,
        answer: Answer,
        outgoing: dict[str, Any],
        standing: StandingOf,
    ) -> bool:
        """Send each message; tell of those that failed. Return whether none did.

        A PointStamped names no query, so whoever reads it takes it for an answer to the query of
        the moment: it goes out only while its query is that one, and on that object.
        """
        query = answer.query
        failures: dict[str, Exception] = {}
        for key, message in outgoing.items():
            if key == "centroid" and self._standing(camera, answer, standing) != "asked":
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

    def _place(
        self, frame: Frame, image: UInt8Array, sent: Sequence[Answer], standing: StandingOf
    ) -> None:
        """Let answers that were sent be placed in space; that may take longer than the next one.

        No pose goes out once a newer answer has said that the target is not found, not clear or
        old, or once somebody has turned the target down or picked another: to an arm it would
        seem to come after that.
        """
        camera = frame.camera
        if not self._space.hears(camera):
            return

        def standing_still(answer: Answer) -> Standing:
            state = self._standing(camera, answer, standing)
            still = self._may_move.get((camera, answer.of_destination))
            return state if still or state == "cleared" else "replaced"

        task = partial(self._space.publish, frame, image, sent, standing_still)
        self._placing.offer(camera, task)

    def _standing(self, camera: str, answer: Answer, standing: StandingOf) -> Standing:
        """Return what has become of an answer's query; "replaced" if it is on another object."""
        state = standing(answer.query)
        if state != "asked" or not answer.tracked or answer.turn is None:
            return state
        track_id = answer.turn.target.tracked.target_id
        still = self._conversations.is_on(
            camera, answer.query, track_id, of_destination=answer.of_destination
        )
        return state if still else "replaced"

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
