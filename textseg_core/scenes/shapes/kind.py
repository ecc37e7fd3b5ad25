"""What is common to all profiles of one category of made things."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form


@dataclass(frozen=True, slots=True)
class Finish:
    """What the paint says of the thing.

    Attributes:
        material: As in `ObjectModel`.
        gloss: Specular share, 0..1.
    """

    material: str = ""
    gloss: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeKind:
    """A category of made things.

    Attributes:
        names: Category first, then synonyms.
        hypernyms: More general nouns.
        colors: Main colours that it can have.
        form: Draws the geometry of a profile.
        paint: Paints a canvas in a main colour.
        usual: Those of them that half of all such things have; empty if none stands out.
        variants: Further names of the forms of a variant.
    """

    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    colors: tuple[str, ...]
    form: Callable[[np.random.Generator], Form]
    paint: Callable[[Canvas, str, np.random.Generator], Finish]
    usual: tuple[str, ...] = ()
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def category(self) -> str:
        """The usual name."""
        return self.names[0]
