"""A thing that can be put into a scene: its surface, what it is called, how it stands."""

from dataclasses import dataclass
from typing import Literal

from textseg_core.arrays import Float32Array, Int32Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Solid:
    """A simple body that stands for part of a thing in collisions.

    Attributes:
        kind: MuJoCo's geometry.
        size: Half extents for a box; (radius, half height) for a cylinder or capsule; radii
            for an ellipsoid. Metres.
        center: In the thing's frame, metres.
        yaw_rad: Turn about the z axis.
    """

    kind: Literal["box", "cylinder", "capsule", "ellipsoid"]
    size: tuple[float, ...]
    center: tuple[float, float, float]
    yaw_rad: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectModel:
    """One thing with its textured surface.

    The frame has +z up and its origin in the middle of the base, as the thing stands or lies
    on a table.

    Attributes:
        object_id: Mesh or profile, the unit of the split; see `scenes.split`.
        names: Category first, then synonyms; singular.
        hypernyms: More general nouns that also name it.
        colors: Named colours, largest first.
        material: One word as people say it: glass, metal, wood, plastic, paper, ceramic,
            fabric; empty where unknown or not to be spoken of.
        size_m: Extents x, y, z of the bounding box, metres.
        vertices: (V, 3) metres.
        faces: (F, 3) indices, counter-clockwise seen from outside.
        uv: (V, 2) texture coordinates, v = 0 at the bottom of the texture.
        texture: RGB, (h, w, 3).
        gloss: Specular share, 0..1.
        solids: What collides; together they fill the thing but for its hollow.
        mass_kg: Mass.
        holds: "on" if others may stand on it (plate, tray, box), "in" if they may lie in it
            (bowl, mug, pan, basket), "" if neither.
        inner_m: Width of the hollow or of the top in which others fit, metres; 0 if neither.
    """

    object_id: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    colors: tuple[str, ...]
    material: str
    size_m: tuple[float, float, float]
    vertices: Float32Array
    faces: Int32Array
    uv: Float32Array
    texture: UInt8Array
    gloss: float
    solids: tuple[Solid, ...]
    mass_kg: float
    holds: Literal["", "on", "in"] = ""
    inner_m: float = 0.0
