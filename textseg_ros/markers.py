"""Placed objects as markers for rviz2 and Foxglove."""

from typing import Any

import numpy as np

from textseg_core.arrays import AnyArray
from textseg_ros.messages import MessageTypes, byte_sequence
from textseg_ros.placed import Output3d
from textseg_ros.space_messages import header_in, pose_message, vector_message

_CUBE, _SPHERE, _TEXT = 1, 2, 9  # visualization_msgs/Marker
_MARKERS = 3
_CENTROID_M, _LETTERS_M = 0.015, 0.03
_TARGET_RGB, _OTHER_RGB = (0.1, 0.8, 0.2), (0.9, 0.6, 0.1)
_PLACE_RGB, _OTHER_PLACE_RGB = (0.1, 0.4, 1.0), (0.6, 0.4, 0.8)


def markers_message(types: MessageTypes, output: Output3d, header: Any, lifetime_s: float) -> Any:
    """Return visualization_msgs/MarkerArray: box, centroid and caption of each placed object.

    The one that an arm may move to is green, others are orange; of the destination's the one that
    it may put something on is blue, others are violet.
    They vanish by themselves after `lifetime_s`; those of one query share a namespace, and those
    of its destination another, so that several queries do not overwrite each other's.
    """
    name = output.answer.query.key
    markers = _markers(types, output, header, lifetime_s, f"textseg/{name}".rstrip("/"))
    if output.destination is not None:
        space = f"destination/{name}".rstrip("/")
        markers += _markers(types, output.destination, header, lifetime_s, space)
    return types.get("visualization_msgs/msg/MarkerArray")(markers=markers)


def _markers(
    types: MessageTypes, output: Output3d, header: Any, lifetime_s: float, namespace: str
) -> list[Any]:
    nanoseconds = round(lifetime_s * 1e9)
    lifetime = types.get("builtin_interfaces/msg/Duration")(
        sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000
    )
    answer = output.answer
    best_rgb, other_rgb = (
        (_PLACE_RGB, _OTHER_PLACE_RGB) if answer.of_destination else (_TARGET_RGB, _OTHER_RGB)
    )
    markers = []
    for place, found in enumerate(output.placed.objects):
        may_move = answer.may_move and found.index == 0 and found.located.is_sure
        rgb = best_rgb if may_move else other_rgb
        caption = f"{answer.segmentation.expression} {output.score(found):.2f}"
        located = found.located
        box = pose_message(types, located.box.centre, located.box.quaternion)
        centroid = pose_message(types, located.centroid, located.quaternion)
        top = pose_message(types, located.top_point)
        shapes: tuple[tuple[int, Any, AnyArray, float, str], ...] = (
            (_CUBE, box, located.box.size, 0.3, ""),
            (_SPHERE, centroid, np.full(3, _CENTROID_M), 1.0, ""),
            (_TEXT, top, np.full(3, _LETTERS_M), 1.0, caption),
        )
        for part, (kind, pose, size, alpha, text) in enumerate(shapes):
            markers.append(
                _marker(
                    types,
                    header=header,
                    ns=namespace,
                    id=_MARKERS * place + part,
                    type=kind,
                    pose=pose,
                    # rviz2 complains of a side of zero.
                    scale=vector_message(types, np.maximum(size, 1e-3)),
                    color=_colour(types, rgb, alpha),
                    lifetime=lifetime,
                    text=text,
                )
            )
    return markers


def _marker(types: MessageTypes, **fields: Any) -> Any:
    """Return a marker with its many fields that mean nothing here left neutral."""
    marker_class = types.get("visualization_msgs/msg/Marker")
    image_class = types.get("sensor_msgs/msg/CompressedImage")
    no_header = header_in(types, fields["header"], "")
    neutral = {
        "action": 0,  # add or modify
        "frame_locked": False,
        "points": [],
        "colors": [],
        "texture_resource": "",
        "texture": image_class(
            header=no_header, format="", data=byte_sequence(image_class, np.zeros(0, np.uint8))
        ),
        "uv_coordinates": [],
        "mesh_resource": "",
        "mesh_file": types.get("visualization_msgs/msg/MeshFile")(
            filename="", data=byte_sequence(image_class, np.zeros(0, np.uint8))
        ),
        "mesh_use_embedded_materials": False,
    }
    return marker_class(**neutral, **fields)


def _colour(types: MessageTypes, rgb: tuple[float, float, float], alpha: float) -> Any:
    red, green, blue = rgb
    return types.get("std_msgs/msg/ColorRGBA")(r=red, g=green, b=blue, a=alpha)
