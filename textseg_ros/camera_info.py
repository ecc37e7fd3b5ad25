"""sensor_msgs/CameraInfo -> the camera that took the images."""

from collections import OrderedDict
from typing import Any

import numpy as np

from textseg_core.space.camera import CameraModel

_KEPT = 4  # one of colour and one of depth, and those before a change


def camera_from_info(info: Any, *, rectified: bool = False) -> CameraModel:
    """Return the camera that a sensor_msgs/CameraInfo describes.

    Args:
        info: The message.
        rectified: Whether the images are rectified ones: then P counts, and no distortion.

    Raises:
        ValueError: If the camera is not calibrated or a value makes no sense; it says which.
    """
    region = info.roi
    return CameraModel.from_info(
        width=int(info.width),
        height=int(info.height),
        k=np.asarray(info.k, np.float64),
        d=np.asarray(info.d, np.float64),
        distortion_model=info.distortion_model,
        binning=(int(info.binning_x), int(info.binning_y)),
        roi=(
            int(region.x_offset),
            int(region.y_offset),
            int(region.width),
            int(region.height),
        ),
        p=np.asarray(info.p, np.float64) if rectified else None,
    )


class CameraModels:
    """Makes each camera once: a driver sends the same CameraInfo with every image.

    One thread at a time may use it.
    """

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[object, ...], CameraModel] = OrderedDict()

    def get(self, info: Any, width: int, height: int, *, rectified: bool = False) -> CameraModel:
        """Return the camera of images of a size.

        Args:
            info: The CameraInfo.
            width: Of the images, pixels.
            height: Of the images, pixels.
            rectified: As `camera_from_info`.

        Raises:
            ValueError: As `camera_from_info`, and if the images have another shape than the
                calibration.
        """
        key = (*_content(info), width, height, rectified)
        model = self._models.get(key)
        if model is None:
            model = camera_from_info(info, rectified=rectified).for_image(width, height)
            self._models[key] = model
            if len(self._models) > _KEPT:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return model


def _content(info: Any) -> tuple[object, ...]:
    """Return all that a camera is made from."""
    numbers = (np.asarray(values, np.float64).tobytes() for values in (info.k, info.d, info.p))
    region = info.roi
    return (
        *numbers,
        info.distortion_model,
        *(info.width, info.height, info.binning_x, info.binning_y),
        *(region.x_offset, region.y_offset, region.width, region.height),
    )
