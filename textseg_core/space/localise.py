"""An object's mask and a depth image -> where it is, how sure that is, and where to grasp it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array
from textseg_core.geometry import PIXEL_VARIANCE, mask_centroid
from textseg_core.space.box import (
    OrientedBox,
    box_along,
    matrix_of,
    principal_rotation,
    quaternion_of,
    upright_box,
)
from textseg_core.space.camera import CameraModel
from textseg_core.space.register import checked_transform
from textseg_core.space.surface import (
    LEAST_MEASURED,
    LocalisationError,
    SensorNoise,
    Surface,
    visible_surface,
)

__all__ = ["LocalisationError", "Located", "OrientedBox", "SensorNoise", "localise", "moved"]

#: A mask with a pixel in so many outermost rows or columns may go on outside of the image.
BORDER_PX = 2
#: Neighbouring depth pixels err alike: so many count as one measurement.
CORRELATED_PX = 16.0
#: How far the mask as a whole may be shifted, standard deviation, pixels.
MASK_SHIFT_PX = 1.0
#: An arm may move on a centroid whose standard deviation is nowhere more than this, metres.
SURE_M = 0.02
#: The top plane reaches so far below the highest points: metres, and standard deviations.
TOP_BAND_M, TOP_BAND_SIGMAS = 0.006, 5.0
_TOP_SHARE = 0.01
_TOWARDS_CAMERA = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """An object in space; metres, in the camera's optical frame unless `moved`.

    Attributes:
        centroid: Mean of the visible surface over the object's pixels, (3,).
        covariance: Of the centroid's error, square metres, (3, 3).
        quaternion: Principal axes as rotation (x, y, z, w), see `box.principal_rotation`.
        elongation: 0 if no direction prevails, so that the x axis means nothing, to 1.
        box: Of the visible surface; upright if an up direction was given.
        width_m: The box's y: what an open gripper must span, across the longer side.
        top_point: On the object, at the middle of its highest plane, or, without an up
            direction, of the plane nearest to the camera, (3,).
        points: Measured surface points, (N, 3).
        pixels: (row, column) of each of them in the image, (N, 2).
        at_border: Whether the mask touches the image's border, so that a part may be missing.
        valid_share: Measured pixels over the mask's, in [0, 1].
    """

    centroid: Float64Array
    covariance: Float64Array
    quaternion: Float64Array
    elongation: float
    box: OrientedBox
    width_m: float
    top_point: Float64Array
    points: Float32Array
    pixels: Int32Array
    at_border: bool
    valid_share: float

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the centroid where it is greatest."""
        return float(np.sqrt(np.linalg.eigvalsh(self.covariance)[-1]))

    @property
    def is_sure(self) -> bool:
        """Whether an arm may move on it, see `SURE_M`."""
        return self.sigma_m <= SURE_M


def localise(
    mask: BoolArray,
    depth_m: Float32Array,
    camera: CameraModel,
    *,
    up: AnyArray | None = None,
    noise: SensorNoise | None = None,
) -> Located:
    """Return where the object of a mask is.

    Args:
        mask: The object's pixels, (H, W).
        depth_m: Metres along the optical axis, (H, W), 0 for unknown; registered to the image.
        camera: Of the image.
        up: Direction away from the ground in the camera's optical frame, (3,), any length; None
            if unknown.
        noise: Of the depth; that of a short-range stereo camera if None.

    Raises:
        ValueError: If the arrays do not fit the camera or `up` is no direction.
        LocalisationError: If the depth does not tell where the object is.
    """
    noise = noise or SensorNoise()
    size = (camera.height, camera.width)
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"mask must be bool (H, W), got {mask.dtype} {mask.shape}")
    if mask.shape != size or depth_m.shape != size:
        raise ValueError(
            f"mask, depth and camera must have one size, got {mask.shape}, {depth_m.shape} and "
            f"{size}: bring the depth to the image with register_depth, the camera with for_image"
        )
    upwards = None if up is None else _unit(up)
    surface = visible_surface(mask, depth_m, camera.focal_px, noise)
    field = _points(surface, camera)
    shown = surface.shown & np.isfinite(field).all(axis=2)
    measured = surface.measured & shown
    if int(measured.sum()) < LEAST_MEASURED:
        raise LocalisationError(
            "the object lies where the camera's distortion model does not hold, so that its "
            "direction is unknown: move it towards the middle of the image"
        )
    points = field[shown].astype(np.float64)
    centroid = points.mean(axis=0)
    valid_share = float(measured.sum()) / surface.mask_px
    covariance = _covariance(
        points, centroid, int(measured.sum()), valid_share, noise, camera.focal_px
    )
    rotation, elongation = principal_rotation(
        points, _TOWARDS_CAMERA if upwards is None else upwards
    )
    box = box_along(points, rotation) if upwards is None else upright_box(points, upwards)
    rows, columns = np.nonzero(measured)
    return Located(
        centroid=centroid,
        covariance=covariance + _doubt(surface, camera, measured, centroid),
        quaternion=quaternion_of(rotation),
        elongation=elongation,
        box=box,
        width_m=float(box.size[1]),
        top_point=_top_point(field, shown, _TOWARDS_CAMERA if upwards is None else upwards, noise),
        points=field[measured].astype(np.float32),
        pixels=np.stack([rows + surface.top, columns + surface.left], axis=1).astype(np.int32),
        at_border=touches_border(mask),
        valid_share=valid_share,
    )


def moved(located: Located, transform: AnyArray) -> Located:
    """Return the same object in another frame.

    Args:
        located: In the frame that `transform` starts from.
        transform: Takes points to the new frame, rigid, (4, 4).

    Raises:
        ValueError: If the transform is not rigid.
    """
    pose = checked_transform(transform)
    turn, shift = pose[:3, :3], pose[:3, 3]

    def turned(quaternion: Float64Array) -> Float64Array:
        return quaternion_of(turn @ matrix_of(quaternion))

    return replace(
        located,
        centroid=turn @ located.centroid + shift,
        covariance=turn @ located.covariance @ turn.T,
        quaternion=turned(located.quaternion),
        box=OrientedBox(
            centre=turn @ located.box.centre + shift,
            size=located.box.size,
            quaternion=turned(located.box.quaternion),
        ),
        top_point=turn @ located.top_point + shift,
        points=(located.points.astype(np.float64) @ turn.T + shift).astype(np.float32),
    )


def touches_border(mask: BoolArray) -> bool:
    """Tell whether a mask has a pixel in the outermost `BORDER_PX` rows or columns."""
    edge = BORDER_PX
    sides = (mask[:edge], mask[-edge:], mask[:, :edge], mask[:, -edge:])
    return any(bool(side.any()) for side in sides)


def _unit(direction: AnyArray) -> Float64Array:
    vector = np.asarray(direction, np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all() or not vector.any():
        raise ValueError(f"up must be a direction (x, y, z), got {np.asarray(direction).tolist()}")
    unit: Float64Array = vector / np.linalg.norm(vector)
    return unit


def _points(surface: Surface, camera: CameraModel) -> Float32Array:
    """Return the surface's points, (h, w, 3) metres; NaN where the camera has no ray."""
    rows, columns = surface.depth_m.shape
    grid = camera.ray_grid()
    rays = grid[surface.top : surface.top + rows, surface.left : surface.left + columns]
    field: Float32Array = np.dstack([rays * surface.depth_m[..., None], surface.depth_m])
    return field


def _doubt(
    surface: Surface, camera: CameraModel, measured: BoolArray, centroid: Float64Array
) -> Float64Array:
    """Return what pieces add to the covariance of which it is not sure whose they are, (3, 3).

    By the chance that a piece was taken for the object's and is not, or the other way round, the
    centroid is off by as much as it would lie elsewhere then.
    """
    covariance: Float64Array = np.zeros((3, 3))
    seen = _points(replace(surface, depth_m=surface.seen_m), camera).astype(np.float64)
    for rival in surface.rivals:
        part = rival.part & np.isfinite(seen).all(axis=2)
        rest = measured & ~part
        if not part.any() or not rest.any():
            continue
        if rival.joined:
            off = seen[measured].mean(axis=0) - seen[rest].mean(axis=0)
        else:
            off = seen[part].mean(axis=0) - centroid
        covariance += rival.chance * np.outer(off, off)
    return covariance


def _covariance(
    points: Float64Array,
    centroid: Float64Array,
    measured_px: int,
    valid_share: float,
    noise: SensorNoise,
    focal_px: float,
) -> Float64Array:
    """Return the covariance of the centroid's error, (3, 3) square metres.

    Along the line of sight the sensor's noise, averaged over what errs independently, and its
    common error. Over the surface, the mask's shift by `MASK_SHIFT_PX` (a square of n pixels has
    the variance n / 12 pixels squared, each pixel's own extent counted, without which a line of
    them would be sure across it), and the part without depth, whose filled-in mean is taken to be
    off by up to half a standard deviation of the surface either way (variance 1 / 12).
    """
    sight = centroid / centroid[2]
    sigma_m = float(noise.sigma_m(float(centroid[2])))
    along = sigma_m**2 / max(1.0, measured_px / CORRELATED_PX) + (noise.scale * centroid[2]) ** 2
    over = 12.0 * MASK_SHIFT_PX**2 / len(points) + (1.0 - valid_share) ** 2 / 12.0
    pixel_m = float(centroid[2]) / focal_px
    spread = np.cov((points - centroid).T, bias=True) + PIXEL_VARIANCE * pixel_m**2 * np.eye(3)
    covariance: Float64Array = along * np.outer(sight, sight) + over * spread
    return covariance


def _top_point(
    field: Float32Array, shown: BoolArray, upwards: Float64Array, noise: SensorNoise
) -> Float64Array:
    """Return a point of the surface at the middle of its highest plane, (3,) metres."""
    height = np.where(shown, field @ upwards.astype(np.float32), np.float32(-np.inf))
    highest = np.sort(height[shown])[::-1]
    level = highest[min(highest.size - 1, max(2, int(_TOP_SHARE * highest.size)))]
    sigma_m = float(noise.sigma_m(float(np.median(field[..., 2][shown]))))
    band = height >= level - max(TOP_BAND_M, TOP_BAND_SIGMAS * sigma_m)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        band.astype(np.uint8), connectivity=8
    )
    plane = labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    u, v = (round(place) for place in mask_centroid(plane) or (0.0, 0.0))
    near = np.s_[max(0, v - 2) : v + 3, max(0, u - 2) : u + 3]
    point: Float64Array = field[near][plane[near]].astype(np.float64).mean(axis=0)
    return point
