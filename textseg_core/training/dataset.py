"""The stream of training samples: sample i of a run follows from the seed and i alone.

So neither the number of workers nor a resumed run changes what is learnt from.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import DataLoader, Dataset

from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.expressions.mirror import mirror_words
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.split import admits
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.samples import Annotator, Sample, collate, encode_sample
from textseg_core.training.settings import Stage
from textseg_core.training.sources import SourceSet

_MOST_DRAWS = 100
_SIDES = {"left": "right", "right": "left"}
#: What torch puts around the message of a ValueError in a worker.
_CAUGHT, _SAID_BY_WORKER = "Original Traceback", "\nValueError: "


def mirrored_queries(queries: Sequence[Query]) -> list[Query]:
    """Return queries in the words of the mirrored picture, without held-out compositions."""
    turned = []
    for query in queries:
        pairs = tuple((_SIDES.get(word, word), noun) for word, noun in query.compositions)
        if admits("train", pairs):
            turned.append(
                Query(
                    mirror_words(query.expression), query.targets, query.kind, query.several, pairs
                )
            )
    return turned


def queries_for(
    scene: Scene,
    given: Sequence[Query],
    count: int,
    rng: np.random.Generator,
    *,
    negatives: bool = True,
) -> list[Query]:
    """Return up to `count` queries: those that belong to the scene, or else newly written.

    Args:
        scene: What is described.
        given: Expressions that belong to it; empty to write some.
        count: How many are wanted.
        rng: Source of every choice.
        negatives: Whether expressions that mean nothing are kept.
    """
    queries = list(given) or write_expressions(scene, count, rng, compositions="train")
    return [query for query in queries if negatives or query.targets][:count]


class SampleDrawer(Dataset[Sample]):
    """Draws sample i of a run, for any i.

    Args:
        sources: Where scenes come from.
        tokenizer: Expression -> ids.
        stage: Size, expressions per scene and mixture.
        stride: Of the masks.
        seed: Of the run.
        negatives: Whether expressions that mean nothing are kept.
        annotator: Adds what only some networks learn from.
    """

    def __init__(
        self,
        sources: SourceSet,
        tokenizer: Tokenizer,
        stage: Stage,
        *,
        stride: int,
        seed: int,
        negatives: bool = True,
        annotator: Annotator | None = None,
    ) -> None:
        self._sources = sources
        self._tokenizer = tokenizer
        self._stage = stage
        self._mixture = {
            name: weight for name, weight in stage.mixture.items() if name in sources.by_name
        }
        if not any(self._mixture.values()):
            raise ValueError(f"no source is left of the mixture {dict(stage.mixture)}")
        self._stride = stride
        self._seed = seed
        self._negatives = negatives
        self._annotator = annotator

    def __getitem__(self, index: int) -> Sample:
        """Return sample `index`; scenes of which nothing can be said are drawn again."""
        rng = np.random.default_rng([self._seed, index])
        for _ in range(_MOST_DRAWS):
            _, drawn = self._sources.draw(self._mixture, rng, self._stage.input_px)
            queries = queries_for(
                drawn.scene, drawn.queries, self._stage.queries, rng, negatives=self._negatives
            )
            turned = mirrored_queries(queries) if rng.random() < 0.5 else []
            chosen = turned or queries
            if chosen:
                return encode_sample(
                    drawn.scene,
                    [chosen[i % len(chosen)] for i in range(self._stage.queries)],
                    self._tokenizer,
                    size_px=self._stage.input_px,
                    stride=self._stride,
                    mirror=bool(turned),
                    weak=drawn.weak,
                    annotator=self._annotator,
                )
        raise ValueError(
            f"no expression could be written in {_MOST_DRAWS} scenes of {list(self._mixture)}; "
            "expected scenes with at least one object that can be named"
        )


class StepIndices:
    """Indices of the samples of one process, step by step, without end.

    Args:
        first: Samples that all processes together have drawn so far.
        batch: Samples per step and process.
        rank: Number of this process.
        world: Number of processes.
    """

    def __init__(self, first: int, batch: int, rank: int = 0, world: int = 1) -> None:
        self._first, self._batch, self._rank, self._world = first, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the indices of one step after the other."""
        start = self._first + self._rank * self._batch
        while True:
            yield list(range(start, start + self._batch))
            start += self._world * self._batch


def sample_loader(
    drawer: SampleDrawer, indices: StepIndices, *, workers: int, pin: bool
) -> DataLoader[Sample]:
    """Return batches of samples, drawn ahead by `workers` processes or, with 0, in the loop."""
    return DataLoader(
        drawer,
        batch_sampler=indices,  # without end, so it has no length
        collate_fn=collate,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pin,
    )


def endless(loader: DataLoader[Sample]) -> Iterator[Sample]:
    """Yield a loader's batches.

    Raises:
        ValueError: If a scene cannot be drawn; a worker's message comes without the account of its
            calls, with which torch surrounds it.
    """
    try:
        yield from loader
    except ValueError as error:
        before, said, message = str(error).rpartition(_SAID_BY_WORKER)
        if not said or _CAUGHT not in before:
            raise
        raise ValueError(message.strip()) from error
