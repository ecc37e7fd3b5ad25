"""The points of placed objects as a PointCloud2."""

from typing import Any

import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_ros.messages import MessageTypes, byte_sequence
from textseg_ros.placed import PlacedResult

CLOUD_POINTS = 50_000
"""Most points in one cloud; of more, every n-th is sent."""

_POINT = np.dtype(
    {"names": ["x", "y", "z", "rgb"], "formats": ["<f4", "<f4", "<f4", "<u4"], "itemsize": 16}
)
_FLOAT32 = 7  # sensor_msgs/PointField


def cloud_message(
    types: MessageTypes, placed: PlacedResult, image: UInt8Array, header: Any
) -> Any:
    """Return sensor_msgs/PointCloud2 of the placed objects' visible surfaces, one row.

    Fields x, y, z (float32, metres) and rgb (0x00RRGGBB in the bits of a float32, as PCL and
    rviz2 read it).
    """
    objects = [found.located for found in placed.objects]
    points = np.concatenate([found.points for found in objects]) if objects else np.zeros((0, 3))
    pixels = (
        np.concatenate([found.pixels for found in objects]) if objects else np.zeros((0, 2), int)
    )
    step = -(-len(points) // CLOUD_POINTS) or 1
    points, pixels = points[::step], pixels[::step]
    colours = image[pixels[:, 0], pixels[:, 1]].astype(np.uint32)
    packed = np.zeros(len(points), _POINT)
    packed["x"], packed["y"], packed["z"] = points.T
    packed["rgb"] = colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
    cloud_class = types.get("sensor_msgs/msg/PointCloud2")
    field_class = types.get("sensor_msgs/msg/PointField")
    fields = [
        field_class(name=name, offset=4 * place, datatype=_FLOAT32, count=1)
        for place, name in enumerate(("x", "y", "z", "rgb"))
    ]
    return cloud_class(
        header=header,
        height=1,
        width=len(packed),
        fields=fields,
        is_bigendian=False,
        point_step=_POINT.itemsize,
        row_step=packed.nbytes,
        data=byte_sequence(cloud_class, packed.view(np.uint8)),
        is_dense=True,
    )
