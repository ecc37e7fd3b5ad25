"""A Segmentation as the messages that the node publishes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.space.localise import touches_border
from textseg_ros.messages import MessageTypes
from textseg_ros.query import Query

LATENCY_STAGES = (
    "wait",
    "decode",
    "preprocess",
    "encoder",
    "text",
    "head",
    "postprocess",
    "convert",
    "total",
)
"""Fields of msg/Latency.msg, in the order of the work."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for one query in one image.

    Attributes:
        header: Of the source image.
        query: What was asked.
        segmentation: What was found, to be published.
        stale: Whether the image was older than `max_age_s` when this was published.
        latency_ms: By stage, as in `LATENCY_STAGES`.
        turn: What is to be said of it, and the destination's half; None if nothing is.
        tracked: Whether the ids in `turn` stand for objects over frames.
        of_destination: Whether it is about where something is to go, not about what to take.
    """

    header: Any
    query: Query
    segmentation: Segmentation
    stale: bool
    latency_ms: dict[str, float]
    turn: CommandTurn | None = None
    tracked: bool = False
    of_destination: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether the image shows one fresh target: not none, several or an old one."""
        return self.segmentation.status is Status.FOUND and not self.stale

    @property
    def is_confirmed(self) -> bool:
        """Whether the target was seen in images enough, or picked; where each counts alone, so."""
        return not self.tracked or self.turn is None or self.turn.target.tracked.is_confirmed

    @property
    def may_move(self) -> bool:
        """Whether an arm may move on it: one image that is wrong must move none."""
        return self.is_clear and self.is_confirmed

    @property
    def track_ids(self) -> tuple[int, ...]:
        """Of the segmentation's objects; empty if nothing is tracked."""
        return self.turn.target.tracked.track_ids if self.turn and self.tracked else ()

    @property
    def destination(self) -> "Answer | None":
        """The answer about where it is to go, as if that had been asked for; None if it is not."""
        place = self.turn.destination if self.turn else None
        if self.turn is None or place is None:
            return None
        turn = replace(self.turn, target=place, destination=None)
        found = place.tracked.segmentation
        return replace(self, segmentation=found, turn=turn, of_destination=True)


def detections_message(types: MessageTypes, answer: Answer) -> Any:
    """Return vision_msgs/Detection2DArray, one detection per object, best first.

    `class_id` is the expression, `id` the track's, empty if there is none. The box's centre
    follows the rule that (0, 0) is the centre of the top-left pixel: a box of columns 10 to 19
    has its centre at 14.5 and a width of 10.
    """
    detections = [
        _detection(types, answer, found, track_id) for found, track_id in _with_track_ids(answer)
    ]
    return types.get("vision_msgs/msg/Detection2DArray")(
        header=answer.header, detections=detections
    )


def _detection(types: MessageTypes, answer: Answer, found: SegmentedObject, track_id: int) -> Any:
    x, y, width, height = found.box
    hypothesis = types.get("vision_msgs/msg/ObjectHypothesis")(
        class_id=answer.segmentation.expression, score=float(found.score)
    )
    result = types.get("vision_msgs/msg/ObjectHypothesisWithPose")(
        hypothesis=hypothesis, pose=_unknown_pose(types)
    )
    centre = types.get("vision_msgs/msg/Pose2D")(
        position=types.get("vision_msgs/msg/Point2D")(
            x=x + (width - 1) / 2.0, y=y + (height - 1) / 2.0
        ),
        theta=0.0,
    )
    return types.get("vision_msgs/msg/Detection2D")(
        header=answer.header,
        results=[result],
        bbox=types.get("vision_msgs/msg/BoundingBox2D")(
            center=centre, size_x=float(width), size_y=float(height)
        ),
        id=str(track_id or ""),
    )


def _unknown_pose(types: MessageTypes) -> Any:
    """Return the pose that vision_msgs wants beside a class: an image alone gives none."""
    pose = types.get("geometry_msgs/msg/Pose")(
        position=types.get("geometry_msgs/msg/Point")(x=0.0, y=0.0, z=0.0),
        orientation=types.get("geometry_msgs/msg/Quaternion")(x=0.0, y=0.0, z=0.0, w=1.0),
    )
    return types.get("geometry_msgs/msg/PoseWithCovariance")(
        pose=pose, covariance=np.zeros(36, np.float64)
    )


def centroid_message(types: MessageTypes, answer: Answer) -> Any | None:
    """Return geometry_msgs/PointStamped of the target in pixels, or None.

    x is u and y is v, in pixels of the source image; z is 0. It is None unless `is_clear`, as
    there is no status beside it. It is of this image alone: unlike the target's pose it does not
    wait until the target is confirmed.
    """
    centroid = answer.segmentation.centroid
    if centroid is None or not answer.is_clear:
        return None
    point = types.get("geometry_msgs/msg/Point")(x=float(centroid[0]), y=float(centroid[1]), z=0.0)
    return types.get("geometry_msgs/msg/PointStamped")(header=answer.header, point=point)


def objects_message(types: MessageTypes, answer: Answer) -> Any:
    """Return textseg_ros/Segmentation, which says everything but the pixels."""
    segmentation = answer.segmentation
    message_class = types.get("textseg_ros/msg/Segmentation")
    statuses = {
        Status.FOUND: message_class.FOUND,
        Status.NOT_FOUND: message_class.NOT_FOUND,
        Status.AMBIGUOUS: message_class.AMBIGUOUS,
    }
    place = answer.destination
    return message_class(
        header=answer.header,
        query_id=answer.query.id,
        query_key=answer.query.key,
        query=answer.query.text,
        action=segmentation.command.action or "",
        expression=segmentation.expression,
        destination=segmentation.command.destination or "",
        unknown_words=list(segmentation.unknown_words),
        status=statuses[segmentation.status],
        stale=answer.stale,
        score=float(segmentation.score),
        question="" if answer.turn is None else answer.turn.text,
        explanation=segmentation.explanation,
        objects=_objects(types, answer),
        destination_status=(
            message_class.NOT_ASKED if place is None else statuses[place.segmentation.status]
        ),
        destination_objects=[] if place is None else _objects(types, place),
        latency=_latency(types, answer),
    )


def latency_message(types: MessageTypes, answers: Sequence[Answer], age_s: float) -> Any:
    """Return textseg_ros/LatencyStamped of the answers to one image, in the order of sending."""
    return types.get("textseg_ros/msg/LatencyStamped")(
        header=answers[-1].header,
        queries=len(answers),
        age=float(age_s),
        latency=_latency(types, answers[-1]),
    )


def _latency(types: MessageTypes, answer: Answer) -> Any:
    return types.get("textseg_ros/msg/Latency")(
        **{stage: float(answer.latency_ms[stage]) for stage in LATENCY_STAGES}
    )


def _objects(types: MessageTypes, answer: Answer) -> list[Any]:
    """Return textseg_ros/SegmentedObject of each object, with its id and what to call it."""
    numbered = _with_track_ids(answer)
    labels = answer.turn.target.labels if answer.turn else ("",) * len(numbered)
    return [
        _object(types, found, track_id, label)
        for (found, track_id), label in zip(numbered, labels, strict=True)
    ]


def _with_track_ids(answer: Answer) -> list[tuple[SegmentedObject, int]]:
    """Return the objects, best first, with their ids over frames; 0 if nothing is tracked."""
    objects = answer.segmentation.objects
    return list(zip(objects, answer.track_ids or (0,) * len(objects), strict=True))


def _object(types: MessageTypes, found: SegmentedObject, track_id: int, label: str) -> Any:
    x, y, width, height = (int(value) for value in found.box)
    return types.get("textseg_ros/msg/SegmentedObject")(
        track_id=track_id,
        score=float(found.score),
        x=x,
        y=y,
        width=width,
        height=height,
        area=int(found.area),
        at_border=touches_border(found.mask),
        centroid_u=float(found.centroid[0]),
        centroid_v=float(found.centroid[1]),
        orientation=float(found.axis.angle_rad),
        major_length=float(found.axis.major_px),
        minor_length=float(found.axis.minor_px),
        label=label,
    )


def blank_objects_message(types: MessageTypes) -> Any:
    """Return a textseg_ros/Segmentation that says nothing, for where there is no answer."""
    message = types.default("textseg_ros/msg/Segmentation")
    message.status, message.destination_status = message.NOT_FOUND, message.NOT_ASKED
    return message
