"""The one sample type of all data sets: a picture, what is in it and expressions about it."""

import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from textseg_core.scenes.scene import Query, Scene

#: A scene with the expressions about it.
Loaded: TypeAlias = tuple[Scene, tuple[Query, ...]]

#: Kind of the expressions that people wrote, where the data set does not say more.
REFERRING = "referring"


@dataclass(frozen=True, slots=True)
class Described:
    """One picture of a data set with its expressions; nothing is read before `load`.

    Attributes:
        source: Name of the data set, as in `registry.DATA_SETS`.
        key: Name of the picture, unique within the data set.
        image_path: The picture; None if it does not come from one file.
        expressions: As people wrote them, known without loading; empty where the
            expressions are written from the annotation while loading.
        read: Reads and decodes; `load` calls it.
    """

    source: str
    key: str
    image_path: Path | None
    expressions: tuple[str, ...]
    read: Callable[[], Loaded] = field(repr=False, compare=False)

    def load(self) -> Loaded:
        """Read picture and masks; the same at every call.

        Raises:
            ValueError: A file is missing or damaged; the message names it.
        """
        return self.read()


class Asked(NamedTuple):
    """An expression as the index of a data set has it.

    Attributes:
        expression: The words.
        ids: What it means, by the data set's own ids; empty if nothing fits.
        kind: As in `Query`.
        several: As in `Query`.
        parts: As in `Query`.
    """

    expression: str
    ids: tuple[Hashable, ...]
    kind: str = REFERRING
    several: bool = False
    parts: tuple[tuple[str, str], ...] = ()


def to_queries(asked: Iterable[Asked], places: Mapping[Any, int], where: str) -> tuple[Query, ...]:
    """Return the queries of a scene.

    An annotation without a pixel is no object of a scene. An expression that means only such
    would look like one that means nothing; it is left out with a warning.

    Args:
        asked: Expressions with the ids of what they mean.
        places: Index in the scene of every id that is visible.
        where: Data set and picture, for the warning.
    """
    queries = []
    for expression, ids, kind, several, parts in asked:
        targets = tuple(dict.fromkeys(places[name] for name in ids if name in places))
        if ids and not targets:
            warnings.warn(
                f"{where}: {expression!r} is left out, as its annotation {ids} has no pixel",
                RuntimeWarning,
                stacklevel=2,
            )
            continue
        queries.append(Query(expression, targets, kind, several, parts=parts))
    return tuple(queries)
