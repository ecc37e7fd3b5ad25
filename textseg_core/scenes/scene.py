"""What a training picture holds: an image and the objects that can be named in it."""

from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a thing is, in metres, in the table's frame turned to the camera.

    The origin is the point of the table at which the camera looks.

    Attributes:
        center: Of its bounding box: x rightwards, y away from the camera, z up from
            the table's top.
        size: Extents of its bounding box along those axes.
    """

    center: tuple[float, float, float]
    size: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One visible object of a scene.

    Attributes:
        names: Nouns that name it, the usual one first.
        mask: Its visible pixels, (H, W).
        hypernyms: More general nouns that also name it.
        colors: Named colours, largest first; empty where unknown.
        upright_base: True if its lowest pixel is where it stands, so that
            "in front of" and "behind" follow from it.
        countable: False for a crowd region, which cannot be told apart.
        material: What it is made of; empty where unknown.
        object_id: Mesh or profile that it shows; empty where unknown.
        placement: Its place in metres; None where unknown.
        support: Index in the scene of the object that holds it; None for the table, for
            an object that is not in view, and where unknown.
        inside: True if it lies in its support, False if on it.
    """

    names: tuple[str, ...]
    mask: BoolArray
    hypernyms: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    upright_base: bool = False
    countable: bool = True
    material: str = ""
    object_id: str = ""
    placement: Placement | None = None
    support: int | None = None
    inside: bool = False
    box: tuple[float, float, float, float] = field(init=False)
    area: int = field(init=False)

    def __post_init__(self) -> None:
        rows = np.flatnonzero(self.mask.any(axis=1))
        columns = np.flatnonzero(self.mask.any(axis=0))
        if not rows.size:
            raise ValueError("a scene object needs at least one visible pixel")
        box = (
            float(columns[0]),
            float(rows[0]),
            float(columns[-1] + 1),
            float(rows[-1] + 1),
        )
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "area", int(self.mask.sum()))

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the box in pixels, (u, v)."""
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2, (y0 + y1) / 2

    def answers_to(self, name: str) -> bool:
        """Tell whether `name` may mean this object."""
        return name in self.names or name in self.hypernyms


@dataclass(frozen=True, slots=True)
class Scene:
    """An image with everything nameable in it.

    Attributes:
        image: RGB, (H, W, 3).
        objects: Visible objects; order carries no meaning.
        closed_names: Nouns whose absence is certain if no object answers to them.
        hidden_names: Nouns of things that are there but cut off or too small to
            be asked for; they are never taken for absent.
        scene_id: Name of the scene; empty where it has none.
        depth: Distance along the optical axis in metres, (H, W); None where unknown.
        intrinsics: Camera matrix in pixels, (3, 3); None where unknown.
    """

    image: UInt8Array
    objects: tuple[SceneObject, ...]
    closed_names: frozenset[str]
    hidden_names: frozenset[str] = frozenset()
    scene_id: str = ""
    depth: Float32Array | None = None
    intrinsics: Float64Array | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """An expression about a scene and what it means there.

    Attributes:
        expression: The words.
        targets: Indices into the scene's objects; empty if nothing fits.
        kind: Sort of expression, a key of `expressions.draw_queries.KINDS`.
        several: One was asked for and more than one fits.
        compositions: What it combines, as (word, category): `("red", "mug")` for "the red
            mug", `("left of", "mug")` for "the mug left of the bowl"; see `scenes.split`.
        parts: Role, of `language.word_roles.ROLES`, and words of each part of the expression,
            where a data set says so.
    """

    expression: str
    targets: tuple[int, ...]
    kind: str
    several: bool = False
    compositions: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


def target_mask(scene: Scene, query: Query) -> BoolArray:
    """Return the union of the query's targets, (H, W)."""
    mask = np.zeros(scene.image.shape[:2], np.bool_)
    for index in query.targets:
        mask |= scene.objects[index].mask
    return mask
