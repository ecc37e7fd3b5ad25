import math

import numpy as np
import pytest

from textseg_core.transforms.rigid import (
    Quaternion,
    invert_transform,
    quaternion_from_matrix,
    quaternion_matrix,
    rigid_transform,
    slerp,
    transform_points,
)

HALF = math.sqrt(0.5)
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
QUARTER_ABOUT_Z: Quaternion = (0.0, 0.0, HALF, HALF)


def random_quaternions(count: int, seed: int) -> list[Quaternion]:
    drawn = np.random.default_rng(seed).normal(size=(count, 4))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return [(float(x), float(y), float(z), float(w)) for x, y, z, w in drawn]


@pytest.mark.parametrize(
    ("quaternion", "of_x", "of_y", "of_z"),
    [
        (IDENTITY, (1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((HALF, 0.0, 0.0, HALF), (1, 0, 0), (0, 0, 1), (0, -1, 0)),
        ((0.0, HALF, 0.0, HALF), (0, 0, -1), (0, 1, 0), (1, 0, 0)),
        (QUARTER_ABOUT_Z, (0, 1, 0), (-1, 0, 0), (0, 0, 1)),
        # From the optical frame (z ahead, x right) to the body's (x ahead, z up): REP 103.
        ((-0.5, 0.5, -0.5, 0.5), (0, -1, 0), (0, 0, -1), (1, 0, 0)),
        ((0.0, 0.0, 3.0, 3.0), (0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    ],
)
def test_a_quaternion_turns_the_axes(
    quaternion: Quaternion,
    of_x: tuple[int, int, int],
    of_y: tuple[int, int, int],
    of_z: tuple[int, int, int],
) -> None:
    expected = np.column_stack([of_x, of_y, of_z])
    np.testing.assert_allclose(quaternion_matrix(quaternion), expected, atol=1e-15)


def test_a_matrix_gives_back_the_quaternion_it_came_from() -> None:
    half_turns: list[Quaternion] = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (HALF, HALF, 0, 0)]
    for quaternion in [*random_quaternions(200, 1), *half_turns]:
        back = quaternion_from_matrix(quaternion_matrix(quaternion))
        assert back[3] >= 0.0
        assert abs(np.dot(back, quaternion)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "matrix", [np.diag([1.0, 1.0, -1.0]), 2.0 * np.eye(3), np.eye(4), np.full((3, 3), np.nan)]
)
def test_what_is_no_rotation_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="right-handed rotation matrix"):
        quaternion_from_matrix(matrix)


@pytest.mark.parametrize("quaternion", [(0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0)])
def test_a_quaternion_without_a_direction_is_refused(quaternion: Quaternion) -> None:
    with pytest.raises(ValueError, match="finite length"):
        quaternion_matrix(quaternion)


@pytest.mark.parametrize("share", [0.0, 0.25, 1 / 3, 0.5, 1.0])
def test_a_turn_about_one_axis_grows_evenly(share: float) -> None:
    x, y, z, w = slerp(IDENTITY, QUARTER_ABOUT_Z, share)

    assert (x, y) == (0.0, 0.0)
    assert math.degrees(2.0 * math.atan2(z, w)) == pytest.approx(90.0 * share)


def test_the_shorter_way_is_taken_whatever_the_sign() -> None:
    negated: Quaternion = (0.0, 0.0, -HALF, -HALF)  # the same rotation
    _, _, z, w = slerp(IDENTITY, negated, 0.5)

    assert math.degrees(2.0 * math.atan2(z, w)) == pytest.approx(45.0)


def test_slerp_agrees_with_scipy() -> None:
    spatial = pytest.importorskip("scipy.spatial.transform", reason="scipy is not installed")
    firsts, seconds = random_quaternions(300, 2), random_quaternions(300, 3)
    rng = np.random.default_rng(4)
    for first, second in zip(firsts, seconds, strict=True):
        # From far apart down to nearly the same.
        scale = 10.0 ** rng.uniform(-9, 0)
        near = np.add(first, scale * np.asarray(second))
        x, y, z, w = (near / np.linalg.norm(near)).tolist()
        share = float(rng.uniform())
        both = spatial.Rotation.from_quat([first, (x, y, z, w)])
        expected = spatial.Slerp([0.0, 1.0], both)([share]).as_matrix()[0]
        got = quaternion_matrix(slerp(first, (x, y, z, w), share))
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_points_are_turned_and_then_moved() -> None:
    transform = rigid_transform((10.0, 20.0, 30.0), QUARTER_ABOUT_Z)
    points = np.array([[[1, 0, 0], [0, 1, 5]]], np.float32)

    moved = transform_points(transform, points)

    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, [[[10, 21, 30], [9, 20, 35]]], atol=1e-5)


def test_the_inverse_leads_back() -> None:
    transform = rigid_transform((1.0, -2.0, 3.0), random_quaternions(1, 5)[0])
    np.testing.assert_allclose(invert_transform(transform) @ transform, np.eye(4), atol=1e-12)
