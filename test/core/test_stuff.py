"""Table, floor and walls, found in depth that is ray-cast here by hand."""

from dataclasses import replace

import numpy as np
import pytest

from textseg_core.arrays import BoolArray, Float64Array
from textseg_core.evaluation.stuff import WithStuff, draw_stuff_questions
from textseg_core.scenes.scene import Scene, SceneObject
from textseg_core.scenes.stuff import find_stuff, is_stuff, stuff_queries, with_stuff
from textseg_core.training.sources import StuffSource

SIDE = 160
INTRINSICS = np.array([[140.0, 0.0, 79.5], [0.0, 140.0, 79.5], [0.0, 0.0, 1.0]])
ELEVATION = np.radians(25.0)
#: Where the camera is: before a table of 0.7 m x 1.2 m, its top at z = 0.
EYE = np.array([0.0, -0.8, 0.45])
FULL = frozenset(("table", "floor", "wall"))


def rays() -> Float64Array:
    """Directions in the table's frame, z up, whose length is one along the optical axis."""
    u, v = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y = (u - 79.5) / 140.0, (v - 79.5) / 140.0
    away = np.array([0.0, np.cos(ELEVATION), -np.sin(ELEVATION)])
    down = np.array([0.0, -np.sin(ELEVATION), -np.cos(ELEVATION)])
    right = np.array([1.0, 0.0, 0.0])
    directions: Float64Array = x[..., None] * right + y[..., None] * down + away
    return directions


def room() -> tuple[Scene, dict[str, BoolArray]]:
    """A scene with one thing, and which pixels show what else."""
    d = rays()
    hits = {}
    for name, height in (("table", 0.0), ("floor", -0.7)):
        hits[name] = np.where(d[..., 2] < 0, (height - EYE[2]) / d[..., 2], np.inf)
    at = EYE + hits["table"][..., None] * d
    on_table = (np.abs(at[..., 0]) < 0.35) & (np.abs(at[..., 1]) < 0.6)
    hits["table"] = np.where(on_table, hits["table"], np.inf)
    hits["wall"] = np.where(d[..., 1] > 0, (1.6 - EYE[1]) / d[..., 1], np.inf)
    stack = np.stack([hits[name] for name in ("table", "floor", "wall")])
    depth, nearest = stack.min(axis=0), stack.argmin(axis=0)
    thing: BoolArray = np.zeros((SIDE, SIDE), np.bool_)
    thing[90:120, 70:95] = True
    depth[thing] = depth[119, 70]  # a card that faces the camera
    truth = {name: (nearest == i) & ~thing for i, name in enumerate(("table", "floor", "wall"))}
    scene = Scene(
        np.zeros((SIDE, SIDE, 3), np.uint8),
        (SceneObject(("card",), thing, colors=("red",)),),
        frozenset(("card",)),
        scene_id="000000_0",
        depth=depth.astype(np.float32),
        intrinsics=INTRINSICS,
    )
    return scene, truth


def test_the_room_shows_all_three() -> None:
    _, truth = room()
    assert {name for name, mask in truth.items() if mask.mean() > 0.02} == FULL


def test_table_floor_and_wall_are_found() -> None:
    scene, truth = room()

    found = find_stuff(scene)

    assert set(found) == FULL
    for name, mask in found.items():
        shared, union = (mask & truth[name]).sum(), (mask | truth[name]).sum()
        assert shared / union > 0.97, name
        assert not (mask & scene.objects[0].mask).any()


def test_a_thing_that_nothing_is_known_of_is_no_stuff() -> None:
    scene, _ = room()
    thing = scene.objects[0].mask

    found = find_stuff(replace(scene, objects=()))

    # Where the card meets the table it is the table's as much as its own.
    assert sum(int((mask & thing).sum()) for mask in found.values()) < 0.25 * thing.sum()


def test_a_picture_without_a_table_has_no_stuff() -> None:
    scene, _ = room()
    facing = replace(scene, depth=np.ones((SIDE, SIDE), np.float32))

    assert find_stuff(facing) == {}
    assert stuff_queries(with_stuff(facing)) == []


def test_without_depth_the_scene_is_named() -> None:
    scene, _ = room()

    with pytest.raises(ValueError, match=r"000000_0' has no depth or intrinsics"):
        find_stuff(replace(scene, depth=None))


def test_what_is_in_view_is_asked_for_and_what_is_not_means_nothing() -> None:
    scene, _ = room()
    whole = with_stuff(scene)
    assert [item.names[0] for item in whole.objects] == ["card", "table", "floor", "wall"]
    assert [is_stuff(item) for item in whole.objects] == [False, True, True, True]

    without = replace(whole, objects=whole.objects[:3])

    told = {query.expression: (query.targets, query.kind) for query in stuff_queries(without)}
    assert told == {
        "the table": ((1,), "stuff"),
        "the floor": ((2,), "stuff"),
        "the wall": ((), "absent"),
    }


def test_what_may_be_in_view_is_not_taken_for_absent() -> None:
    whole = with_stuff(room()[0])
    cut = replace(whole, objects=whole.objects[:3], hidden_names=frozenset(("wall",)))

    assert [query.expression for query in stuff_queries(cut)] == ["the table", "the floor"]


def test_training_asks_for_stuff_beside_things() -> None:
    source = StuffSource([room()[0]], [0])

    meant = {}
    for seed in range(6):
        drawn = source.draw(np.random.default_rng(seed), 96)
        for query in drawn.queries:
            if query.targets:
                meant[query.expression] = drawn.scene.objects[query.targets[0]].names[0]

    assert {name: noun for name, noun in meant.items() if noun != "card"} == {
        "the table": "table",
        "the floor": "floor",
        "the wall": "wall",
    }
    assert "card" in meant.values()


def test_questions_about_stuff_are_so_many_of_each_noun() -> None:
    scenes = WithStuff([room()[0]] * 5)

    questions = draw_stuff_questions(scenes, [0, 2, 3, 4], most=3)

    counts = [q.query.expression for q in questions]
    assert {text: counts.count(text) for text in counts} == {
        "the table": 3,
        "the floor": 3,
        "the wall": 3,
    }
    assert all(q.target_px == scenes[q.index].objects[q.query.targets[0]].area for q in questions)
    assert [q.index for q in questions] == sorted(q.index for q in questions)
