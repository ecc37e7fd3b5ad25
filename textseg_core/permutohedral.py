"""Gaussian filtering of values at points in several dimensions, on a permutohedral lattice."""

import math

import numpy as np

from textseg_core.arrays import AnyArray, Float32Array, Int64Array

_MOST_KEYS = 2**62


class PermutohedralLattice:
    """Sums values over all points, weighted by a Gaussian of the distance between the points.

    Each point lies in a simplex of the lattice and hands its value to the corners; the corners
    are blurred along each of the lattice's directions; each point collects what its corners have.
    Time and memory grow with the number of points, not with its square. The sums are approximate,
    and too small where points lie sparsely; so is the sum of ones, by which one can divide.

    The points are placed once and any number of values filtered.

    Args:
        features: Places of N points in d dimensions, (N, d), in units of the Gaussian's standard
            deviation: the weight is exp(-distance ** 2 / 2).

    Raises:
        ValueError: If `features` are not finite (N, d), or spread over more places than an
            integer can name.

    Source:
        Adams et al. 2010, "Fast high-dimensional filtering using the permutohedral lattice",
        section 3, doi:10.1111/j.1467-8659.2009.01645.x. Corners that no point touches are taken
        for empty when blurring, as there.
    """

    def __init__(self, features: AnyArray) -> None:
        if features.ndim != 2 or 0 in features.shape or not np.isfinite(features).all():
            raise ValueError(
                f"features must be finite numbers (N, d), got {features.dtype} {features.shape}"
            )
        corners, shares = _corners(features.astype(np.float64))
        count, dimensions = features.shape
        packed, steps = _pack(corners, dimensions)
        found, index = np.unique(packed.ravel(), return_inverse=True)
        self._corner: Int64Array = index.reshape(count, dimensions + 1)
        self._share: Float32Array = shares.astype(np.float32)
        self._size = len(found)
        self._neighbours = [_neighbours(found, step) for step in steps]
        # What splatting, blurring and slicing make of a point's own value, see Adams et al.
        self._scale = np.float32(1.0 / (1.0 + 2.0**-dimensions))

    def filter(self, values: AnyArray) -> Float32Array:
        """Return the weighted sum over all points, itself included, at each point: (N,).

        Args:
            values: One for each point, (N,).

        Raises:
            ValueError: If there is not one value for each point.
        """
        if values.shape != self._corner.shape[:1]:
            raise ValueError(f"values must be {self._corner.shape[:1]}, got {values.shape}")
        given = self._share * values.astype(np.float32)[:, None]
        # One place more, which stays zero, stands for neighbours that do not exist.
        held = np.bincount(self._corner.ravel(), given.ravel(), minlength=self._size + 1)
        blurred: Float32Array = held.astype(np.float32)
        for before, after in self._neighbours:
            blurred[:-1] = blurred[:-1] + np.float32(0.5) * (blurred[before] + blurred[after])
        taken = blurred[self._corner]
        taken *= self._share
        result: Float32Array = taken.sum(axis=1) * self._scale
        return result


def _corners(features: AnyArray) -> tuple[Int64Array, AnyArray]:
    """Return the corners of each point's simplex and the point's share of each.

    Returns:
        Corners (N, d + 1, d), the last of whose d + 1 coordinates follows from the others, and
        shares (N, d + 1) that sum to one.
    """
    count, d = features.shape
    # Each blur spreads by 2/3 of a step along d + 1 directions; this makes it one unit in all.
    axis = np.arange(d)
    scaled = features * ((d + 1) * math.sqrt(2 / 3) / np.sqrt((axis + 1.0) * (axis + 2.0)))
    raised = np.zeros((count, d + 1))
    beyond = np.zeros(count)
    for j in range(d, 0, -1):
        raised[:, j] = beyond - j * scaled[:, j - 1]
        beyond += scaled[:, j - 1]
    raised[:, 0] = beyond

    # The nearest corner of the first kind, all of whose coordinates are multiples of d + 1.
    nearest = np.rint(raised / (d + 1)).astype(np.int64) * (d + 1)
    order = np.argsort(nearest - raised, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(d + 1), order.shape), axis=1)
    # Rounding may have left the plane of points whose coordinates sum to zero.
    rank += nearest.sum(axis=1, keepdims=True) // (d + 1)
    low, high = rank < 0, rank > d
    nearest += (d + 1) * (low.astype(np.int64) - high)
    rank += (d + 1) * (low.astype(np.int64) - high)

    inside = (raised - nearest) / (d + 1)
    sorted_inside = np.empty_like(inside)
    np.put_along_axis(sorted_inside, rank, inside, axis=1)
    shares = np.empty_like(inside)
    shares[:, 0] = 1.0 - (sorted_inside[:, 0] - sorted_inside[:, d])
    shares[:, 1:] = sorted_inside[:, d - 1 :: -1] - sorted_inside[:, d:0:-1]

    kinds = np.arange(d + 1)
    # A corner of kind k lies k further in the d + 1 - k coordinates of lowest rank.
    canonical = np.where(kinds[None] <= d - kinds[:, None], kinds[:, None], kinds[:, None] - d - 1)
    corners = nearest[:, None, :d] + canonical[:, rank[:, :d]].transpose(1, 0, 2)
    return corners, shares


def _pack(corners: Int64Array, d: int) -> tuple[Int64Array, list[int]]:
    """Return one integer for each corner, and how it changes along each of d + 1 directions."""
    flat = corners.reshape(-1, d)
    lowest = flat.min(axis=0) - d
    span = [
        int(high) - int(low) + d + 1 for low, high in zip(lowest, flat.max(axis=0), strict=True)
    ]
    if math.prod(span) > _MOST_KEYS:
        raise ValueError(
            f"features spread over {math.prod(span):.1e} places of the lattice, more than 2^62; "
            "divide them by larger widths"
        )
    weight = [math.prod(span[:axis]) for axis in range(d)]
    packed: Int64Array = ((corners - lowest) * np.array(weight)).sum(axis=-1)
    # A step along direction j is -1 in every coordinate but j, where it is d.
    back = -sum(weight)
    return packed, [*(back + (d + 1) * one for one in weight), back]


def _neighbours(found: Int64Array, step: int) -> tuple[Int64Array, Int64Array]:
    """Return which places lie one step before and after each, len(found) where none does."""
    size = len(found)
    after = np.searchsorted(found, found + step)
    exists = found[np.minimum(after, size - 1)] == found + step
    after[~exists] = size
    before = np.full(size, size)
    before[after[exists]] = np.flatnonzero(exists)
    return before, after
