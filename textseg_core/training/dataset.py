"""Training samples: one drawn scene with several expressions and their masks."""

from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.scene import Query, Scene, target_mask
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.compose import SceneSources, change_light, draw_scene

Sample: TypeAlias = dict[str, Tensor]


def encode_sample(scene: Scene, queries: list[Query], tokenizer: Tokenizer, stride: int) -> Sample:
    """Return the tensors of one scene.

    Args:
        scene: Of side S.
        queries: Q expressions about it.
        tokenizer: Expression -> ids of length T.
        stride: Pixels per cell of the target masks.

    Returns:
        `image` (S, S, 3) uint8, `token_ids` (Q, T) int64, `target` (Q, 1, S / stride,
        S / stride) float16, the share of each cell that is foreground, `presence` (Q,)
        and `several` (Q,) float32.
    """
    side = scene.image.shape[0] // stride
    targets = np.stack(
        [
            cv2.resize(
                target_mask(scene, query).astype(np.float32),
                (side, side),
                interpolation=cv2.INTER_AREA,
            )
            for query in queries
        ]
    )
    ids = np.concatenate([tokenizer.encode(query.expression).token_ids for query in queries])
    return {
        "image": torch.from_numpy(np.ascontiguousarray(scene.image)),
        "token_ids": torch.from_numpy(ids),
        "target": torch.from_numpy(targets.astype(np.float16))[:, None],
        "presence": torch.tensor([float(bool(query.targets)) for query in queries]),
        "several": torch.tensor([float(query.several) for query in queries]),
    }


class SceneDataset(IterableDataset[Sample]):
    """Draws scenes without end; each worker draws its own.

    Args:
        sources: What scenes are made of.
        tokenizer: Expression -> ids.
        input_px: Side of a scene.
        stride: Of the target masks.
        queries: Expressions per scene; scenes with fewer cases repeat some.
        seed: The same seed and number of workers give the same samples.
    """

    def __init__(
        self,
        sources: SceneSources,
        tokenizer: Tokenizer,
        *,
        input_px: int,
        stride: int,
        queries: int,
        seed: int,
    ):
        self._sources = sources
        self._tokenizer = tokenizer
        self._input_px = input_px
        self._stride = stride
        self._queries = queries
        self._seed = seed

    def __iter__(self) -> Iterator[Sample]:
        """Yield samples for ever."""
        worker = get_worker_info()
        rng = np.random.default_rng([self._seed, 0 if worker is None else worker.id])
        cv2.setNumThreads(1)  # the training itself needs the cores
        while True:
            scene = draw_scene(self._sources, self._input_px, rng)
            queries = write_expressions(scene, self._queries, rng)
            if not queries:
                continue
            queries = [queries[i % len(queries)] for i in range(self._queries)]
            lit = Scene(change_light(scene.image, rng), scene.objects, scene.closed_names)
            yield encode_sample(lit, queries, self._tokenizer, self._stride)
