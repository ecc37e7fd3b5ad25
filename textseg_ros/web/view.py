"""What the page shows of an answer, from a node's message or from our own segmenter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.dialogue.turn import Turn
from textseg_core.segmentation import SegmentedObject, Status

#: By the numbers of msg/Segmentation.msg; NOT_ASKED stands for no destination.
STATUS_NAMES = (Status.FOUND.value, Status.NOT_FOUND.value, Status.AMBIGUOUS.value, "not_asked")
NOT_ASKED = STATUS_NAMES[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object of an answer.

    Attributes:
        id: Over frames; 0 if it is not tracked.
        score: Mean response over its mask, in [0, 1].
        box: x, y, width, height in pixels.
        centroid: u and v in pixels, on the object.
        label: What tells it from the other candidates; "" unless it is asked which is meant.
    """

    id: int
    score: float
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]
    label: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as the page reads it."""
        return {
            "id": self.id,
            "score": round(self.score, 4),
            "box": self.box,
            "centroid": [round(value, 1) for value in self.centroid],
            "label": self.label,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to the query in one picture.

    Attributes:
        query: As it was asked.
        expression: What was segmented.
        destination: Where it is to go, "" if nowhere.
        status: One of `STATUS_NAMES` but the last.
        score: How sure it is that the expression describes something in view, in [0, 1].
        question: What to ask or tell a person; "" if there is nothing.
        things: What was found, best first.
        destination_status: One of `STATUS_NAMES`.
        destination_things: What fits the destination, best first.
        unknown_words: Words that the network does not know.
        explanation: Why this is meant, if the reasoner says so.
        latency_ms: By stage; `total` for all of it.
        stale: Whether it came too late to act on.
        size: Width and height of the picture, pixels.
        mask: PNG, 0 and 255; empty if nobody looks at it.
        response: PNG, 0 to 255, of any size; empty if nobody looks at it.
    """

    query: str
    expression: str
    destination: str
    status: str
    score: float
    question: str
    things: tuple[Thing, ...]
    destination_status: str
    destination_things: tuple[Thing, ...]
    unknown_words: tuple[str, ...]
    explanation: str
    latency_ms: Mapping[str, float]
    stale: bool
    size: tuple[int, int]
    mask: bytes = field(default=b"", repr=False)
    response: bytes = field(default=b"", repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return all but the pictures as the page reads it."""
        return {
            "query": self.query,
            "expression": self.expression,
            "destination": self.destination,
            "status": self.status,
            "score": round(self.score, 4),
            "question": self.question,
            "things": [thing.as_json() for thing in self.things],
            "destinationStatus": self.destination_status,
            "destinationThings": [thing.as_json() for thing in self.destination_things],
            "unknownWords": list(self.unknown_words),
            "explanation": self.explanation,
            "latency": {stage: round(ms, 2) for stage, ms in self.latency_ms.items()},
            "stale": self.stale,
            "size": self.size,
        }


def answer_of_message(
    message: Any, size: tuple[int, int], mask: bytes = b"", response: bytes = b""
) -> Answer:
    """Return the answer that a textseg_ros/Segmentation holds.

    Args:
        message: As the node publishes it, of either kind of message classes.
        size: Width and height of the picture, pixels.
        mask: PNG.
        response: PNG.

    Raises:
        ValueError: If a status is none of the message's constants.
    """
    latency = {
        stage: float(getattr(message.latency, stage))
        for stage in (
            *("wait", "decode", "preprocess", "encoder", "text", "head"),
            *("postprocess", "convert", "total"),
        )
    }
    return Answer(
        query=message.query,
        expression=message.expression,
        destination=message.destination,
        status=_status_name(message.status),
        score=float(message.score),
        question=message.question,
        things=tuple(map(_thing_of_message, message.objects)),
        destination_status=_status_name(message.destination_status),
        destination_things=tuple(map(_thing_of_message, message.destination_objects)),
        unknown_words=tuple(message.unknown_words),
        explanation=message.explanation,
        latency_ms=latency,
        stale=bool(message.stale),
        size=size,
        mask=mask,
        response=response,
    )


def answer_of_turn(
    query: str,
    turn: CommandTurn,
    latency_ms: Mapping[str, float],
    mask: bytes = b"",
    response: bytes = b"",
) -> Answer:
    """Return the answer of a dialogue about our own segmentation.

    Args:
        query: As it was asked.
        turn: What is to be told of the picture.
        latency_ms: By stage.
        mask: PNG.
        response: PNG.
    """
    found = turn.target.tracked.segmentation
    destination = turn.destination
    height, width = found.mask.shape
    return Answer(
        query=query,
        expression=found.expression,
        destination=found.command.destination or "",
        status=found.status.value,
        score=found.score,
        question=turn.text,
        things=_things_of_turn(turn.target),
        destination_status=(
            NOT_ASKED if destination is None else destination.tracked.segmentation.status.value
        ),
        destination_things=() if destination is None else _things_of_turn(destination),
        unknown_words=found.unknown_words,
        explanation=found.explanation,
        latency_ms=latency_ms,
        stale=False,
        size=(width, height),
        mask=mask,
        response=response,
    )


def _status_name(number: int) -> str:
    if not 0 <= number < len(STATUS_NAMES):
        raise ValueError(
            f"status must be 0 to {len(STATUS_NAMES) - 1} (msg/Segmentation.msg), got {number}; "
            "the node and the page must be of one version"
        )
    return STATUS_NAMES[number]


def _thing_of_message(message: Any) -> Thing:
    return Thing(
        id=int(message.track_id),
        score=float(message.score),
        box=(int(message.x), int(message.y), int(message.width), int(message.height)),
        centroid=(float(message.centroid_u), float(message.centroid_v)),
        label=message.label,
    )


def _things_of_turn(turn: Turn) -> tuple[Thing, ...]:
    tracked = turn.tracked
    return tuple(
        _thing_of_object(found, track_id, label)
        for found, track_id, label in zip(
            tracked.segmentation.objects, tracked.track_ids, turn.labels, strict=True
        )
    )


def _thing_of_object(found: SegmentedObject, track_id: int, label: str) -> Thing:
    x, y, width, height = (int(value) for value in found.box)
    return Thing(
        id=track_id,
        score=found.score,
        box=(x, y, width, height),
        centroid=(float(found.centroid[0]), float(found.centroid[1])),
        label=label,
    )
