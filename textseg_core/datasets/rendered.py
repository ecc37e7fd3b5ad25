"""Rendered scenes from the cache, with expressions that are written while loading."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from textseg_core.datasets.described import Described, Loaded
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.cache import RenderedScenes


@dataclass(frozen=True, slots=True)
class _Writer:
    scenes: RenderedScenes
    count: int
    seed: int

    def read(self, position: int) -> Loaded:
        scene = self.scenes[position]
        rng = np.random.default_rng([self.seed, position])
        return scene, tuple(write_expressions(scene, self.count, rng))


def load_rendered(folder: Path, *, count: int = 8, seed: int = 2016) -> tuple[Described, ...]:
    """Index the scenes that `textseg_core.scenes.generate` wrote.

    Args:
        folder: The generator's `--out`.
        count: Expressions to try for in each scene.
        seed: The same seed gives the same expressions.

    Raises:
        ValueError: The folder holds no scenes, or damaged ones.
    """
    writer = _Writer(RenderedScenes(folder), count, seed)
    return tuple(
        Described("rendered", str(position), None, (), partial(writer.read, position))
        for position in range(len(writer.scenes))
    )
