"""A Segmentation as the messages that the node publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.dialogue.turn import Turn
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
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
    """

    header: Any
    query: Query
    segmentation: Segmentation
    stale: bool
    latency_ms: dict[str, float]
    turn: CommandTurn | None = None
    tracked: bool = False

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


def detections_message(types: MessageTypes, answer: Answer) -> Any:
    """Return vision_msgs/Detection2DArray, one detection per object, best first.

    `class_id` is the expression. The box's centre follows the rule that (0, 0) is the centre of
    the top-left pixel: a box of columns 10 to 19 has its centre at 14.5 and a width of 10.
    """
    detections = [_detection(types, answer, found) for found in answer.segmentation.objects]
    return types.get("vision_msgs/msg/Detection2DArray")(
        header=answer.header, detections=detections
    )


def _detection(types: MessageTypes, answer: Answer, found: SegmentedObject) -> Any:
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
        id="",
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
    turn = answer.turn
    place = turn.destination.tracked.segmentation if turn and turn.destination else None
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
        question="" if turn is None else turn.text,
        explanation=segmentation.explanation,
        objects=_objects(types, segmentation, answer, None if turn is None else turn.target),
        destination_status=message_class.NOT_ASKED if place is None else statuses[place.status],
        destination_objects=[]
        if place is None
        else _objects(types, place, answer, None if turn is None else turn.destination),
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


def _objects(
    types: MessageTypes, segmentation: Segmentation, answer: Answer, turn: Turn | None
) -> list[Any]:
    """Return textseg_ros/SegmentedObject of each object, with its id and what to call it."""
    objects = segmentation.objects
    labels = ("",) * len(objects) if turn is None else turn.labels
    track_ids = (0,) * len(objects)
    if turn is not None and answer.tracked:
        track_ids = turn.tracked.track_ids
    return [
        _object(types, found, track_id, label)
        for found, track_id, label in zip(objects, track_ids, labels, strict=True)
    ]


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
        at_border=_at_border(found),
        centroid_u=float(found.centroid[0]),
        centroid_v=float(found.centroid[1]),
        orientation=float(found.axis.angle_rad),
        major_length=float(found.axis.major_px),
        minor_length=float(found.axis.minor_px),
        label=label,
    )


def _at_border(found: SegmentedObject) -> bool:
    """Return whether the object touches the image's border, and may go on outside."""
    x, y, width, height = found.box
    rows, columns = found.mask.shape
    return x == 0 or y == 0 or x + width == columns or y + height == rows


def blank_objects_message(types: MessageTypes) -> Any:
    """Return a textseg_ros/Segmentation that says nothing, for where there is no answer."""
    message = types.default("textseg_ros/msg/Segmentation")
    message.status, message.destination_status = message.NOT_FOUND, message.NOT_ASKED
    return message
