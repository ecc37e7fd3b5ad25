"""Places and relations of drawn boxes have the scores worked out by hand."""

import ast
from pathlib import Path

import numpy as np
import pytest

import textseg_core.reasoner
from textseg_core.arrays import Float32Array, Float64Array
from textseg_core.reasoner.geometry import Spot, View, place_instances, surface_frame
from textseg_core.reasoner.grammar import Place, Rank
from textseg_core.reasoner.places import by_size, furthest, in_row, lies_there, zone
from textseg_core.reasoner.propose import Instance
from textseg_core.reasoner.relations import RELATIONS, Pair, between, nearness, ramp

VIEW = View(200, 200)
K: Float64Array = np.array([[200.0, 0, 99.5], [0, 200.0, 99.5], [0, 0, 1]])


def box(x0: int, y0: int, x1: int, y1: int) -> Instance:
    mask = np.zeros((200, 200), np.bool_)
    mask[y0:y1, x0:x1] = True
    return Instance(mask)


def pair(a: Instance, b: Instance) -> Pair:
    return Pair(a, b, *place_instances([a, b], VIEW))


def spot(x: float, y: float, size: float = 0.1) -> Spot:
    return Spot(x, y, size, size, size, solid=True)


def test_a_ramp_is_flat_beyond_its_ends_and_may_fall() -> None:
    assert [ramp(v, 1.0, 3.0) for v in (0.0, 1.5, 9.0)] == [0.0, 0.25, 1.0]
    assert [ramp(v, 3.0, 1.0) for v in (0.0, 1.5, 9.0)] == [1.0, 0.75, 0.0]


def test_side_by_side_boxes_are_left_right_and_next_to_each_other() -> None:
    a, b = box(40, 80, 80, 120), box(90, 80, 130, 120)

    found = {key: RELATIONS[key](pair(a, b)) for key in ("left", "right", "next", "behind")}

    assert found["left"] == pytest.approx(1.0, abs=0.01)
    assert found["next"] == 1.0
    assert found["right"] == found["behind"] == 0.0


def test_without_depth_what_is_left_in_the_picture_counts_for_less() -> None:
    # On a table the tall one would stand 143 px nearer, 55 degrees aside: 0.29. In the picture its
    # middle is 100 px left and 40 px lower, a gap of one size: 0.6 / (1 + (1 / 12)^2).
    fridge, sink = box(20, 20, 60, 180), box(120, 40, 160, 80)

    assert RELATIONS["left"](pair(fridge, sink)) == pytest.approx(0.596, abs=0.002)
    assert RELATIONS["right"](pair(fridge, sink)) == 0.0


def test_a_box_lower_in_the_picture_stands_in_front() -> None:
    a, b = box(80, 140, 110, 170), box(80, 60, 110, 90)

    assert RELATIONS["front"](pair(a, b)) > 0.9
    assert RELATIONS["behind"](pair(b, a)) > 0.9
    assert RELATIONS["left"](pair(a, b)) == 0.0
    assert RELATIONS["next"](pair(a, b)) == 0.0


def test_what_stands_within_an_outline_is_on_it_and_not_next_to_it() -> None:
    tray, cup = box(30, 100, 170, 180), box(80, 110, 110, 140)
    tray_seen = Instance(tray.mask & ~cup.mask)

    on, under = pair(cup, tray_seen), pair(tray_seen, cup)

    assert RELATIONS["on"](on) == RELATIONS["in"](on) == RELATIONS["below"](under) == 1.0
    assert RELATIONS["on"](under) == 0.0
    assert RELATIONS["next"](on) == 0.0
    assert RELATIONS["left"](on) == 0.0


def solid(at: Spot, to: Spot) -> Pair:
    return Pair(box(0, 0, 10, 10), box(20, 20, 30, 30), at, to)


def test_with_depth_what_reaches_above_a_footprint_within_it_is_on_it() -> None:
    tray = Spot(0.0, 0.0, 0.4, 0.3, 0.02, 0.0, solid=True)
    cup = Spot(0.05, 0.0, 0.08, 0.08, 0.15, 0.02, solid=True)
    beside = Spot(0.3, 0.0, 0.08, 0.08, 0.13, 0.0, solid=True)

    assert RELATIONS["on"](solid(cup, tray)) == RELATIONS["below"](solid(tray, cup)) == 1.0
    assert RELATIONS["on"](solid(tray, cup)) == RELATIONS["next"](solid(cup, tray)) == 0.0
    assert RELATIONS["on"](solid(beside, tray)) == 0.0
    assert RELATIONS["next"](solid(beside, tray)) == 1.0


def test_beside_a_long_thing_is_left_of_it_however_far_its_middle() -> None:
    shelf = Spot(0.0, 0.0, 0.05, 1.0, 0.3, 0.0, solid=True)
    cup = Spot(-0.15, -0.4, 0.05, 0.05, 0.1, 0.0, solid=True)
    beyond = Spot(-0.15, -0.6, 0.05, 0.05, 0.1, 0.0, solid=True)

    # 69 degrees from sideways; but the first is level with the shelf's end.
    assert RELATIONS["left"](solid(cup, shelf)) > 0.95
    assert RELATIONS["left"](solid(beyond, shelf)) == 0.0


def test_a_picture_s_sky_is_above_its_roof() -> None:
    sky, roof = box(0, 0, 200, 60), box(50, 70, 150, 130)

    assert RELATIONS["above"](pair(sky, roof)) > 0.9
    assert RELATIONS["below"](pair(roof, sky)) > 0.6
    assert RELATIONS["above"](pair(roof, sky)) == 0.0


def test_between_holds_in_the_middle_of_the_line_only() -> None:
    a, b = spot(0.0, 0.0), spot(1.0, 0.0)

    assert between(spot(0.5, 0.1), a, b) == 1.0
    assert between(spot(0.5, 0.5), a, b) == 0.0
    assert between(spot(1.2, 0.0), a, b) == 0.0
    assert between(spot(0.5, 0.0), a, a) == 0.0


def test_the_nearest_has_one_and_a_third_farther_nothing() -> None:
    assert nearness([2.0, 2.35, 2.7]) == pytest.approx([1.0, 0.5, 0.0])
    assert nearness([]) == []


def test_a_zone_is_a_part_of_the_view() -> None:
    left, right = box(20, 90, 60, 110), box(140, 90, 180, 110)

    assert zone(left, Place(("left",)), VIEW) == 1.0
    assert zone(right, Place(("left",)), VIEW) == 0.0
    assert zone(box(90, 90, 110, 110), Place(("middle",)), VIEW) == 1.0
    assert zone(box(0, 0, 20, 20), Place(("top", "left")), VIEW) == 1.0
    assert zone(box(0, 180, 20, 200), Place(("top", "left")), VIEW) == 0.0


def test_of_several_the_furthest_is_meant_and_all_in_the_zone_are_of_a_plural() -> None:
    row = [box(10, 90, 30, 110), box(60, 90, 80, 110), box(150, 90, 170, 110)]
    spots = place_instances(row, VIEW)

    one = lies_there(row, spots, Place(("left",)), VIEW, several=False)
    many = lies_there(row, spots, Place(("left",)), VIEW, several=True)

    assert one == [1.0, 0.0, 0.0]
    assert many == [1.0, 1.0, 0.0]


def test_near_and_far_follow_where_things_stand() -> None:
    near, far = box(50, 150, 80, 190), box(60, 30, 90, 60)
    spots = place_instances([near, far], VIEW)

    assert furthest([near, far], spots, "near", VIEW) == [1.0, 0.0]
    assert furthest([near, far], spots, "far", VIEW) == [0.0, 1.0]


def test_a_rank_is_counted_from_its_side_and_missing_beyond_the_row() -> None:
    row = [box(100, 90, 120, 110), box(10, 90, 30, 110), box(160, 90, 180, 110)]
    spots = place_instances(row, VIEW)

    assert in_row(row, spots, Rank(2, "left"), VIEW) == [1.0, 0.0, 0.0]
    assert in_row(row, spots, Rank(1, "right"), VIEW) == [0.0, 0.0, 1.0]
    assert in_row(row, spots, Rank(-1, ""), VIEW) == [0.0, 0.0, 1.0]
    assert in_row(row, spots, Rank(4, "left"), VIEW) == [0.0, 0.0, 0.0]


def test_neighbours_that_lie_alike_share_a_rank() -> None:
    row = [box(50, 20, 70, 40), box(50, 90, 70, 110), box(150, 90, 170, 110)]

    first = in_row(row, place_instances(row, VIEW), Rank(1, "left"), VIEW)

    assert first == [0.75, 0.5, 0.0]


def test_the_larger_of_two_deserves_it_and_one_alone_is_not_compared() -> None:
    large, small = box(10, 10, 50, 50), box(100, 100, 120, 120)
    spots = place_instances([large, small], VIEW)

    assert by_size([large, small], spots, "large") == [1.0, 0.0]
    assert by_size([large, small], spots, "smallest") == [0.0, 1.0]
    assert by_size([small], spots[1:], "large") == [1.0]
    assert by_size([large, small], spots, "striped") == [1.0, 1.0]


def table(tilt: float = 1.0) -> tuple[Float32Array, float]:
    """Depth of a plane one metre below a camera that looks down at 45 degrees."""
    v = np.arange(200)[:, None].repeat(200, axis=1)
    down = (v - 99.5) / 200.0
    # On the plane y cos + z sin = 1 in the camera's frame, here with cos = sin.
    depth = 2.0**0.5 / (down + 1.0) * tilt
    return depth.astype(np.float32), 2.0**0.5


def test_depth_gives_a_frame_that_stands_on_the_table() -> None:
    depth, _ = table()

    frame = surface_frame(depth, K)

    assert frame is not None
    up = frame[2, :3]
    assert up == pytest.approx([0.0, -(0.5**0.5), -(0.5**0.5)], abs=0.02)
    assert frame[0, :3] == pytest.approx([1.0, 0.0, 0.0], abs=0.02)


def test_depth_places_things_in_metres_on_the_table() -> None:
    depth, _ = table()
    near, far = box(90, 150, 110, 170), box(90, 30, 110, 50)
    view = View(200, 200, depth, K)

    at, to = place_instances([near, far], view)

    assert at.solid
    assert to.solid
    # Along the table, y = z sin - y' cos, by the depths at rows 159.5 and 39.5.
    assert to.y - at.y == pytest.approx(1.857 - 0.538, abs=0.1)
    assert abs(at.x) < 0.02


def test_depth_without_a_plane_leaves_it_to_the_masks() -> None:
    rng = np.random.default_rng(1)
    depth = rng.uniform(0.5, 5.0, (200, 200)).astype(np.float32)

    spots = place_instances([box(20, 20, 60, 60)], View(200, 200, depth, K))

    assert not spots[0].solid


def test_depth_of_another_size_and_without_a_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        View(200, 200, np.ones((200, 200), np.float32))
    with pytest.raises(ValueError, match=r"\(200, 200\).*\(100, 100\)"):
        View(200, 200, np.ones((100, 100), np.float32), K)


def test_an_instance_needs_a_pixel() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        Instance(np.zeros((4, 4), np.bool_))


def test_the_reasoner_shares_no_predicate_with_what_it_is_judged_by() -> None:
    folder = Path(textseg_core.reasoner.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                allowed = path.name == "coverage.py" and name.endswith("expressions.coverage")
                assert "expressions" not in name or allowed, (path.name, name)
                assert not name.startswith(("torch", "rclpy")), (path.name, name)
