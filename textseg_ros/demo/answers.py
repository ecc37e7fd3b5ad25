"""Puts together what the node says about one frame on several topics, by the frame's stamp."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from textseg_ros.demo.plan import LIVE_FRAME, Question
from textseg_ros.messages import stamp_ns
from textseg_ros.results import LATENCY_STAGES

STATUS_WORDS = ("found", "not found", "ambiguous")
ANSWERS_FILE, OVERVIEW_FILE = "answers.json", "overview.png"
_KEPT = 32
_FOUND = 0


@dataclass(slots=True)
class Answer:
    """The messages about one frame.

    Attributes:
        objects: textseg_ros/Segmentation, None until it comes.
        centroid: geometry_msgs/PointStamped, None until it comes; for `found` only.
        overlay: sensor_msgs/Image, None until it comes.
        age_ms: From the frame's stamp to the arrival of `objects`.
        needs_overlay: Whether the node publishes overlays.
    """

    objects: Any = None
    centroid: Any = None
    overlay: Any = None
    age_ms: float = 0.0
    needs_overlay: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        if self.objects is None or (self.needs_overlay and self.overlay is None):
            return False
        needs_point = self.objects.status == _FOUND and not self.objects.stale
        return self.centroid is not None or not needs_point

    def summary(self) -> dict[str, Any]:
        """Return what a score and a report need, ready for JSON."""
        message = self.objects
        return {
            "frame_id": message.header.frame_id,
            "query": message.query,
            "expression": message.expression,
            "status": STATUS_WORDS[message.status],
            "stale": bool(message.stale),
            "score": round(float(message.score), 4),
            "unknown_words": list(message.unknown_words),
            "point": None
            if self.centroid is None
            else [round(self.centroid.point.x, 1), round(self.centroid.point.y, 1)],
            "objects": [
                {
                    "box": [int(one.x), int(one.y), int(one.width), int(one.height)],
                    "centroid": [round(one.centroid_u, 1), round(one.centroid_v, 1)],
                    "area": int(one.area),
                    "score": round(float(one.score), 4),
                }
                for one in message.objects
            ],
            "latency_ms": {s: float(getattr(message.latency, s)) for s in LATENCY_STAGES}
            | {"camera to planner": self.age_ms},
        }


@dataclass(slots=True)
class Collector:
    """Keeps the first whole, fresh answer to each question, and the latency of every one.

    Attributes:
        questions: Of the run.
        first: Answer by question, its place in `questions`.
        latencies_ms: One row an answer.
        needs_overlay: Whether an answer is whole only with its overlay.
    """

    questions: Sequence[Question]
    needs_overlay: bool = True
    first: dict[int, Answer] = field(default_factory=dict)
    latencies_ms: list[dict[str, float]] = field(default_factory=list)
    _open: OrderedDict[tuple[str, int], Answer] = field(default_factory=OrderedDict)

    def take(self, key: str, message: Any, now_ns: int) -> tuple[int, Answer] | None:
        """Take a message of the topic `objects`, `centroid` or `overlay`.

        Args:
            key: Which of the three.
            message: As received.
            now_ns: System time.

        Returns:
            Question and answer if this message completed the first answer to the question.
        """
        stamp = stamp_ns(message.header)
        place = (message.header.frame_id, stamp)
        answer = self._open.setdefault(place, Answer(needs_overlay=self.needs_overlay))
        setattr(answer, key, message)
        if key == "objects":
            answer.age_ms = (now_ns - stamp) / 1e6
            if self._question_of(message) is not None:
                self.latencies_ms.append(answer.summary()["latency_ms"])
        while len(self._open) > _KEPT:
            self._open.popitem(last=False)
        if not answer.complete:
            return None
        del self._open[place]
        index = self._question_of(answer.objects)
        if index is None or index in self.first:
            return None
        self.first[index] = answer
        return index, answer

    def _question_of(self, objects: Any) -> int | None:
        """Return the question that a fresh answer belongs to: its picture and its query both.

        Of a question that was put twice the place without an answer.
        """
        if objects.stale:
            return None
        asked = (objects.header.frame_id, objects.query)
        places = [
            index
            for index, question in enumerate(self.questions)
            if (question.frame_id, question.query) == asked
        ]
        open_places = [index for index in places if index not in self.first]
        return next(iter(open_places or places), None)


def is_live(questions: Sequence[Question]) -> bool:
    """Return whether the questions are about a stream, which has no end of its own."""
    return any(question.frame_id == LIVE_FRAME for question in questions)
