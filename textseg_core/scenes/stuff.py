"""Finds what a rendered scene stands in, which has no instance of its own: table, floor, walls."""

from dataclasses import replace

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array
from textseg_core.scenes.scene import Query, Scene, SceneObject

#: What can be asked for, each with its nouns.
STUFF = {"table": ("table",), "floor": ("floor",), "wall": ("wall",)}
#: Kind of the expressions that ask for it.
KIND = "stuff"
#: Least share of the picture of what is asked for.
LEAST_SHARE = 0.02
#: Height of the table over the floor, and its thickness, as `scenes.world` builds them; metres.
TABLE_M, THICK_M = 0.7, 0.04
#: How far a pixel may lie off the plane that it belongs to, metres.
_OFF_M = 0.004
_WALL_OFF_M = 0.02
#: Things on the table are lower than this, and what is farther below it is no thing; metres.
_OVER_ALL_M, _UNDER_ALL_M = 0.45, -0.05
_TRIES = 80
_SAMPLE_STEP = 7
#: Least share of the free pixels that lie in the plane of table or floor.
_LEAST_PLANE = 0.1
#: A wall shows at least so many pixels where no thing can be.
_LEAST_WALL_PX = 200
_MOST_WALLS = 3
_SEED = 2016


def find_stuff(scene: Scene) -> dict[str, BoolArray]:
    """Return which pixels show table, floor and walls, each (H, W).

    Table and floor are the horizontal planes that `scenes.world` builds, walls the vertical
    ones. Pixels of things, those too that nothing else is known of, belong to none.

    Args:
        scene: With depth and intrinsics.

    Returns:
        Every key of `STUFF`; nothing at all where no table is found.

    Raises:
        ValueError: If the scene has no depth or intrinsics.
    """
    if scene.depth is None or scene.intrinsics is None:
        raise ValueError(
            f"scene {scene.scene_id!r} has no depth or intrinsics, by which table, floor and "
            "walls are found; open its folder with depth"
        )
    things = np.zeros(scene.depth.shape, np.bool_)
    for item in scene.objects:
        things |= item.mask
    points = _points(scene.depth, scene.intrinsics)
    free = ~things & (scene.depth > 0)
    rng = np.random.default_rng(_SEED)
    up = _upwards(points[free][::_SAMPLE_STEP], rng)
    if up is None:
        return {}
    normal, offset = up
    height = points @ normal + offset
    if things.any() and float(np.median(height[things])) > TABLE_M / 2:
        height -= TABLE_M  # the plane found is the floor's
    table = free & (np.abs(height) < _OFF_M)
    floor = free & (np.abs(height + TABLE_M) < 2 * _OFF_M)
    # A wall is farther away than the table reaches, so that it may cross the table's height.
    wall = _walls(points, normal, free & ~floor, height, rng)
    edge = free & ~floor & (height < 0) & (height > -THICK_M - _OFF_M)
    return {"table": (table | edge) & ~wall, "floor": floor, "wall": wall}


def with_stuff(scene: Scene) -> Scene:
    """Return the scene with table, floor and wall behind its objects, where they are in view.

    They answer to one noun each, and are told apart like things.

    Raises:
        ValueError: As `find_stuff`.
    """
    found = tuple(
        SceneObject(STUFF[name], mask) for name, mask in find_stuff(scene).items() if mask.any()
    )
    return replace(scene, objects=(*scene.objects, *found))


def stuff_queries(scene: Scene) -> list[Query]:
    """Return one expression for each sort of stuff: what is in view, and what is not.

    Nothing is returned of a scene without any, and nothing of what is hardly in view.

    Args:
        scene: As `with_stuff` returns it, or a part of that.
    """
    shown = {item.names: number for number, item in enumerate(scene.objects) if is_stuff(item)}
    queries = []
    for nouns in STUFF.values() if shown else ():
        number = shown.get(nouns)
        if number is None and not scene.hidden_names.intersection(nouns):
            queries.append(Query(f"the {nouns[0]}", (), "absent"))
        elif number is not None and scene.objects[number].mask.mean() >= LEAST_SHARE:
            queries.append(Query(f"the {nouns[0]}", (number,), KIND))
    return queries


def is_stuff(item: SceneObject) -> bool:
    """Tell whether `with_stuff` added an object."""
    return item.placement is None and item.names in STUFF.values()


def _points(depth: Float32Array, intrinsics: Float64Array) -> Float64Array:
    """Return where each pixel is, (H, W, 3) metres: x right, y down, z away."""
    height, width = depth.shape
    x = (np.arange(width) - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (np.arange(height) - intrinsics[1, 2]) / intrinsics[1, 1]
    far = depth.astype(np.float64)
    return np.stack([far * x[None, :], far * y[:, None], far], axis=-1)


def _upwards(points: Float64Array, rng: np.random.Generator) -> tuple[Float64Array, float] | None:
    """Return normal and offset of the plane with most of the points that a table can be in.

    The cameras of `scenes.camera` look down at 20 degrees at least and are hardly rolled, so that
    such a plane's normal points up and towards them.
    """
    if len(points) < 3:
        return None
    best, most = None, int(_LEAST_PLANE * len(points))
    for _ in range(_TRIES):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = float(np.linalg.norm(normal))
        if length < 1e-9:
            continue
        normal *= -np.sign(normal[1]) / length
        if not (normal[1] < -0.3 and normal[2] < -0.25 and abs(normal[0]) < 0.15):
            continue
        inside = np.abs((points - a) @ normal) < _OFF_M
        if int(inside.sum()) > most:
            best, most = inside, int(inside.sum())
    if best is None:
        return None
    chosen = points[best]
    middle = chosen.mean(axis=0)
    normal = np.linalg.svd(chosen - middle, full_matrices=False)[2][2]
    normal = normal * -np.sign(normal[1])
    return normal, -float(middle @ normal)


def _walls(
    points: Float64Array,
    normal: Float64Array,
    free: BoolArray,
    height: Float64Array,
    rng: np.random.Generator,
) -> BoolArray:
    """Return which of the free pixels lie in vertical planes that no thing reaches to."""
    right = np.cross(normal, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    flat = points @ np.stack([right, np.cross(right, normal)], axis=1)
    wall: BoolArray = np.zeros_like(free)
    for _ in range(_MOST_WALLS):
        left = free & ~wall & ((height > _OVER_ALL_M) | (height < _UNDER_ALL_M))
        sure = flat[left]
        if len(sure) < _LEAST_WALL_PX:
            break
        best, most, line = 0, _LEAST_WALL_PX // 2, None
        sample = sure[:: max(1, len(sure) // 2000)]
        scale = len(sure) / len(sample)
        for _ in range(_TRIES // 2):
            a, b = sample[rng.choice(len(sample), 2, replace=False)]
            across = np.array([a[1] - b[1], b[0] - a[0]])
            length = float(np.linalg.norm(across))
            if length < 0.05:
                continue
            across /= length
            best = int((np.abs((sample - a) @ across) < _WALL_OFF_M).sum() * scale)
            if best > most:
                most, line = best, (a, across)
        if line is None:
            break
        wall |= free & (np.abs((flat - line[0]) @ line[1]) < _WALL_OFF_M)
    return wall
