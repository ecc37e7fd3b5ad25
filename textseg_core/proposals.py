"""Regions that may be things, found without words or weights: selective search.

Felzenszwalb's regions (scikit-image) are joined in pairs, the most alike first, until one is left;
every region on the way is a proposal, as its box or as its pixels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array, Int64Array, UInt8Array

Kind = Literal["box", "segment"]

#: Longer side of the picture that is divided; larger ones find no more things of a table.
SIDE_PX = 160
#: Felzenszwalb's: how unlike neighbours must be, in a picture blurred so much, and the least size.
SCALE, SIGMA, LEAST_PX = 100.0, 0.8, 20
#: Levels of each channel of Lab in the histograms that are compared.
LEVELS = 16
#: Numbers that say where a box is.
PLACES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """What may be a thing in a picture, best first.

    Attributes:
        labels: Region of each pixel, (H, W) int64; the last index for those outside of the
            content.
        members: Whether a proposal has a region, (N, R + 1); none has the last.
        boxes: First pixel and the one past the last, x0, y0, x1, y1, (N, 4) int64.
    """

    labels: Int64Array
    members: BoolArray
    boxes: Int64Array

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.boxes)

    def segment(self, index: int) -> BoolArray:
        """Return the pixels of one proposal, (H, W)."""
        mask: BoolArray = self.members[index][self.labels]
        return mask

    def box(self, index: int) -> BoolArray:
        """Return the pixels within the box of one proposal, (H, W)."""
        return box_mask(self.boxes[index], self.labels.shape)

    def segment_ious(self, target: BoolArray) -> Float64Array:
        """Return the IoU of every proposal's pixels with a mask, (N,)."""
        regions = self.members.shape[1]
        size = np.bincount(self.labels.ravel(), minlength=regions)
        shared = self.members @ np.bincount(self.labels[target], minlength=regions)
        union = self.members @ size + np.count_nonzero(target) - shared
        ious: Float64Array = shared / np.maximum(union, 1)
        return ious

    def box_ious(self, target: BoolArray) -> Float64Array:
        """Return the IoU of every proposal's box with the box around a mask, (N,); 0 without."""
        found = box_around(target)
        if found is None:
            return np.zeros(len(self))
        low = np.maximum(self.boxes[:, :2], found[:2])
        high = np.minimum(self.boxes[:, 2:], found[2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        sizes = (self.boxes[:, 2:] - self.boxes[:, :2]).prod(axis=1)
        ious: Float64Array = shared / (sizes + (found[2:] - found[:2]).prod() - shared)
        return ious


def content(image: UInt8Array) -> tuple[int, int, int, int]:
    """Return the box of what a letterboxed picture shows: all but a border of pure black.

    Returns:
        x0, y0, x1, y1; the whole picture if all of it is black.
    """
    lit: BoolArray = image.max(axis=2) > 0
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not rows.size:
        return 0, 0, image.shape[1], image.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def propose(image: UInt8Array, count: int, kind: Kind) -> Proposals:
    """Return up to `count` proposals, the same at every call.

    Args:
        image: RGB, (H, W, 3); a border of pure black is no part of it.
        count: Most that are returned.
        kind: Whether two proposals of one box ("box") are one, or only two of the same pixels.

    Raises:
        RuntimeError: If scikit-image is not installed.

    Source:
        Uijlings et al. 2013, "Selective search for object recognition", IJCV, sections 3 and 4,
        with one grouping, by colour, size and fill; the order is theirs: a region's place in the
        hierarchy times a random number. Felzenszwalb and Huttenlocher 2004 for the start.
    """
    x0, y0, x1, y1 = content(image)
    shown = image[y0:y1, x0:x1]
    shrink = min(1.0, SIDE_PX / max(shown.shape[:2]))
    size = max(1, round(shown.shape[1] * shrink)), max(1, round(shown.shape[0] * shrink))
    shrunk = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_RGB2LAB), np.uint8)
    regions = _felzenszwalb()(small, scale=SCALE, sigma=SIGMA, min_size=LEAST_PX).astype(np.int64)
    members = _group(regions, small)
    places = np.arange(len(members), 0, -1) * np.random.default_rng(0).random(len(members))
    members = members[np.argsort(places, kind="stable")]

    count_regions = members.shape[1]
    labels = np.full(image.shape[:2], count_regions, np.int64)
    enlarged = cv2.resize(
        regions.astype(np.float32), shown.shape[1::-1], interpolation=cv2.INTER_NEAREST
    )
    labels[y0:y1, x0:x1] = enlarged
    members = np.pad(members, ((0, 0), (0, 1)))
    boxes = _boxes(labels, members)
    seen = boxes if kind == "box" else np.concatenate([boxes, members], axis=1)
    _, first = np.unique(seen, axis=0, return_index=True)
    kept = np.sort(first)
    kept = kept[(boxes[kept, 2] > boxes[kept, 0])][:count]
    return Proposals(labels, members[kept], boxes[kept])


def box_mask(box: Int64Array, shape: tuple[int, ...]) -> BoolArray:
    """Return the pixels within a box, (H, W)."""
    x0, y0, x1, y1 = (int(value) for value in box)
    mask: BoolArray = np.zeros(shape, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def box_around(mask: BoolArray) -> Int64Array | None:
    """Return the box around a mask's pixels, (4,); None if it has none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.int64)


def box_shares(boxes: Int64Array, side_px: int, cells: int) -> Float32Array:
    """Return how a box's pixels are spread over the cells of a square picture, (N, cells ** 2).

    Args:
        boxes: (N, 4), each with a pixel.
        side_px: Of the picture.
        cells: Along each side.

    Returns:
        Shares that sum to 1 for each box, row by row.
    """
    edges = np.linspace(0.0, side_px, cells + 1)
    along = [
        np.clip(
            np.minimum(edges[1:], boxes[:, axis + 2, None])
            - np.maximum(edges[:-1], boxes[:, axis, None]),
            0.0,
            None,
        )
        for axis in (0, 1)
    ]
    covered = (along[1][:, :, None] * along[0][:, None, :]).reshape(len(boxes), -1)
    shares: Float32Array = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def segment_shares(proposals: Proposals, cells: int) -> Float32Array:
    """Return the same of the proposals' own pixels."""
    rows, columns = proposals.labels.shape
    cell = (np.arange(rows) * cells // rows)[:, None] * cells + np.arange(
        columns
    ) * cells // columns
    regions = proposals.members.shape[1]
    index = proposals.labels * cells * cells + cell
    counts = np.bincount(index.ravel(), minlength=regions * cells * cells)
    covered = proposals.members @ counts.reshape(regions, cells * cells).astype(np.float64)
    shares: Float32Array = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def box_places(boxes: Int64Array, within: tuple[int, int, int, int]) -> Float32Array:
    """Return where boxes lie in the content, whose corners are (-1, -1) and (1, 1).

    Returns:
        xmin, ymin, xmax, ymax, x, y of the centre, width, height: (N, 8).

    Source:
        Hu et al. 2015, "Natural language object retrieval", section 3.2, arXiv:1511.04164.
    """
    low, high = np.array(within[:2]), np.array(within[2:])
    corners = 2.0 * (boxes.reshape(-1, 2, 2) - low) / (high - low) - 1.0
    first, last = corners[:, 0], corners[:, 1]
    places = np.concatenate([first, last, (first + last) / 2, last - first], axis=1)
    placed: Float32Array = places.astype(np.float32)
    return placed


def grab_cut(image: UInt8Array, box: Int64Array) -> BoolArray:
    """Return the foreground within a box, (H, W); five rounds, the same at every call.

    A box around the whole picture leaves no background to learn from; it is returned as it is.

    Source:
        Rother et al. 2004, "GrabCut", as OpenCV has it.
    """
    inside = box_mask(box, image.shape[:2])
    if inside.all():
        return inside
    marks = np.zeros(image.shape[:2], np.uint8)
    x0, y0, x1, y1 = (int(value) for value in box)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    rectangle = (x0, y0, x1 - x0, y1 - y0)
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    cv2.grabCut(pixels, marks, rectangle, *models, 5, cv2.GC_INIT_WITH_RECT)
    cut: BoolArray = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    return cut


def _felzenszwalb() -> Any:
    try:
        from skimage.segmentation import felzenszwalb
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "region proposals need scikit-image, which is not installed: "
            "pip install 'textseg-ros[proposals]'"
        ) from error
    return felzenszwalb


def _boxes(labels: Int64Array, members: BoolArray) -> Int64Array:
    """Return the boxes around unions of regions, (N, 4); 0, 0, 0, 0 for an empty one."""
    regions = members.shape[1]
    bounds = np.empty((regions, 4), np.int64)
    bounds[:, :2], bounds[:, 2:] = max(labels.shape), 0
    v, u = np.indices(labels.shape)
    flat = labels.ravel()
    for axis, place in ((0, u), (1, v)):
        np.minimum.at(bounds[:, axis], flat, place.ravel())
        np.maximum.at(bounds[:, axis + 2], flat, place.ravel() + 1)
    low = np.where(members[:, :, None], bounds[:, :2], max(labels.shape)).min(axis=1)
    high = np.where(members[:, :, None], bounds[:, 2:], 0).max(axis=1)
    boxes: Int64Array = np.concatenate([low, high], axis=1)
    boxes[high[:, 0] <= low[:, 0]] = 0
    return boxes


def _group(regions: Int64Array, lab: UInt8Array) -> BoolArray:
    """Join the most alike neighbours until none are left.

    Returns:
        Which of the R regions each of up to 2 R - 1 has, in the order in which they came up.
    """
    count = int(regions.max()) + 1
    most = 2 * count - 1
    flat = regions.ravel()
    size = np.zeros(most)
    size[:count] = np.bincount(flat, minlength=count)
    colour = np.zeros((most, 3 * LEVELS))
    for channel in range(3):
        level = lab[..., channel].ravel().astype(np.int64) * LEVELS // 256 + channel * LEVELS
        np.add.at(colour, (flat, level), 1 / 3)
    colour[:count] /= size[:count, None]
    members = np.zeros((most, count), np.bool_)
    members[np.arange(count), np.arange(count)] = True
    box = np.zeros((most, 4))
    box[:count] = _boxes(regions, members[:count])

    def alike(one: int, others: Int64Array) -> Float64Array:
        low = np.minimum(box[one, :2], box[others, :2])
        high = np.maximum(box[one, 2:], box[others, 2:])
        joined = size[one] + size[others]
        fill = (high - low).prod(axis=1) - joined
        shared = np.minimum(colour[one], colour[others]).sum(axis=1)
        likeness: Float64Array = shared + 2.0 - (joined + fill) / flat.size
        return likeness

    likeness = np.full((most, most), -np.inf)
    for first, second in (
        (regions[:, 1:], regions[:, :-1]),
        (regions[1:], regions[:-1]),
    ):
        apart = first != second
        likeness[first[apart], second[apart]] = likeness[second[apart], first[apart]] = 0.0
    for one in range(count):
        others = np.flatnonzero(likeness[one] > -np.inf)
        likeness[one, others] = alike(one, others)
    made = count
    while made < most:
        one, other = divmod(int(likeness[:made, :made].argmax()), made)
        if likeness[one, other] == -np.inf:
            break
        size[made] = size[one] + size[other]
        weights = size[[one, other]] / size[made]
        colour[made] = weights @ colour[[one, other]]
        box[made, :2] = np.minimum(box[one, :2], box[other, :2])
        box[made, 2:] = np.maximum(box[one, 2:], box[other, 2:])
        members[made] = members[one] | members[other]
        touching = np.maximum(likeness[one], likeness[other]) > -np.inf
        touching[[one, other]] = False
        likeness[[one, other]] = likeness[:, [one, other]] = -np.inf
        others = np.flatnonzero(touching)
        likeness[made, others] = likeness[others, made] = alike(made, others)
        made += 1
    return members[:made]
