"""One frame and one query to published messages; whatever goes wrong ends with the frame."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from textseg_core.arrays import UInt8Array
from textseg_core.overlay import draw_overlay
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.conversions import (
    ImagePacker,
    OwnImagePacker,
    image_to_rgb,
    mask_pixels,
    response_pixels,
)
from textseg_ros.diagnostics import Statistics
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes
from textseg_ros.query import Query, shown
from textseg_ros.report import Report
from textseg_ros.results import Answer, centroid_message, detections_message, objects_message
from textseg_ros.settings import NodeSettings

_DECODERS: dict[str, Callable[[Any, int], UInt8Array]] = {
    "image": image_to_rgb,
    "compressed": compressed_to_rgb,
}

Standing = Literal["asked", "replaced", "cleared"]
"""What has become of a query: still the one, followed by another, or taken back."""


class Outlet(Protocol):
    """The part of a transport that answers leave through."""

    messages: MessageTypes

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        ...

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        ...


class Answerer:
    """Decodes, segments, converts and publishes; never raises for what a frame holds.

    Args:
        outlet: What publishes.
        segmenter: What answers.
        settings: The node's settings.
        report: Where faults are told.
        statistics: Where frames are counted.
        clock_s: Monotonic seconds.
        pack_image: What makes image messages; None for our own.
    """

    def __init__(
        self,
        outlet: Outlet,
        segmenter: Segmenter,
        settings: NodeSettings,
        report: Report,
        statistics: Statistics,
        clock_s: Callable[[], float],
        pack_image: ImagePacker | None = None,
    ) -> None:
        self._outlet = outlet
        self._segmenter = segmenter
        self._settings = settings
        self._report = report
        self._statistics = statistics
        self._clock_s = clock_s
        self._pack_image = pack_image or OwnImagePacker(outlet.messages)

    def answer(
        self, frame: Frame, query: Query, topic: str, standing: Callable[[Query], Standing]
    ) -> None:
        """Publish what the query describes in the frame.

        Args:
            frame: The image.
            query: What to look for.
            topic: Where the image came from, for messages.
            standing: Asked with the query before publishing: the result of a cleared one is
                discarded, that of a replaced one has no centroid.
        """
        try:
            self._answer(frame, query, topic, standing)
        except Exception as error:
            # The node meets the world here: one bad frame must not end it, whether decoding it
            # takes more memory than there is or the network fails.
            self._statistics.count("failed")
            self._report.tell(
                "frame not answered",
                "error",
                f"frame not answered for query {query.id} {shown(query.text)}: "
                f"{type(error).__name__}: {error}",
            )

    def _answer(
        self, frame: Frame, query: Query, topic: str, standing: Callable[[Query], Standing]
    ) -> None:
        started_s = self._clock_s()
        try:
            image = _DECODERS[frame.key](frame.message, self._settings.max_image_px)
        except ValueError as error:
            self._statistics.count("refused")
            self._report.tell(
                f"{frame.key} refused", "error", f"image on {topic} refused: {error}"
            )
            return
        decoded_s = self._clock_s()
        segmentation = self._segmenter.segment(image, query.text)
        latency_ms = {
            "wait": (started_s - frame.arrived_s) * 1e3,
            "decode": (decoded_s - started_s) * 1e3,
            **segmentation.timings_ms,
        }
        answer, age_s, outgoing = self._convert(frame, query, image, segmentation, latency_ms)
        if standing(query) == "cleared":
            self._statistics.count("discarded")
            return
        self._warn_of(answer, age_s)
        if self._publish(query, outgoing, standing):
            self._statistics.answered(latency_ms, age_s)
        else:
            self._statistics.count("failed")

    def _convert(
        self,
        frame: Frame,
        query: Query,
        image: UInt8Array,
        segmentation: Segmentation,
        latency_ms: dict[str, float],
    ) -> tuple[Answer, float, dict[str, Any]]:
        """Return the answer, its age and its messages by topic key, in the order of sending.

        What decides goes first: `objects`, which says it all, then the point that an arm moves
        on; pictures last. Everything is converted before anything is sent, so that a result
        that cannot be converted is not published in part.
        """
        converting_s = self._clock_s()
        types, header, pack = self._outlet.messages, frame.message.header, self._pack_image
        pictures = {
            "mask": pack(mask_pixels(segmentation.mask), "mono8", header),
            "response": pack(response_pixels(segmentation.response_map), "32FC1", header),
        }
        if self._settings.overlay:
            pictures["overlay"] = pack(draw_overlay(image, segmentation), "rgb8", header)
        converted_s = self._clock_s()
        age_s = frame.age_s(self._outlet.now_ns(), converted_s)
        latency_ms["convert"] = (converted_s - converting_s) * 1e3
        latency_ms["total"] = (converted_s - frame.arrived_s) * 1e3
        stale = age_s > self._settings.max_age_s
        answer = Answer(header, query, segmentation, stale, latency_ms)
        centroid = centroid_message(types, answer)
        outgoing = {
            "objects": objects_message(types, answer),
            **({} if centroid is None else {"centroid": centroid}),
            "detections": detections_message(types, answer),
            **pictures,
        }
        return answer, age_s, outgoing

    def _publish(
        self, query: Query, outgoing: dict[str, Any], standing: Callable[[Query], Standing]
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
                self._outlet.publish(key, message)
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

    def _warn_of(self, answer: Answer, age_s: float) -> None:
        """Tell what a reader of the result should know and the messages alone do not shout."""
        if answer.stale:
            self._statistics.count("stale")
            self._report.tell(
                "stale",
                "warning",
                f"result is stale: its image is {age_s:.2f} s old, max_age_s is "
                f"{self._settings.max_age_s}; do not move on it. Check the camera's delay and "
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
