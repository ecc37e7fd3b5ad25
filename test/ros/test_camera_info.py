from typing import Any

import numpy as np
import pytest

from textseg_ros.camera_info import CameraModels, camera_from_info
from textseg_ros.messages import MessageTypes, make_header

K = [500.0, 0.0, 319.5, 0.0, 500.0, 239.5, 0.0, 0.0, 1.0]
P = [400.0, 0.0, 300.0, 0.0, 0.0, 400.0, 200.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def info(types: MessageTypes, **fields: Any) -> Any:
    """Return a sensor_msgs/CameraInfo of 640 x 480 pixels."""
    region = types.get("sensor_msgs/msg/RegionOfInterest")(
        **({"x_offset": 0, "y_offset": 0, "height": 0, "width": 0} | fields.pop("roi", {})),
        do_rectify=False,
    )
    values: dict[str, Any] = {
        "header": make_header(types, 1, "camera"),
        "height": 480,
        "width": 640,
        "distortion_model": "plumb_bob",
        "d": np.zeros(5),
        "k": np.array(K),
        "r": np.eye(3).reshape(-1),
        "p": np.array(P),
        "binning_x": 0,
        "binning_y": 0,
        "roi": region,
    }
    return types.get("sensor_msgs/msg/CameraInfo")(**(values | fields))


def test_a_message_of_either_kind_becomes_a_camera(types: MessageTypes) -> None:
    camera = camera_from_info(info(types, d=np.array([0.1, -0.2, 0.001, 0.002, 0.05])))

    assert (camera.width, camera.height, camera.distortion_model) == (640, 480, "plumb_bob")
    assert camera.k.reshape(-1).tolist() == K
    assert camera.d.tolist() == [0.1, -0.2, 0.001, 0.002, 0.05]


def test_binning_and_region_belong_to_the_images(types: MessageTypes) -> None:
    region = {"x_offset": 100, "y_offset": 40, "width": 400, "height": 300}
    camera = camera_from_info(info(types, binning_x=2, binning_y=2, roi=region))

    # (319.5 - 100 + 0.5) / 2 - 0.5 and (239.5 - 40 + 0.5) / 2 - 0.5: edges stay edges.
    assert (camera.width, camera.height) == (200, 150)
    assert camera.k.tolist() == [[250.0, 0.0, 109.5], [0.0, 250.0, 99.5], [0.0, 0.0, 1.0]]


def test_rectified_images_have_the_projection_and_no_distortion(types: MessageTypes) -> None:
    camera = camera_from_info(info(types, d=np.full(5, 0.1)), rectified=True)

    assert camera.k.tolist() == [[400.0, 0.0, 300.0], [0.0, 400.0, 200.0], [0.0, 0.0, 1.0]]
    assert not camera.d.any()


def test_a_camera_that_is_not_calibrated_is_refused(types: MessageTypes) -> None:
    with pytest.raises(ValueError, match="K is zero, so the camera is not calibrated"):
        camera_from_info(info(types, k=np.zeros(9)))


def test_a_camera_is_made_once_and_anew_when_something_changes(types: MessageTypes) -> None:
    models = CameraModels()
    first = models.get(info(types), 640, 480)

    assert models.get(info(types), 640, 480) is first
    assert models.get(info(types), 320, 240).k[0, 0] == 250.0
    assert models.get(info(types, k=np.array([600.0, *K[1:]])), 640, 480).k[0, 0] == 600.0
    assert models.get(info(types), 640, 480, rectified=True).k[0, 0] == 400.0
    assert models.get(info(types), 640, 480) is first


def test_few_cameras_are_kept(types: MessageTypes) -> None:
    models = CameraModels()
    for step in range(40):
        models.get(info(types, k=np.array([600.0 + step, *K[1:]])), 640, 480)

    assert len(models._models) == 4


def test_images_of_another_shape_are_refused(types: MessageTypes) -> None:
    with pytest.raises(ValueError, match="the image is 640 x 360"):
        CameraModels().get(info(types), 640, 360)
