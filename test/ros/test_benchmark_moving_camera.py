"""A camera flies past a square plate that it looks at straight on; rays tell its depth exactly."""

import numpy as np
import pytest

from textseg_core.arrays import BoolArray, Float32Array, Float64Array
from textseg_core.evaluation.filming import Clip, Shot
from textseg_ros.benchmark.moving_camera import Case, newest_instead_mm, play, rows_of
from textseg_ros.messages import MessageTypes

WIDTH, HEIGHT, FOCAL_PX = 160, 120, 160.0
#: The plate's centre, 0.2 m wide and high, and a wall behind it, both across the world's x.
PLATE, WALL_X, HALF_M = np.array([0.8, 0.1, 0.3]), 1.3, 0.1
SPEED_M_S, GAP_S = 0.5, 0.012
#: Columns are the optical axes right, down and ahead in the world: x ahead, y left, z up.
AHEAD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
K = np.array([[FOCAL_PX, 0, 79.5], [0, FOCAL_PX, 59.5], [0, 0, 1]])


def pose(time_s: float) -> Float64Array:
    """Fly to the left and, at 0.1 m/s, ahead; roll by 0.3 rad/s about the line of sight."""
    angle = 0.3 * time_s
    roll = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    found = np.eye(4)
    found[:3, :3] = AHEAD @ roll
    found[:3, 3] = (0.1 * time_s, SPEED_M_S * time_s, 0.3)
    return found


def look(time_s: float) -> tuple[Float32Array, BoolArray]:
    """Return the depth along the axis and the plate's mask: where rays meet plate or wall."""
    here = pose(time_s)
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH]
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(K).T @ here[:3, :3].T
    origin = here[:3, 3]  # rays go 1 m along x for each metre along the axis
    at = origin + rays * (PLATE[0] - origin[0])
    mask: BoolArray = (np.abs(at - PLATE)[..., 1:] <= HALF_M).all(axis=-1)
    return np.where(mask, PLATE[0] - origin[0], WALL_X - origin[0]).astype(np.float32), mask


def clip() -> Clip:
    shots = []
    for place in range(6):
        time_s = 0.05 * place
        depth_m, mask = look(time_s)
        later_m, _ = look(time_s + GAP_S)
        depths_m = {0.0: depth_m, GAP_S: later_m}
        shots.append(Shot(stamp_s=time_s, masks=(mask,), centres=(PLATE,), depths_m=depths_m))
    return Clip(shots=tuple(shots), intrinsics=K, pose=pose)


def test_a_plate_stays_where_it_is_while_the_camera_moves(types: MessageTypes) -> None:
    """Transforms come at 20 Hz: each pose is one between two, 25 mm apart."""
    for gap_s in (0.0, GAP_S):
        outcome = play([clip()], Case(name="", rate_hz=20.0, timeout_s=30.0, gap_s=gap_s), types)

        assert outcome.asked == len(outcome.errors_mm) == outcome.poses == 6
        # A pixel is 5 mm wide at 0.8 m: the mask's middle is off by half of one at most.
        assert max(outcome.errors_mm) < 3.0
        assert max(outcome.strays_mm, default=0.0) < 0.1
        assert outcome.poses_off_mm == [0.0] * 6


@pytest.mark.parametrize("timeout_s", [0.0, 30.0])
def test_late_transforms_give_right_points_or_none(types: MessageTypes, timeout_s: float) -> None:
    case = Case(name="", delay_s=0.1, timeout_s=timeout_s)
    outcome = play([clip()], case, types)

    late = outcome.refusals.get("not placed: late transform", 0)
    assert outcome.asked == 6
    assert (late, len(outcome.errors_mm)) == ((6, 0) if timeout_s == 0.0 else (0, 6))
    assert max(outcome.errors_mm, default=0.0) < 3.0
    assert max(outcome.strays_mm, default=0.0) < 0.1
    assert outcome.poses == len(outcome.errors_mm)


def test_the_newest_transform_in_the_place_of_a_late_one_would_be_wrong() -> None:
    """It is 100 ms late, the image 30 ms, and 10 ms pass till the next: 80 ms.

    At 0.51 m/s that is 41 mm, and the roll of 0.024 rad, 0.1 m aside at most, is another 2.4 mm.
    """
    errors = newest_instead_mm([clip()], Case(name="", delay_s=0.1))

    assert len(errors) == 6
    assert min(errors) > 41.0 - 2.4
    assert max(errors) < 41.0 + 2.4


def test_the_table_says_what_came_of_each_case(types: MessageTypes) -> None:
    table = rows_of([clip()], [Case(name="on time", timeout_s=30.0)], types)

    (row,) = table.rows
    assert row[:7] == ("on time", "6", "6", "6", "0", "0", "0")
    assert row[10] == "0"
    assert "newest" not in table.note
