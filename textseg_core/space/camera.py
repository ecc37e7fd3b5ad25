"""What a calibrated camera sees in which direction: intrinsics, distortion, other image sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import AnyArray, Float32Array, Float64Array
from textseg_core.space.distortion import checked_model, distorted, undistorted

_NO_ROI = (0, 0, 0, 0)
_BAND_PX = 8192


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraModel:
    """A calibrated camera and the size of its images.

    Attributes:
        width: Of the images, pixels.
        height: Of the images, pixels.
        k: Camera matrix, pixels, (3, 3); pixel (0, 0) is the centre of the top-left one.
        d: Distortion coefficients in OpenCV's order; empty for none.
        distortion_model: A key of `distortion.DISTORTION_MODELS`; empty for none.

    Raises:
        ValueError: If the camera is not calibrated or a value makes no sense; it says which.
    """

    width: int
    height: int
    k: Float64Array
    d: Float64Array = field(default_factory=lambda: np.zeros(0))
    distortion_model: str = ""
    _grids: dict[float, Float32Array] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(
                f"camera images must have a size, got {self.width} x {self.height}; the driver "
                "must fill width and height of its CameraInfo"
            )
        k = np.array(self.k, np.float64)
        d = np.array(self.d, np.float64).reshape(-1)
        _check_matrix(k)
        model, d = checked_model(self.distortion_model, d)
        for name, value in (("k", k), ("d", d), ("distortion_model", model)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_info(
        cls,
        *,
        width: int,
        height: int,
        k: Sequence[float] | AnyArray,
        d: Sequence[float] | AnyArray = (),
        distortion_model: str = "",
        binning: tuple[int, int] = (0, 0),
        roi: tuple[int, int, int, int] = _NO_ROI,
        p: Sequence[float] | AnyArray | None = None,
    ) -> "CameraModel":
        """Return the camera of the images that a sensor_msgs/CameraInfo describes.

        Width, height, K and the region count pixels of the full sensor; the images have the
        region's size over the binning. A binned pixel lies in the middle of those that it joins.

        Args:
            width: Of the calibration, pixels.
            height: Of the calibration, pixels.
            k: Camera matrix row by row, 9 numbers.
            d: Distortion coefficients.
            distortion_model: As in the message; may be empty if `d` is empty or zero.
            binning: (across, down); 0 means 1.
            roi: (x_offset, y_offset, width, height); a size of 0 means the whole sensor.
            p: Projection matrix row by row, 12 numbers, if the images are rectified: it then
                counts instead of `k`, and there is no distortion.

        Raises:
            ValueError: As the class, and if the region does not fit into the sensor.
        """
        if p is not None:
            matrix = _shaped(p, (3, 4), "P")[:, :3]
            d, distortion_model = (), ""
        else:
            matrix = _shaped(k, (3, 3), "K")
        bent = np.array(d, np.float64)
        full = cls(width=width, height=height, k=matrix, d=bent, distortion_model=distortion_model)
        x, y, wide, high = roi
        wide, high = (wide, high) if wide and high else (width - x, height - y)
        if x < 0 or y < 0 or wide <= 0 or high <= 0 or x + wide > width or y + high > height:
            raise ValueError(
                f"the region of interest {roi} (x, y, width, height) does not lie in the sensor "
                f"of {width} x {height} pixels; the driver must give it in full-resolution pixels"
            )
        across, down = (max(1, step) for step in binning)
        shifted = full.k - np.array([[0.0, 0.0, x], [0.0, 0.0, y], [0.0, 0.0, 0.0]])
        return full._resized(
            _scaled(shifted, 1 / across, 1 / down), max(1, wide // across), max(1, high // down)
        )

    def for_image(self, width: int, height: int) -> "CameraModel":
        """Return the camera of the same view at another size.

        Raises:
            ValueError: If the image has another shape: which part it shows is not known.
        """
        if (width, height) == (self.width, self.height):
            return self
        if width <= 0 or height <= 0 or abs(width * self.height / self.width - height) >= 1.0:
            raise ValueError(
                f"the image is {width} x {height}, the camera's calibration is for "
                f"{self.width} x {self.height}, another shape: publish the CameraInfo that "
                "belongs to these images, with binning or region of interest if they are cut"
            )
        scaled = _scaled(self.k, width / self.width, height / self.height)
        return self._resized(scaled, width, height)

    @property
    def focal_px(self) -> float:
        """Mean focal length, pixels."""
        return float(self.k[0, 0] + self.k[1, 1]) / 2.0

    def same_as(self, other: "CameraModel") -> bool:
        """Tell whether another camera sees every pixel in the same direction."""
        return (
            (self.width, self.height) == (other.width, other.height)
            and self.distortion_model == other.distortion_model
            and np.array_equal(self.k, other.k)
            and np.array_equal(self.d, other.d)
        )

    def rays(self, uv: AnyArray) -> Float64Array:
        """Return the directions in which pixels look, undistorted.

        Args:
            uv: Pixels, (N, 2); need not lie in the image.

        Returns:
            (x / z, y / z, 1), (N, 3); NaN where no direction leads to the pixel, which
            happens outside of what the calibration covers.
        """
        pixels = np.asarray(uv, np.float64).reshape(-1, 2)
        plain = undistorted(pixels, self.k, self.d, self.distortion_model)
        return np.column_stack([plain, np.ones(len(plain))])

    def ray_grid(self) -> Float32Array:
        """Return x / z and y / z of every pixel's direction, (H, W, 2); kept after the first."""
        return self._rays_from(0.0)

    def corner_grid(self) -> Float32Array:
        """Return the same for the pixels' corners, (H + 1, W + 1, 2), the top-left one first."""
        return self._rays_from(-0.5)

    def _rays_from(self, offset: float) -> Float32Array:
        if offset not in self._grids:
            more = 0 if offset == 0.0 else 1
            height, width = self.height + more, self.width + more
            grid = np.empty((height, width, 2), np.float32)
            # In bands: all at once takes up to thirty times the memory of the grid on the way.
            rows = max(1, _BAND_PX // width)
            for top in range(0, height, rows):
                band = grid[top : top + rows]
                v, u = np.mgrid[top : top + len(band), 0:width] + offset
                band[:] = self.rays(np.stack([u, v], axis=-1))[:, :2].reshape(band.shape)
            self._grids[offset] = grid
        return self._grids[offset]

    def project(self, points: AnyArray) -> Float64Array:
        """Return the pixels at which points are seen, (N, 2); NaN behind the camera.

        Args:
            points: In this camera's optical frame, metres, (N, 3).
        """
        places = np.asarray(points, np.float64).reshape(-1, 3)
        ahead = places[:, 2] > 0.0
        plain = np.full((len(places), 2), np.nan)
        plain[ahead] = places[ahead, :2] / places[ahead, 2:]
        return distorted(plain, self.k, self.d, self.distortion_model)

    def _resized(self, k: Float64Array, width: int, height: int) -> "CameraModel":
        return CameraModel(
            width=width, height=height, k=k, d=self.d, distortion_model=self.distortion_model
        )


def _scaled(k: Float64Array, across: float, down: float) -> Float64Array:
    """Return the matrix for images enlarged by two factors; pixel edges stay pixel edges."""
    scaled = k.copy()
    scaled[0, 0] *= across
    scaled[1, 1] *= down
    scaled[0, 2] = (k[0, 2] + 0.5) * across - 0.5
    scaled[1, 2] = (k[1, 2] + 0.5) * down - 0.5
    return scaled


def _shaped(values: Sequence[float] | AnyArray, shape: tuple[int, int], name: str) -> Float64Array:
    numbers = np.asarray(values, np.float64)
    if numbers.size != shape[0] * shape[1]:
        raise ValueError(
            f"{name} of a CameraInfo must have {shape[0] * shape[1]} numbers, got {numbers.size}"
        )
    return numbers.reshape(shape)


def _check_matrix(k: Float64Array) -> None:
    """Refuse what is not a camera matrix, with the reason."""
    if k.shape != (3, 3):
        raise ValueError(f"the camera matrix K must be 3 x 3, got {k.shape}")
    if not np.isfinite(k).all():
        raise ValueError("the camera matrix K holds NaN or infinity; calibrate the camera again")
    if not k[:2].any():
        raise ValueError(
            "the camera matrix K is zero, so the camera is not calibrated: calibrate it "
            "(ros2 run camera_calibration cameracalibrator) and let its driver publish the result"
        )
    if k[0, 0] <= 0.0 or k[1, 1] <= 0.0:
        raise ValueError(
            f"focal lengths must be positive, got fx = {k[0, 0]:g} and fy = {k[1, 1]:g}; "
            "calibrate the camera again"
        )
    if k[0, 1] or k[1, 0] or list(k[2]) != [0.0, 0.0, 1.0]:
        raise ValueError(
            f"the camera matrix K must be [fx 0 cx; 0 fy cy; 0 0 1], got {k.tolist()}"
        )
