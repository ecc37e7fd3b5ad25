"""What a training picture holds: an image and the objects that can be named in it."""

from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import BoolArray, UInt8Array


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
    """

    names: tuple[str, ...]
    mask: BoolArray
    hypernyms: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    upright_base: bool = False
    countable: bool = True
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
    """

    image: UInt8Array
    objects: tuple[SceneObject, ...]
    closed_names: frozenset[str]
    hidden_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Query:
    """An expression about a scene and what it means there.

    Attributes:
        expression: The words.
        targets: Indices into the scene's objects; empty if nothing fits.
        kind: Sort of expression: category, plural, colour, place, size, ordinal,
            relation, between, absent.
        several: One was asked for and more than one fits.
    """

    expression: str
    targets: tuple[int, ...]
    kind: str
    several: bool = False


def target_mask(scene: Scene, query: Query) -> BoolArray:
    """Return the union of the query's targets, (H, W)."""
    mask = np.zeros(scene.image.shape[:2], np.bool_)
    for index in query.targets:
        mask |= scene.objects[index].mask
    return mask
