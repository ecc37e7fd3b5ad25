import numpy as np
import pytest

from textseg_core.arrays import Float64Array
from textseg_core.scenes.camera import draw_camera, look

ORIGIN = np.zeros(3)


def test_the_point_looked_at_is_in_the_middle_of_the_picture() -> None:
    pose = look(np.array([0.2, -0.1, 0.0]), 0.7, np.radians(40), 0.8, 50.0, 0.1)

    pixels, depth = pose.project(np.array([[0.2, -0.1, 0.0]]), 320)

    np.testing.assert_allclose(pixels, [[159.5, 159.5]], atol=1e-9)
    assert depth[0] == pytest.approx(0.8)


def test_the_edge_of_the_field_of_view_is_the_edge_of_the_picture() -> None:
    # Straight down from 1 m with 90 degrees: 1 m aside is at the edge, 160 px from the middle.
    pose = look(ORIGIN, np.pi / 2, np.pi / 2, 1.0, 90.0, 0.0)

    pixels, _ = pose.project(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 320)

    np.testing.assert_allclose(pixels, [[319.5, 159.5], [159.5, -0.5]], atol=1e-9)


def test_the_camera_matrix_projects_alike() -> None:
    pose = look(ORIGIN, 0.3, 0.8, 0.9, 45.0, 0.02)
    point = np.array([[0.1, 0.2, 0.05]])
    local = (point - pose.position) @ pose.rotation * [1, -1, -1]

    homogeneous = (pose.intrinsics(240) @ local[0]) / local[0, 2]

    np.testing.assert_allclose(homogeneous[:2], pose.project(point, 240)[0][0])


def test_the_view_frame_has_x_to_the_right_and_y_away() -> None:
    # Looking along the table's +y from above: right is +x. Turned a quarter to the left, it
    # looks along -x, and right is +y.
    forward = look(np.array([1.0, 0.0, 0.0]), np.pi / 2, 0.5, 1.0, 50.0, 0.0)
    turned = look(ORIGIN, np.pi, 0.5, 1.0, 50.0, 0.0)
    point = np.array([[1.2, 0.3, 0.1]])

    np.testing.assert_allclose(forward.to_view_frame(point), [[0.2, 0.3, 0.1]], atol=1e-12)
    np.testing.assert_allclose(turned.to_view_frame(point), [[0.3, -1.2, 0.1]], atol=1e-12)


def test_right_and_away_in_the_view_frame_are_right_and_up_in_the_picture() -> None:
    pose = look(ORIGIN, 2.2, 0.6, 1.0, 50.0, 0.0)
    points = np.array([[0.0, 0, 0], [0.1, 0.05, 0], [-0.05, 0.1, 0], [0.02, -0.1, 0]])
    frame, (pixels, depth) = pose.to_view_frame(points), pose.project(points, 320)

    assert np.argsort(frame[:, 1]).tolist() == np.argsort(depth).tolist()
    assert np.argsort(frame[:, 1]).tolist() == np.argsort(-pixels[:, 1]).tolist()
    for point, pixel in zip(frame[1:], pixels[1:], strict=True):
        assert np.sign(point[0]) == np.sign(pixel[0] - 159.5)


def boxes() -> Float64Array:
    """Eight cubes of 8 cm on a circle of 20 cm."""
    corners = np.array([[i, j, k + 1] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * 0.04
    angles = np.arange(8) * np.pi / 4
    centers = np.stack([0.2 * np.cos(angles), 0.2 * np.sin(angles), 0 * angles], axis=1)
    return centers[:, None] + corners


def test_drawn_cameras_see_most_things_and_are_filled_by_them() -> None:
    seen, extents = [], []
    for seed in range(60):
        pose = draw_camera(boxes(), None, np.random.default_rng(seed))
        back = pose.rotation[:, 2]
        assert 19.9 < np.degrees(np.arcsin(back[2])) < 70.1
        assert 35 <= pose.fov_deg <= 60
        pixels, depth = pose.project(boxes().reshape(-1, 3), 320)
        assert depth.min() > 0.1
        inside = ((pixels > 0) & (pixels < 319)).all(axis=1)
        seen.append(inside.mean())
        extents.append(np.ptp(pixels[inside], axis=0).max())

    assert np.mean(seen) > 0.85
    assert min(seen) > 0.5
    assert np.mean(extents) > 220


def test_most_cameras_look_across_a_row() -> None:
    across = 0
    for seed in range(100):
        pose = draw_camera(boxes(), 0.4, np.random.default_rng(seed))
        across += abs(np.cos(pose.azimuth_rad - 0.4)) < np.sin(0.51)

    assert across > 65  # 0.7, and a third of the others
