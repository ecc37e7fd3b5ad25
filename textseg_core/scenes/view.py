"""Turns a rendered picture of a world into a scene: masks, visible shares, places, supports."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.camera import CameraPose
from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.render import Picture
from textseg_core.scenes.scene import Placement, Scene, SceneObject
from textseg_core.scenes.world import World

LEAST_VISIBLE = 0.3
LEAST_AREA_PX = 48
"""In a picture of side 320; smaller things are not asked for."""
_TRACE_PX = 8
_SAMPLES = 240


def surface_samples(
    model: ObjectModel, rng: np.random.Generator
) -> tuple[Float64Array, Float64Array]:
    """Return points spread evenly over a surface and the normals there, both (N, 3)."""
    corners = model.vertices.astype(np.float64)[model.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.linalg.norm(cross, axis=1)
    faces = rng.choice(len(corners), _SAMPLES, p=double_area / double_area.sum())
    r = np.sqrt(rng.random((_SAMPLES, 1)))
    s = rng.random((_SAMPLES, 1))
    a, b, c = (corners[faces, i] for i in range(3))
    points = (1 - r) * a + r * (1 - s) * b + r * s * c
    return points, cross[faces] / double_area[faces, None]


def visible_share(
    world: World,
    index: int,
    samples: tuple[Float64Array, Float64Array],
    pose: CameraPose,
    picture: Picture,
) -> float:
    """Return the share of an object's silhouette that neither others nor the frame hide.

    Sample points of the surface that faces the camera count by the area that they cover in
    the picture (cosine over squared distance); a point is visible if its pixel or a
    neighbour shows the object, so what it hides of itself does not count against it. This
    needs no rendering of the object alone.
    """
    position, rotation = world.pose(index)
    points = samples[0] @ rotation.T + position
    normals = samples[1] @ rotation.T
    px = picture.instances.shape[0]
    toward = pose.position - points
    distance = np.linalg.norm(toward, axis=1)
    weight = np.maximum(0.0, (normals * toward).sum(axis=1)) / distance**3
    pixels, depth = pose.project(points, px)
    u, v = (np.rint(pixels[:, i]).astype(np.int64) for i in range(2))
    framed = (u >= 0) & (v >= 0) & (u < px) & (v < px) & (depth > 0)
    own = np.pad(picture.instances == index, 1)
    near = np.zeros(len(points), np.bool_)
    uf, vf = u[framed] + 1, v[framed] + 1
    near[framed] = (
        own[vf, uf] | own[vf, uf - 1] | own[vf, uf + 1] | own[vf - 1, uf] | own[vf + 1, uf]
    )
    total = float(weight.sum())
    return float(weight[near].sum()) / total if total > 0 else 0.0


def box_corners(points: Float64Array) -> Float64Array:
    """Return the corners of the bounding box of points, (8, 3)."""
    ends = np.stack([points.min(axis=0), points.max(axis=0)])
    which = np.array([[i >> k & 1 for k in range(3)] for i in range(8)])
    corners: Float64Array = ends[which, np.arange(3)]
    return corners


def _placement(world: World, index: int, pose: CameraPose) -> Placement:
    turned = pose.to_view_frame(world.vertices(index))
    low, high = turned.min(axis=0), turned.max(axis=0)
    middle, size = (low + high) / 2, high - low
    return Placement(
        (float(middle[0]), float(middle[1]), float(middle[2])),
        (float(size[0]), float(size[1]), float(size[2])),
    )


def describe_view(
    world: World,
    pose: CameraPose,
    picture: Picture,
    samples: tuple[tuple[Float64Array, Float64Array], ...],
    nouns: frozenset[str],
    scene_id: str,
) -> Scene:
    """Return the scene that a picture shows.

    Args:
        world: What stands on the table.
        pose: The camera.
        picture: What it sees.
        samples: `surface_samples` of each object.
        nouns: Nouns whose absence is certain.
        scene_id: Name of the scene.
    """
    px = picture.instances.shape[0]
    scale = (px / 320) ** 2
    hidden: set[str] = set()
    index_of: dict[int, int] = {}
    objects: list[SceneObject] = []
    areas = {index: int((picture.instances == index).sum()) for index in world.kept}
    clear: dict[int, bool] = {}
    for index in world.kept:
        model = world.objects[index]
        shown = areas[index] >= LEAST_AREA_PX * scale
        shown = shown and (
            visible_share(world, index, samples[index], pose, picture) >= LEAST_VISIBLE
        )
        clear[index] = shown
        if not shown:
            hidden.update((*model.names, *model.hypernyms))
        if areas[index] >= _TRACE_PX * scale:
            index_of[index] = len(index_of)
    for index in index_of:
        model = world.objects[index]
        below = world.support[index]
        objects.append(
            SceneObject(
                model.names,
                picture.instances == index,
                model.hypernyms,
                model.colors,
                upright_base=True,
                countable=clear[index],
                material=model.material,
                object_id=model.object_id,
                placement=_placement(world, index, pose),
                support=None if below is None else index_of.get(below),
                inside=world.inside[index],
            )
        )
    return Scene(
        picture.image,
        tuple(objects),
        nouns,
        frozenset(hidden),
        scene_id,
        picture.depth,
        pose.intrinsics(px),
    )
