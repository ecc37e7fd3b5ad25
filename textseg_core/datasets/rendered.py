"""Rendered scenes from the cache, with expressions that are written while loading."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from textseg_core.datasets.described import Described, Loaded
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.split import Compositions


@dataclass(frozen=True, slots=True)
class _Writer:
    scenes: RenderedScenes
    compositions: Compositions
    count: int
    seed: int

    def read(self, position: int) -> Loaded:
        scene = self.scenes[position]
        rng = np.random.default_rng([self.seed, position])
        queries = write_expressions(scene, self.count, rng, compositions=self.compositions)
        return scene, tuple(queries)


def load_rendered(folder: Path, *, count: int = 8, seed: int = 2016) -> tuple[Described, ...]:
    """Index the scenes that `textseg_core.scenes.generate` wrote.

    Expressions combine what the scenes' own split admits, see `scenes.split.admits`.

    Args:
        folder: The generator's `--out`.
        count: Expressions to try for in each scene.
        seed: The same seed gives the same expressions.

    Raises:
        ValueError: The folder holds no scenes, or damaged ones.
    """
    scenes = RenderedScenes(folder)
    known: tuple[Compositions, ...] = get_args(Compositions)
    compositions = next((name for name in known if name == scenes.split), None)
    if compositions is None:
        raise ValueError(f"{folder}: expected scenes of {', '.join(known)}, got {scenes.split!r}")
    writer = _Writer(scenes, compositions, count, seed)
    return tuple(
        Described("rendered", str(position), None, (), partial(writer.read, position))
        for position in range(len(writer.scenes))
    )
