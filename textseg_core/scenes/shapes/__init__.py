"""Things that the project makes itself: geometry by the object's id, colours by chance.

An id is "<category>-<three digits>"; what the shape looks like follows from a digest of it, so
that a profile kept for the test scenes is kept in every colour.
"""

import functools
import hashlib
from collections.abc import Collection

import numpy as np

from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.shapes import (
    baked,
    boards,
    books,
    boxes,
    cookware,
    cutlery,
    devices,
    figures,
    fruit,
    household,
    packaged,
    tableware,
    tools,
    toys,
    vegetables,
    vessels,
)
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form
from textseg_core.scenes.shapes.kind import Finish, ShapeKind

__all__ = [
    "PROFILES",
    "ShapeKind",
    "build_shape",
    "catalogue",
    "nouns",
    "possible_colors",
    "profile_ids",
]

PROFILES = 64
_MODULES = (
    vessels,
    tableware,
    cookware,
    boards,
    cutlery,
    packaged,
    boxes,
    books,
    toys,
    figures,
    fruit,
    vegetables,
    baked,
    household,
    devices,
    tools,
)
_KINDS: dict[str, ShapeKind] = {
    kind.category: kind for module in _MODULES for kind in module.KINDS
}
_TRIES = 100
_SECOND_SHARE = 0.12  # less of a colour than this goes unnamed
_CLEAR_LEAD = 1.35  # of the main colour over the second


def catalogue() -> tuple[ShapeKind, ...]:
    """Return all kinds."""
    return tuple(_KINDS.values())


def profile_ids() -> tuple[str, ...]:
    """Return the ids of all profiles, 64 of each category."""
    return tuple(f"{category}-{number:03d}" for category in _KINDS for number in range(PROFILES))


def nouns() -> tuple[str, ...]:
    """Return every name and hypernym that a made thing may have, each once."""
    found: dict[str, None] = {}
    for kind in _KINDS.values():
        for group in (kind.names, *kind.variants.values(), kind.hypernyms):
            found.update(dict.fromkeys(group))
    return tuple(found)


def possible_colors(category: str) -> tuple[str, ...]:
    """Return the main colours of a category; raise ValueError if it is not made here."""
    return _kind(category).colors


def _kind(category: str) -> ShapeKind:
    if category not in _KINDS:
        raise ValueError(f"no made shape is called {category!r}; there are {', '.join(_KINDS)}")
    return _KINDS[category]


@functools.lru_cache(maxsize=1024)
def _form(object_id: str) -> Form:
    category, dash, number = object_id.rpartition("-")
    if not dash or len(number) != 3 or not number.isdecimal() or int(number) >= PROFILES:
        raise ValueError(
            f"unknown shape {object_id!r}: expected a category, a dash and a number from "
            f"000 to {PROFILES - 1:03d}, such as 'mug-007'"
        )
    digest = hashlib.sha256(f"shape {object_id}".encode()).digest()
    return _kind(category).form(np.random.default_rng(int.from_bytes(digest[:8], "big")))


def _paint(
    kind: ShapeKind, form: Form, main: str, rng: np.random.Generator
) -> tuple[Canvas, Finish, tuple[str, ...]]:
    """Paint until the main colour leads clearly.

    Raises:
        RuntimeError: If no try does, which is a defect of the kind's paint.
    """
    for _ in range(_TRIES):
        canvas = Canvas(form, rng)
        finish = kind.paint(canvas, main, rng)
        (first, share), *rest = canvas.shares()
        if first == main and share >= _CLEAR_LEAD * max([0.0, *(s for _, s in rest)]):
            return canvas, finish, (first, *(n for n, s in rest if s > _SECOND_SHARE))
    raise RuntimeError(f"a {kind.category} was painted {_TRIES} times without {main} leading")


def build_shape(
    object_id: str, rng: np.random.Generator, *, colors: Collection[str] | None = None
) -> ObjectModel:
    """Return a made thing.

    Args:
        object_id: Profile, one of `profile_ids`; it alone decides the geometry.
        rng: Draws colours, pattern, label and material.
        colors: Main colours allowed; all that the category can have if left out.

    Raises:
        ValueError: If the id is unknown or `colors` leaves no main colour.
    """
    form = _form(object_id)
    kind = _KINDS[object_id.rpartition("-")[0]]
    allowed = [c for c in kind.colors if colors is None or c in colors]
    if not allowed:
        raise ValueError(
            f"{object_id} cannot be {' or '.join(sorted(colors or ())) or 'without a colour'}: "
            f"allow at least one of {', '.join(kind.colors)}"
        )
    usual = [color for color in kind.usual if color in allowed]
    main = str(rng.choice(usual if usual and rng.random() < 0.5 else allowed))
    canvas, finish, named = _paint(kind, form, main, rng)
    extents = form.vertices.max(axis=0) - form.vertices.min(axis=0)
    return ObjectModel(
        object_id=object_id,
        names=(*kind.names, *kind.variants.get(form.variant, ())),
        hypernyms=kind.hypernyms,
        colors=named,
        material=finish.material,
        size_m=(float(extents[0]), float(extents[1]), float(extents[2])),
        vertices=form.vertices,
        faces=form.faces,
        uv=form.uv,
        texture=canvas.texture(),
        gloss=finish.gloss,
        solids=form.solids,
        mass_kg=form.mass_kg,
        holds=form.holds,
        inner_m=form.inner_m,
    )
