"""The depth of one colour image: paired, unpacked, registered, and where its camera stands."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from textseg_core.arrays import Float32Array, Float64Array
from textseg_core.space.camera import CameraModel
from textseg_core.space.depth_image import depth_to_metres
from textseg_core.space.register import register_depth
from textseg_core.transforms import (
    TransformPending,
    TransformUnavailable,
    frame_name,
    invert_transform,
)
from textseg_ros.camera_info import CameraModels
from textseg_ros.conversions import MAX_IMAGE_PX, image_to_depth
from textseg_ros.messages import stamp_ns
from textseg_ros.pairing import RgbdPairing, RgbdSet, Unpaired
from textseg_ros.tf_source import TransformSource

STILL = 1e-3
"""A camera that moves less than this between its two images, metres and radians, counts as
standing: that spares the registration, and costs a millimetre or two at arm's length."""

Refusal: TypeAlias = Literal["no depth", "camera", "depth image", "late transform", "no transform"]
"""Kinds of reasons for which an answer has no place in space, for counting."""


class DepthRefused(Exception):  # noqa: N818 - an answer, not an error of the program
    """A colour image has no depth that can be relied on; the text says why.

    Attributes:
        kind: Kind of reason.
    """

    def __init__(self, kind: Refusal, reason: str) -> None:
        super().__init__(reason)
        self.kind: Refusal = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSettings:
    """How depth is taken.

    Attributes:
        target_frame: Frame of the results; empty for the colour camera's optical frame. Its z
            axis points up, as in map, odom and base_link (REP 105).
        transform_timeout_s: How long a result waits for the transform of its image's time.
        depth_timeout_s: How long it waits for the depth image of its time.
        rectified: Whether the colour images are rectified, so that P of their CameraInfo counts.
        depth_rectified: Whether the depth images are, likewise.
        max_image_px: Largest depth image accepted, pixels.
    """

    target_frame: str = ""
    transform_timeout_s: float = 0.1
    depth_timeout_s: float = 0.1
    rectified: bool = False
    depth_rectified: bool = False
    max_image_px: int = MAX_IMAGE_PX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthView:
    """What is known of the space before a colour image.

    Attributes:
        depth_m: Of each pixel of the colour image, metres along its optical axis, 0 for unknown.
        camera: The colour camera at the image's size.
        frame_id: The published frame.
        frame_from_camera: Takes the camera's coordinates to the published frame, (4, 4).
        up: The published frame's z axis in the camera's optical frame, (3,); None if the camera's
            own frame is published, which knows no up.
        gap_s: By how much the depth image is later than the colour image.
    """

    depth_m: Float32Array
    camera: CameraModel
    frame_id: str
    frame_from_camera: Float64Array
    up: Float64Array | None
    gap_s: float


class DepthViewer:
    """Gives the depth of colour images; one thread at a time may call it.

    Attributes:
        settings: May be set anew between two calls.
        refusals: How many images were refused, by kind.

    Args:
        pairing: Where depth images and CameraInfo arrive.
        transforms: Where frames lie.
        settings: How depth is taken.
    """

    def __init__(
        self,
        pairing: RgbdPairing,
        transforms: TransformSource,
        settings: DepthSettings | None = None,
    ) -> None:
        self.settings = settings or DepthSettings()
        self.refusals: Counter[Refusal] = Counter()
        self._pairing = pairing
        self._transforms = transforms
        self._cameras = CameraModels()

    def frame_of(self, colour: Any) -> str:
        """Return the frame that results of a colour image are published in.

        Args:
            colour: The image's message.
        """
        return frame_name(self.settings.target_frame or colour.header.frame_id)

    def view(self, colour: Any, width: int, height: int) -> DepthView:
        """Return the depth of a colour image.

        The transform is looked up at the image's own stamp and never at another time.

        Args:
            colour: The message, an Image or CompressedImage.
            width: Of its picture, pixels.
            height: Of its picture, pixels.

        Raises:
            DepthRefused: If there is none; kind and text say why.
        """
        try:
            return self._view(colour, width, height)
        except DepthRefused as refused:
            self.refusals[refused.kind] += 1
            raise

    def _view(self, colour: Any, width: int, height: int) -> DepthView:
        try:
            found = self._pairing.match(colour, self.settings.depth_timeout_s)
        except Unpaired as error:
            raise DepthRefused("no depth", str(error)) from error
        camera = self._camera(found.info, colour, width, height, "colour", self.settings.rectified)
        frame_from_camera = self._frame_from_camera(colour)
        own_frame = self.frame_of(colour) == frame_name(colour.header.frame_id)
        return DepthView(
            depth_m=self._registered(found, camera, frame_from_camera),
            camera=camera,
            frame_id=self.frame_of(colour),
            frame_from_camera=frame_from_camera,
            up=None if own_frame else frame_from_camera[2, :3],
            gap_s=found.gap_s,
        )

    def _frame_from_camera(self, colour: Any) -> Float64Array:
        if not frame_name(colour.header.frame_id):
            raise DepthRefused(
                "no transform",
                "the colour image has no frame_id; its driver must name the optical frame",
            )
        return self._lookup(self.frame_of(colour), colour, self.settings.transform_timeout_s)

    def _registered(
        self, found: RgbdSet, camera: CameraModel, frame_from_camera: Float64Array
    ) -> Float32Array:
        """Return the depth as the colour camera would see it at the time of its image."""
        depth = found.depth
        try:
            pixels = image_to_depth(depth, self.settings.max_image_px)
            depth_m = depth_to_metres(pixels, depth.encoding)
        except ValueError as error:
            raise DepthRefused("depth image", f"depth image refused: {error}") from error
        height, width = depth_m.shape
        same_frame = frame_name(depth.header.frame_id) == frame_name(found.colour.header.frame_id)
        if found.depth_info is None and not same_frame:
            raise DepthRefused(
                "camera",
                f"the depth image is of frame {depth.header.frame_id!r}, the colour image of "
                f"{found.colour.header.frame_id!r}, and no CameraInfo of the depth camera came; "
                "check its topic, or use the depth images that the driver has registered",
            )
        if found.depth_info is None:
            depth_camera = self._camera(
                found.info, found.colour, width, height, "depth", self.settings.rectified
            )
        else:
            depth_camera = self._camera(
                found.depth_info, depth, width, height, "depth", self.settings.depth_rectified
            )
        camera_from_depth = self._camera_from_depth(found, same_frame, frame_from_camera)
        try:
            return register_depth(depth_m, depth_camera, camera, camera_from_depth)
        except ValueError as error:
            raise DepthRefused("depth image", f"depth image refused: {error}") from error

    def _camera_from_depth(
        self, found: RgbdSet, same_frame: bool, frame_from_camera: Float64Array
    ) -> Float64Array:
        """Return where the depth camera stood, seen from the colour camera at its image's time.

        If the two images are not of one moment, the target frame tells how the cameras moved in
        between. That holds for what stands still in it, as on a table before an arm.
        """
        depth = found.depth
        timeout_s = self.settings.transform_timeout_s
        mounted = (
            np.eye(4)
            if same_frame
            else self._lookup(found.colour.header.frame_id, depth, timeout_s)
        )
        if not self.settings.target_frame or found.gap_s == 0.0:
            return mounted
        frame_from_depth = self._lookup(self.frame_of(found.colour), depth, timeout_s)
        camera_from_depth = invert_transform(frame_from_camera) @ frame_from_depth
        motion = camera_from_depth @ invert_transform(mounted)
        return mounted if np.abs(motion - np.eye(4)).max() < STILL else camera_from_depth

    def _camera(
        self, info: Any, image: Any, width: int, height: int, which: str, rectified: bool
    ) -> CameraModel:
        of_info, of_image = info.header.frame_id, image.header.frame_id
        if of_info and frame_name(of_info) != frame_name(of_image):
            raise DepthRefused(
                "camera",
                f"the CameraInfo for the {which} image is of frame {of_info!r}, the image of "
                f"{of_image!r}; give the topic of the CameraInfo that belongs to the image",
            )
        try:
            return self._cameras.get(info, width, height, rectified=rectified)
        except ValueError as error:
            raise DepthRefused("camera", f"{which} camera refused: {error}") from error

    def _lookup(self, target: str, image: Any, timeout_s: float) -> Float64Array:
        """Return `target_from_image` at the image's time."""
        try:
            return self._transforms.lookup(
                target, image.header.frame_id, stamp_ns(image.header), timeout_s
            )
        except TransformPending as error:
            raise DepthRefused("late transform", str(error)) from error
        except TransformUnavailable as error:
            raise DepthRefused("no transform", str(error)) from error
