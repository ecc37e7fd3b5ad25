"""DenseCRF: draws a response to the image's edges, each pixel in touch with all others."""

from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, Float32Array, UInt8Array
from textseg_core.permutohedral import PermutohedralLattice
from textseg_core.preprocess import Letterbox, check_image, letterbox_image

#: Side of the square in which widths in pixels are meant; as RMI's network input.
CRF_PX = 320
# Beyond so many standard deviations a Gaussian's weight is below 3e-4.
_REACH = 4.0
#: Beyond it a probability is 0 or 1 in float32.
_LARGEST_LOGIT = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrfSettings:
    """Strength and reach of the pull between pixels; the defaults are RMI's.

    Attributes:
        iterations: Mean-field steps.
        near_px: Standard deviation of the kernel that knows places only, in pixels.
        near_weight: Its weight.
        alike_px: Standard deviation in place of the kernel that knows colours too, in pixels.
        alike_levels: Its standard deviation in colour, in levels of 0 to 255.
        alike_weight: Its weight.

    Source:
        Liu et al. 2017, section 4.2, arXiv:1703.07939.
    """

    iterations: int = 5
    near_px: float = 3.0
    near_weight: float = 3.0
    alike_px: float = 20.0
    alike_levels: float = 3.0
    alike_weight: float = 10.0

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
        for name in ("near_px", "alike_px", "alike_levels"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("near_weight", "alike_weight"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


class DenseCrf:
    """A fully connected random field over the pixels of one image, foreground or not.

    The image's part is computed once; any number of responses can then be refined.

    Two labels that penalise each other alike leave one number for each pixel, the logit of the
    foreground. A mean-field step adds to the network's logit, for each kernel, its weight times
    the filtered difference of both labels' probabilities, tanh(logit / 2). As in the authors'
    code of 2013, the filter is symmetrically normalised, and a pixel's own probability is part
    of it.

    Args:
        image: RGB, uint8 (H, W, 3).
        settings: Widths are in pixels of this image.

    Raises:
        ValueError: If `image` is not uint8 (H, W, 3).

    Source:
        Kraehenbuehl and Koltun 2011, arXiv:1210.5644, algorithm 1 and equation 3. The kernel of
        places is filtered exactly, that of colours on a permutohedral lattice.
    """

    def __init__(self, image: UInt8Array, settings: CrfSettings | None = None) -> None:
        check_image(image)
        self._settings = settings or CrfSettings()
        self._shape = image.shape[:2]
        self._near = _gaussian(self._settings.near_px)
        self._lattice = PermutohedralLattice(_places_and_colours(image, self._settings))
        ones = np.ones(self._shape, np.float32)
        self._near_norm = _inverse_root(self._filter_near(ones))
        self._alike_norm = _inverse_root(self._filter_alike(ones))

    def refine(self, logits: AnyArray) -> Float32Array:
        """Return the logits (H, W) after the mean-field steps.

        Args:
            logits: Of the foreground, (H, W): the unary potentials are -log sigma(logits) and
                -log sigma(-logits).

        Raises:
            ValueError: If the logits have not the image's shape, or hold NaN or infinity.
        """
        if logits.shape != self._shape or not np.isfinite(logits).all():
            raise ValueError(
                f"logits must be finite numbers of the image's shape {self._shape}, "
                f"got {logits.dtype} {logits.shape}"
            )
        start: Float32Array = np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT).astype(np.float32)
        field = start
        for _ in range(self._settings.iterations):
            difference: Float32Array = np.tanh(field / 2).astype(np.float32, copy=False)
            near = self._near_norm * self._filter_near(self._near_norm * difference)
            alike = self._alike_norm * self._filter_alike(self._alike_norm * difference)
            pull = self._settings.near_weight * near + self._settings.alike_weight * alike
            field = (start + pull).astype(np.float32, copy=False)
        return field

    def _filter_near(self, values: Float32Array) -> Float32Array:
        """Return the sums over pixels near by."""
        filtered: Float32Array = cv2.sepFilter2D(
            values, cv2.CV_32F, self._near, self._near, borderType=cv2.BORDER_CONSTANT
        ).astype(np.float32, copy=False)
        return filtered

    def _filter_alike(self, values: Float32Array) -> Float32Array:
        """Return the sums over pixels near by and alike in colour."""
        return self._lattice.filter(values.ravel()).reshape(self._shape)


class Refiner:
    """Refines a network's answers about one camera image on a square of `CRF_PX` pixels.

    Only the part of the square that shows the image takes part.

    Args:
        image: RGB, uint8 (H, W, 3) of any size.
        settings: None for RMI's.
    """

    def __init__(self, image: UInt8Array, settings: CrfSettings | None = None) -> None:
        square, self.letterbox = letterbox_image(image, CRF_PX)
        self._content = _content(self.letterbox)
        self._crf = DenseCrf(np.ascontiguousarray(square[self._content]), settings)

    def refine(self, logits: Float32Array, threshold: float) -> Float32Array:
        """Return logits (`CRF_PX`, `CRF_PX`) that belong to the letterbox of this object.

        Args:
            logits: One value per cell of the network's square input, (h, w).
            threshold: Response from which on the network means foreground, in (0, 1); the field
                takes it for even odds.
        """
        enlarge = logits.shape[0] <= CRF_PX
        large: Float32Array = cv2.resize(
            np.asarray(logits, np.float32),
            (CRF_PX, CRF_PX),
            interpolation=cv2.INTER_LINEAR if enlarge else cv2.INTER_AREA,
        ).astype(np.float32, copy=False)
        shift = np.float32(np.log(threshold / (1.0 - threshold)))
        large[self._content] = self._crf.refine(large[self._content] - shift) + shift
        return large


def _content(letterbox: Letterbox) -> tuple[slice, slice]:
    """Return the rows and columns of the square that show the image."""
    return (
        slice(letterbox.top, letterbox.top + letterbox.content_height),
        slice(letterbox.left, letterbox.left + letterbox.content_width),
    )


def _inverse_root(values: Float32Array) -> Float32Array:
    """Return 1 / sqrt(values)."""
    result: Float32Array = np.reciprocal(np.sqrt(values)).astype(np.float32, copy=False)
    return result


def _gaussian(deviation_px: float) -> Float32Array:
    """Return a line of weights exp(-x ** 2 / (2 deviation ** 2)); the middle one is 1."""
    reach = int(np.ceil(_REACH * deviation_px))
    places = np.arange(-reach, reach + 1) / deviation_px
    line: Float32Array = np.exp(-0.5 * places**2).astype(np.float32)
    return line


def _places_and_colours(image: UInt8Array, settings: CrfSettings) -> Float32Array:
    """Return x, y, r, g, b of each pixel in standard deviations, (H W, 5)."""
    height, width = image.shape[:2]
    features = np.empty((height, width, 5), np.float32)
    features[..., 0] = np.arange(width) / settings.alike_px
    features[..., 1] = np.arange(height)[:, None] / settings.alike_px
    features[..., 2:] = image / np.float32(settings.alike_levels)
    return features.reshape(-1, 5)
