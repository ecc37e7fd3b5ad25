"""Which part of a depth image an object's mask shows, cleaned and completed."""

from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array
from textseg_core.space.fill import fill_planes
from textseg_core.space.layers import jump_m, label_layers, lonely

#: Depths beyond these are no measurement of a thing to grasp, metres.
NEAREST_M, FARTHEST_M = 0.1, 10.0
#: Depth this near to the mask's rim counts only if the surface inside agrees, pixels.
RIM_PX = 2.0
#: Pixels of another surface this near to the object's are taken for bleeding, not for spill.
BLEED_PX = 3.0
#: Part of an object's own length that its pieces may lie apart along the axis, and least.
GAP_SHARE, GAP_M = 0.5, 0.03
#: From this part of the length on a piece that joins may as well be another thing: in half of the
#: masks that a network drew it was ...
DOUBT_SHARE = 0.25
DOUBT_CHANCE = 0.5
#: ... if it fills so much of the mask's inside; smaller ones hardly move the centre.
DOUBT_LEAST = 0.05
#: A piece left out may be the object itself if it fills so much of the mask's inside.
RIVAL_LEAST = 0.15
#: Fewer pixels with depth than these, or a smaller share, are too little.
LEAST_MEASURED, LEAST_SHARE = 12, 0.1


class LocalisationError(ValueError):
    """An object cannot be placed in space; the message says why and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorNoise:
    """How far a depth camera's measurements scatter.

    Attributes:
        base_m: Standard deviation of one pixel at no distance, metres.
        per_m2: What it grows by with the squared distance, 1 / metre.
        scale: Standard deviation of an error common to all pixels, over the distance.
    """

    base_m: float = 1e-3
    per_m2: float = 3e-3
    scale: float = 2e-3

    def sigma_m(self, depth_m: AnyArray | float) -> Float32Array:
        """Return the standard deviation of one pixel at each depth, metres."""
        return np.asarray(self.base_m + self.per_m2 * np.square(depth_m), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rival:
    """A piece of a mask of which it is not sure whose it is.

    Attributes:
        part: Its measured pixels, (h, w).
        joined: Whether it was taken for a part of the object.
        chance: That this was wrong.
    """

    part: BoolArray
    joined: bool
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """The visible surface of one object in a part of the image.

    Attributes:
        top: First row of the part.
        left: First column of the part.
        depth_m: Metres, (h, w); 0 where the object is not.
        shown: Pixels that show the object, (h, w).
        measured: Those of them whose own depth was taken, (h, w).
        mask_px: Pixels of the object's mask.
        seen_m: Depth as measured, of whatever it is, metres, (h, w).
        rivals: Pieces of which it is not sure whose they are.
    """

    top: int
    left: int
    depth_m: Float32Array
    shown: BoolArray
    measured: BoolArray
    mask_px: int
    seen_m: Float32Array
    rivals: tuple[Rival, ...] = ()


def visible_surface(
    mask: BoolArray, depth_m: Float32Array, focal_px: float, noise: SensorNoise
) -> Surface:
    """Return the surface that a mask shows, free of what bleeds into it and stands before it.

    Pixels that stand alone in depth are dropped, the rest is cut where depth jumps. The piece
    that fills most of the mask's inside is the object; other pieces join it if they are near
    it along the axis. Depth at the rim counts only where it agrees with planes continued from
    inside. What has no depth then is filled by such planes, so that every
    pixel of the object counts, also where an edge or a hole has taken its depth.

    Args:
        mask: Foreground, (H, W).
        depth_m: Metres, (H, W), 0 for unknown.
        focal_px: Of the camera.
        noise: Of the depth.

    Raises:
        LocalisationError: If the mask is empty, shows too little depth, or another surface more
            than the object.
    """
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        raise LocalisationError("the mask is empty, expected the pixels of one object")
    margin = int(BLEED_PX) + 1
    top, left = max(0, y - margin), max(0, x - margin)
    part = np.s_[top : y + height + margin, left : x + width + margin]
    inside, depth = mask[part], depth_m[part]
    with np.errstate(invalid="ignore"):
        known = (depth >= NEAREST_M) & (depth <= FARTHEST_M)
    depth = np.where(known, depth, np.float32(0.0)).astype(np.float32)
    sigma = noise.sigma_m(depth)
    limit = jump_m(depth, sigma, focal_px)
    measured = known & inside & ~lonely(depth, known, limit)
    mask_px = int(inside.sum())
    _check_depth(int(measured.sum()), mask_px)
    rim = _distance(inside)
    good, rivals = _own_layers(depth, measured, limit, rim, focal_px)
    foreign = measured & ~good
    if int(foreign.sum()) > int(good.sum()):
        raise LocalisationError(
            f"the mask covers several surfaces at different depths, {int(foreign.sum())} of its "
            f"{mask_px} pixels another one than the object at "
            f"{float(np.median(depth[good])):.2f} m; a mask of the object alone is needed"
        )
    _check_depth(int(good.sum()), mask_px)
    apart = _distance(~good)
    spill = foreign & (apart > BLEED_PX)
    if spill.any():
        spill |= inside & ~measured & (_distance(~spill) < apart)
    shown = inside & ~spill
    core = good & (rim > min(RIM_PX, 0.4 * float(rim.max())))
    if int(core.sum()) >= LEAST_MEASURED:
        planes = fill_planes(depth, core, shown)
        agrees = np.abs(planes - depth) < 3.0 * sigma + 0.5 * limit
        good = core | (good & agrees)
    else:
        planes = fill_planes(depth, good, shown)
    complete = np.where(good, depth, planes)
    shown &= complete > 0.0
    return Surface(
        top=top,
        left=left,
        depth_m=np.where(shown, complete, np.float32(0.0)).astype(np.float32),
        shown=shown,
        measured=good & shown,
        mask_px=mask_px,
        seen_m=depth,
        rivals=rivals,
    )


def _check_depth(measured_px: int, mask_px: int) -> None:
    if measured_px < LEAST_MEASURED or measured_px < LEAST_SHARE * mask_px:
        raise LocalisationError(
            f"only {measured_px} of the object's {mask_px} pixels have a usable depth, expected "
            f"at least {LEAST_MEASURED} and {LEAST_SHARE:.0%}: dark, shiny and clear things and "
            "those nearer than the camera's least range have none"
        )


def _own_layers(
    depth_m: Float32Array,
    measured: BoolArray,
    limit_m: Float32Array,
    rim_px: Float32Array,
    focal_px: float,
) -> tuple[BoolArray, tuple[Rival, ...]]:
    """Return the measured pixels that belong to the object, (h, w), and the pieces in doubt."""
    count, labels = label_layers(depth_m, measured, limit_m)
    weight = np.bincount(labels[measured], weights=rim_px[measured], minlength=count + 1)
    main = int(weight.argmax())
    if count == 1:
        return measured, ()
    body = labels == main
    low, high = np.percentile(depth_m[body], [5, 95])
    rows, columns = np.nonzero(rim_px > 0.0)
    length = max(np.ptp(rows), np.ptp(columns)) * float(np.median(depth_m[body])) / focal_px
    reach = max(GAP_M, GAP_SHARE * length)
    own = np.zeros(count + 1, np.bool_)
    own[main] = True
    rivals = []
    for number in range(1, count + 1):
        piece = labels == number
        if number == main or int(piece.sum()) < LEAST_MEASURED // 3:
            continue
        near, far = np.percentile(depth_m[piece], [10, 90])
        gap = max(0.0, near - high, low - far)
        jump = float(np.median(limit_m[piece]))
        own[number] = gap < max(reach, jump)
        share = float(weight[number] / weight.sum())
        sure = max(GAP_M, DOUBT_SHARE * length, jump)
        if own[number] and gap >= sure and share >= DOUBT_LEAST:
            rivals.append(Rival(part=piece, joined=True, chance=DOUBT_CHANCE))
        elif not own[number] and share >= RIVAL_LEAST:
            rivals.append(Rival(part=piece, joined=False, chance=share))
    return own[labels] & measured, tuple(rivals)


def _distance(mask: BoolArray) -> Float32Array:
    """Return each pixel's distance from the mask's outside, the array's edge included, pixels."""
    padded = np.pad(mask, 1).view(np.uint8)
    found = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.asarray(found[1:-1, 1:-1], np.float32)
