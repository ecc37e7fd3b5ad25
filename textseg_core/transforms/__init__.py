"""Where coordinate frames lie to each other at a time, without ROS: a buffer such as tf2's."""

from textseg_core.transforms.buffer import HISTORY_S, JUMP_BACK_S, TransformBuffer
from textseg_core.transforms.faults import Fault, TransformPending, TransformUnavailable
from textseg_core.transforms.history import (
    Placement,
    StampedTransform,
    frame_name,
    stamped_transform,
)
from textseg_core.transforms.rigid import (
    Quaternion,
    Vector,
    invert_transform,
    quaternion_from_matrix,
    quaternion_matrix,
    rigid_transform,
    slerp,
    transform_points,
)

__all__ = [
    "HISTORY_S",
    "JUMP_BACK_S",
    "Fault",
    "Placement",
    "Quaternion",
    "StampedTransform",
    "TransformBuffer",
    "TransformPending",
    "TransformUnavailable",
    "Vector",
    "frame_name",
    "invert_transform",
    "quaternion_from_matrix",
    "quaternion_matrix",
    "rigid_transform",
    "slerp",
    "stamped_transform",
    "transform_points",
]
