import math

import numpy as np
import pytest

from textseg_core.space.box import (
    box_along,
    matrix_of,
    principal_rotation,
    quaternion_of,
    upright_box,
)

TO_CAMERA = np.array([0.0, 0.0, -1.0])
HALF = math.sqrt(0.5)


def board(angle_deg: float, long: float = 0.2, short: float = 0.1) -> np.ndarray:
    """Points of a rectangle across the optical axis, a metre away, turned towards image-down."""
    a, b = np.meshgrid(
        np.linspace(-long / 2, long / 2, 101), np.linspace(-short / 2, short / 2, 51)
    )
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    x, y = a * c - b * s, a * s + b * c
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)


@pytest.mark.parametrize(
    ("rotation", "quaternion"),
    [
        (np.eye(3), [0, 0, 0, 1]),
        # A quarter turn about z takes x to y.
        ([[0, -1, 0], [1, 0, 0], [0, 0, 1]], [0, 0, HALF, HALF]),
        # Half turns about each axis, where the trace is -1.
        (np.diag([1, -1, -1]), [1, 0, 0, 0]),
        (np.diag([-1, 1, -1]), [0, 1, 0, 0]),
        (np.diag([-1, -1, 1]), [0, 0, 1, 0]),
        # x to y, y to z, z to x: a third of a turn about (1, 1, 1).
        ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], [0.5, 0.5, 0.5, 0.5]),
        # The inverse of it.
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [-0.5, -0.5, -0.5, 0.5]),
    ],
)
def test_quaternions_of_turns_that_can_be_done_in_the_head(
    rotation: list[list[float]], quaternion: list[float]
) -> None:
    matrix = np.array(rotation, np.float64)

    np.testing.assert_allclose(quaternion_of(matrix), quaternion, atol=1e-12)
    np.testing.assert_allclose(matrix_of(np.array(quaternion, np.float64)), matrix, atol=1e-12)


def test_any_rotation_survives_the_way_to_a_quaternion_and_back() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        q = rng.standard_normal(4)
        matrix = matrix_of(q / np.linalg.norm(q))
        again = quaternion_of(matrix)
        np.testing.assert_allclose(matrix_of(again), matrix, atol=1e-12)
        assert again[3] >= 0
        assert np.linalg.norm(again) == pytest.approx(1.0)


def test_x_lies_along_the_longer_side_and_z_points_to_the_camera() -> None:
    rotation, elongation = principal_rotation(board(30.0), TO_CAMERA)

    c, s = math.cos(math.radians(30)), 0.5
    # y = z x x completes a right-handed frame: (0, 0, -1) x (c, s, 0) = (s, -c, 0).
    np.testing.assert_allclose(rotation, np.array([[c, s, 0], [s, -c, 0], [0, 0, -1]]), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    # 101 and 51 equally spaced points: standard deviations as (n^2 - 1), near 2 : 1.
    assert elongation == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("angle", "x"), [(150.0, (HALF * math.sqrt(1.5), -0.5)), (90.0, (0, 1))])
def test_x_points_right_or_else_down(angle: float, x: tuple[float, float]) -> None:
    rotation, _ = principal_rotation(board(angle), TO_CAMERA)

    np.testing.assert_allclose(rotation[:2, 0], x, atol=1e-6)


def test_a_square_has_no_direction() -> None:
    _, elongation = principal_rotation(board(0.0, 0.1, 0.1), TO_CAMERA)

    assert elongation == pytest.approx(0.0, abs=0.03)


def test_a_rod_along_the_wanted_z_gets_another_one() -> None:
    rod = np.array([[0.0, 0.0, 1.0 + 0.01 * i] for i in range(20)])
    rod += np.array([0.0, 0.3, 0.0])
    rod += 1e-4 * np.random.default_rng(0).standard_normal(rod.shape)

    rotation, _ = principal_rotation(rod, TO_CAMERA)

    assert abs(rotation[2, 0]) == pytest.approx(1.0, abs=1e-3)
    # It lies below the axis, so the camera is above it: image-up is -y.
    assert rotation[1, 2] == pytest.approx(-1.0, abs=1e-3)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_box_has_the_board_s_sides_and_middle() -> None:
    points = board(30.0) + np.array([0.05, -0.02, 0.0])
    rotation, _ = principal_rotation(points, TO_CAMERA)

    box = box_along(points, rotation)

    # Half a per cent may lie beyond each side: 1 mm of 200, half a millimetre of 100.
    np.testing.assert_allclose(box.size, [0.198, 0.099, 0.0], atol=2e-3)
    np.testing.assert_allclose(box.centre, [0.05, -0.02, 1.0], atol=1e-6)
    np.testing.assert_allclose(matrix_of(box.quaternion), rotation, atol=1e-9)


def test_a_few_stray_points_do_not_stretch_the_box() -> None:
    points = np.vstack([board(0.0), [[0.5, 0.5, 1.5]] * 10])

    box = box_along(points, np.eye(3))

    assert (box.size < [0.201, 0.101, 0.001]).all()


def test_an_upright_box_stands_on_the_ground_along_its_longer_side() -> None:
    # Up is image-up. A block of 0.2 x 0.1 m floor, 0.06 m high, turned by 30 degrees on the floor.
    rng = np.random.default_rng(3)
    local = rng.uniform(-0.5, 0.5, (20000, 3)) * [0.2, 0.1, 0.06]
    c, s = math.cos(math.radians(30)), 0.5
    axes = np.array([[c, 0.0, s], [-s, 0.0, c], [0.0, -1.0, 0.0]])  # rows: long, short, up
    points = local @ axes + [0.1, 0.2, 1.0]

    box = upright_box(points, np.array([0.0, -1.0, 0.0]))

    turn = matrix_of(box.quaternion)
    np.testing.assert_allclose(turn[:, 2], [0.0, -1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(turn[:, 0], [c, 0.0, s], atol=0.02)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(box.size, [0.198, 0.099, 0.0594], atol=2e-3)
    np.testing.assert_allclose(box.centre, [0.1, 0.2, 1.0], atol=2e-3)


def test_a_rod_far_down_in_a_wide_view_that_points_up_has_axes_all_the_same() -> None:
    # The rod, the way to the camera, up, and up in the image are all nearly one direction.
    rod = np.array([[0.0, y, 0.1] for y in np.linspace(1.0, 1.2, 50)])

    rotation, elongation = principal_rotation(rod, np.array([0.0, -1.0, 0.0]))

    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert elongation > 0.99
