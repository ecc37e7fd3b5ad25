"""Objects in space as messages: detections, the pose of the target, points and markers."""

from typing import Any

import numpy as np

from textseg_core.space.localise import Located
from textseg_ros.cloud import cloud_message
from textseg_ros.markers import markers_message
from textseg_ros.messages import MessageTypes
from textseg_ros.placed import Output3d, PlacedObject
from textseg_ros.space_messages import header_in, point_message, pose_message, vector_message

UNKNOWN_TURN_VARIANCE = np.pi**2 / 3.0
"""Variance of an angle of which nothing is known, radians^2: how sure the axes are is not
estimated, so that nobody takes a zero for certainty."""


def messages_3d(
    types: MessageTypes, output: Output3d, marker_lifetime_s: float = 1.0
) -> dict[str, Any]:
    """Return the messages by topic key, in the order of sending: what decides goes first."""
    further = further_messages(types, output, marker_lifetime_s)
    objects = {"objects_3d": further.pop("objects_3d")}
    return {**objects, **target_messages(types, output), **further}


def target_messages(types: MessageTypes, output: Output3d) -> dict[str, Any]:
    """Return the messages that are about the target alone.

    `target_pose` is among them only if an arm may move on it.
    """
    header = header_in(types, output.answer.header, output.placed.frame_id)
    pose = pose_stamped_message(types, output, header)
    return {
        **({} if pose is None else {"target_pose": pose}),
        "detections_3d": detections_3d_message(types, output, header),
        "cloud": cloud_message(types, output.placed, output.image, header),
    }


def further_messages(
    types: MessageTypes, output: Output3d, marker_lifetime_s: float = 1.0
) -> dict[str, Any]:
    """Return the messages that are about the destination too.

    `destination_pose` is among them only if an arm may move on it.
    """
    header = header_in(types, output.answer.header, output.placed.frame_id)
    place = output.destination
    pose = None if place is None else pose_stamped_message(types, place, header)
    return {
        "objects_3d": located_message(types, output, header),
        **({} if pose is None else {"destination_pose": pose}),
        "markers": markers_message(types, output, header, marker_lifetime_s),
    }


def pose_stamped_message(types: MessageTypes, output: Output3d, header: Any) -> Any | None:
    """Return geometry_msgs/PoseStamped of the best object, or None.

    None unless the status is found, the result is fresh and the best object itself could be
    placed surely enough (`Located.is_sure`): a pose says neither status nor covariance, so it
    must be one that an arm may act on. Whether its query still stands is for the caller to see
    to, as with the centroid.
    """
    target = output.placed.target
    if target is None or not output.answer.may_move or not target.located.is_sure:
        return None
    return types.get("geometry_msgs/msg/PoseStamped")(
        header=header, pose=pose_message(types, target.located.centroid, target.located.quaternion)
    )


def located_message(types: MessageTypes, output: Output3d, header: Any) -> Any:
    """Return textseg_ros/LocalisedObjects, which says all but the points."""
    answer, place = output.answer, output.destination
    asked = answer.destination
    return types.get("textseg_ros/msg/LocalisedObjects")(
        header=header,
        query_id=answer.query.id,
        query_key=answer.query.key,
        status=_status(types, answer.segmentation.status.name),
        objects=_located_objects(types, output),
        destination_status=_status(
            types, "NOT_ASKED" if asked is None else asked.segmentation.status.name
        ),
        destination_objects=[] if place is None else _located_objects(types, place),
    )


def _status(types: MessageTypes, name: str) -> int:
    """Return the message's constant, which has the name of our Status."""
    return int(getattr(types.get("textseg_ros/msg/Segmentation"), name))


def _located_objects(types: MessageTypes, output: Output3d) -> list[Any]:
    return [_located(types, output, found) for found in output.placed.objects]


def detections_3d_message(types: MessageTypes, output: Output3d, header: Any) -> Any:
    """Return vision_msgs/Detection3DArray, one detection per placed object, best first.

    The hypothesis' pose is the centroid of the visible surface with its covariance; the box is
    the oriented box around that surface. `id` is the track's, empty if there is none.
    """
    detections = []
    for found in output.placed.objects:
        hypothesis = types.get("vision_msgs/msg/ObjectHypothesis")(
            class_id=output.answer.segmentation.expression, score=output.score(found)
        )
        result = types.get("vision_msgs/msg/ObjectHypothesisWithPose")(
            hypothesis=hypothesis, pose=_pose_with_covariance(types, found.located)
        )
        box = found.located.box
        bounds = types.get("vision_msgs/msg/BoundingBox3D")(
            center=pose_message(types, box.centre, box.quaternion),
            size=vector_message(types, box.size),
        )
        detections.append(
            types.get("vision_msgs/msg/Detection3D")(
                header=header,
                results=[result],
                bbox=bounds,
                id=str(output.track_id(found) or ""),
            )
        )
    return types.get("vision_msgs/msg/Detection3DArray")(header=header, detections=detections)


def _located(types: MessageTypes, output: Output3d, found: PlacedObject) -> Any:
    located = found.located
    return types.get("textseg_ros/msg/LocalisedObject")(
        track_id=output.track_id(found),
        score=output.score(found),
        pose=_pose_with_covariance(types, located),
        box_pose=pose_message(types, located.box.centre, located.box.quaternion),
        box_size=vector_message(types, located.box.size),
        width=float(located.width_m),
        top_point=point_message(types, located.top_point),
        valid_share=float(located.valid_share),
        at_border=bool(located.at_border),
    )


def _pose_with_covariance(types: MessageTypes, located: Located) -> Any:
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = located.covariance
    covariance[3:, 3:] = UNKNOWN_TURN_VARIANCE * np.eye(3)
    return types.get("geometry_msgs/msg/PoseWithCovariance")(
        pose=pose_message(types, located.centroid, located.quaternion),
        covariance=covariance.reshape(-1),
    )
