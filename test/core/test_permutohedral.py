"""The lattice against sums over all pairs of points."""

import numpy as np
import pytest

from textseg_core.arrays import AnyArray
from textseg_core.permutohedral import PermutohedralLattice, _corners


def exact(points: AnyArray, values: AnyArray) -> AnyArray:
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    result: AnyArray = np.exp(-squares / 2) @ values
    return result


@pytest.mark.parametrize(("dimensions", "tolerance"), [(1, 0.015), (2, 0.04), (3, 0.06)])
def test_averages_are_those_of_all_pairs(dimensions: int, tolerance: float) -> None:
    rng = np.random.default_rng(0)
    points, values = rng.uniform(0, 4, (1000, dimensions)), rng.random(1000)
    lattice = PermutohedralLattice(points)

    found = lattice.filter(values) / lattice.filter(np.ones(1000))

    expected = exact(points, values) / exact(points, np.ones(1000))
    assert np.abs(found - expected).max() < tolerance


def test_sums_over_a_dense_line_are_those_of_all_pairs() -> None:
    points = np.linspace(0, 20, 2000)[:, None]

    found = PermutohedralLattice(points).filter(np.ones(2000))

    # In the middle the sum is 100 points a unit times the Gaussian's area, sqrt(2 pi).
    assert found[1000] == pytest.approx(100 * np.sqrt(2 * np.pi), rel=0.1)


def test_points_far_apart_do_not_touch() -> None:
    points = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [30.0, 0.0, 0.0]])

    alone = PermutohedralLattice(points).filter(np.array([0.0, 0.0, 1.0]))

    assert alone[:2].tolist() == [0.0, 0.0]
    assert alone[2] > 0.3


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_every_point_is_the_mean_of_its_corners(dimensions: int) -> None:
    points = np.random.default_rng(1).normal(0, 3, (200, dimensions))

    corners, shares = _corners(points)

    assert np.allclose(shares.sum(axis=1), 1.0)
    assert shares.min() >= -1e-9
    mean = (corners * shares[:, :, None]).sum(axis=1)
    # The lattice's coordinates of a point are linear in it.
    linear, *_ = np.linalg.lstsq(points, mean, rcond=None)
    assert np.allclose(points @ linear, mean, atol=1e-8)


def test_filtering_is_linear_and_symmetric_enough_to_keep_order() -> None:
    rng = np.random.default_rng(2)
    lattice = PermutohedralLattice(rng.normal(0, 2, (300, 5)))
    one, other = rng.random(300), rng.random(300)

    both = lattice.filter(2 * one - other)

    assert np.allclose(both, 2 * lattice.filter(one) - lattice.filter(other), atol=1e-4)


@pytest.mark.parametrize(
    "features", [np.zeros((0, 2)), np.zeros(4), np.array([[np.nan, 0.0]]), np.zeros((3, 0))]
)
def test_what_is_no_list_of_points_is_refused(features: AnyArray) -> None:
    with pytest.raises(ValueError, match=r"features must be finite numbers \(N, d\)"):
        PermutohedralLattice(features)


def test_points_spread_too_far_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"more than 2\^62; divide them by larger widths"):
        PermutohedralLattice(np.array([[0.0] * 5, [1e6] * 5]))


def test_one_value_for_each_point_is_wanted() -> None:
    with pytest.raises(ValueError, match=r"values must be \(3,\), got \(2,\)"):
        PermutohedralLattice(np.eye(3)).filter(np.ones(2))
