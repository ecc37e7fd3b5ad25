"""Data sets by name: what each is called, how it is divided, and the loader that opens it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from textseg_core.datasets.described import Described
from textseg_core.datasets.phrasecut import load_phrasecut
from textseg_core.datasets.refcoco import PARTITIONS, load_grefcoco, load_refcoco
from textseg_core.datasets.written import load_coco, load_written_photos


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a data set.

    Attributes:
        folder: Where it lies; see docs/datasets.md.
        split: Part of it; the data set's first one if empty.
        partition: Who divided it, where several did; the usual one if empty.
        images: Folder of the pictures, where it is not one of the usual places.
        licences: COCO licence ids of the pictures to admit, all if None.
        count: Expressions for each picture, where they are written.
        seed: Of written expressions.
    """

    folder: Path
    split: str = ""
    partition: str = ""
    images: Path | None = None
    licences: frozenset[int] | None = None
    count: int = 8
    seed: int = 2016


Loader: TypeAlias = Callable[[Request], tuple[Described, ...]]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set that can be opened by name.

    Attributes:
        splits: Its parts, the usual one first; empty if the folder is one part.
        load: Opens it; the request's split is one of `splits` or a combination.
        partitions: Who divided it, the usual division first.
        takes_licences: Its pictures carry COCO licence ids.
    """

    splits: tuple[str, ...]
    load: Loader
    partitions: tuple[str, ...] = ()
    takes_licences: bool = False


def _referit(request: Request) -> tuple[Described, ...]:
    from textseg_core.datasets.referit import load_referit  # SciPy is slow to import

    return load_referit(request.folder, request.split, images=request.images)


def _refcoco(source: str) -> Loader:
    def load(request: Request) -> tuple[Described, ...]:
        return load_refcoco(
            request.folder,
            request.split,
            source=source,
            partition=request.partition,
            images=request.images,
        )

    return load


def _rendered(request: Request) -> tuple[Described, ...]:
    from textseg_core.datasets.rendered import load_rendered

    return load_rendered(request.folder, count=request.count, seed=request.seed)


DATA_SETS: dict[str, DataSet] = {
    "referit": DataSet(("train", "val", "trainval", "test"), _referit),
    "refcoco": DataSet(
        ("train", "val", "testA", "testB", "test"), _refcoco("refcoco"), PARTITIONS["refcoco"]
    ),
    "refcoco+": DataSet(
        ("train", "val", "testA", "testB", "test"), _refcoco("refcoco+"), PARTITIONS["refcoco+"]
    ),
    "refcocog": DataSet(("train", "val", "test"), _refcoco("refcocog"), PARTITIONS["refcocog"]),
    "grefcoco": DataSet(
        ("train", "val", "testA", "testB"),
        lambda request: load_grefcoco(request.folder, request.split, images=request.images),
    ),
    "phrasecut": DataSet(
        ("train", "val", "test", "miniv", "val_miniv"),
        lambda request: load_phrasecut(request.folder, request.split, images=request.images),
    ),
    "coco": DataSet(
        ("train", "val"),
        lambda request: load_coco(
            request.folder,
            request.split,
            images=request.images,
            licences=request.licences,
            count=request.count,
            seed=request.seed,
        ),
        takes_licences=True,
    ),
    "photos": DataSet(
        ("train", "held_out", "all"),
        lambda request: load_written_photos(
            request.folder,
            request.split,
            licences=request.licences,
            count=request.count,
            seed=request.seed,
        ),
        takes_licences=True,
    ),
    "rendered": DataSet((), _rendered),
}


def open_data_set(name: str, request: Request) -> tuple[Described, ...]:
    """Return the pictures of a data set, none of which is read yet.

    Args:
        name: A key of `DATA_SETS`.
        request: Where it lies and what is wanted of it.

    Raises:
        ValueError: The name or an option does not exist, or a file is missing or damaged.
    """
    if name not in DATA_SETS:
        raise ValueError(f"unknown data set {name!r}; expected {', '.join(DATA_SETS)}")
    data_set = DATA_SETS[name]
    for word, wanted, known in (
        ("split", request.split, data_set.splits),
        ("partition", request.partition, data_set.partitions),
    ):
        if wanted and wanted not in known:
            there_is = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"{name} has no {word} {wanted!r}; {there_is}")
    if request.licences is not None and not data_set.takes_licences:
        raise ValueError(f"the pictures of {name} carry no licence ids to choose by")
    if not request.split and data_set.splits:
        request = replace(request, split=data_set.splits[0])
    return data_set.load(request)
