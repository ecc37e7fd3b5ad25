"""Counts what a data set holds and draws a few samples with their masks.

Command: `python -m textseg_core.datasets.show NAME FOLDER [--split S] [--out FOLDER]`.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.datasets.described import Described
from textseg_core.datasets.drawing import caption, draw_query
from textseg_core.datasets.grocery import SPLITS, LabelledPhoto, load_grocery
from textseg_core.datasets.registry import DATA_SETS, Request, open_data_set

PER_PICTURE = 6  # expressions drawn of one picture
Item = TypeVar("Item")


def counts(described: Sequence[Described]) -> str:
    """Return one line: pictures, expressions, and their mean length in words."""
    expressions = [text for item in described for text in item.expressions]
    pictures = f"{len(described):,} pictures"
    if not expressions:
        return f"{pictures}; expressions are written while they are loaded"
    words = sum(len(text.split()) for text in expressions) / len(expressions)
    return f"{pictures}, {len(expressions):,} expressions of {words:.2f} words in the mean"


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return that many items, or all, evenly from the first to the last."""
    places = np.linspace(0, len(items) - 1, min(count, len(items)))
    return [items[round(place)] for place in places]


def draw(described: Sequence[Described], out: Path) -> Counter[str]:
    """Draw expressions of some pictures as PNG files; return how many of each kind there were."""
    kinds: Counter[str] = Counter()
    for item in described:
        scene, queries = item.load()
        kinds.update(query.kind for query in queries)
        for number, query in enumerate(spread(queries, PER_PICTURE)):
            _write(out / f"{_file_name(item.key)}_{number}.png", draw_query(scene, query))
    return kinds


def _file_name(key: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in key)


def _write(path: Path, rgb: UInt8Array) -> None:
    if not cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)):
        raise ValueError(f"{path}: cannot be written")


def show_grocery(photos: Sequence[LabelledPhoto], samples: int, out: Path | None) -> None:
    """Print the counts of labelled photographs and draw some with their names."""
    groups = Counter(photo.group for photo in photos)
    print(f"{len(photos):,} photographs without masks, of {len({p.fine for p in photos})} classes")
    print(", ".join(f"{group} {count:,}" for group, count in groups.most_common()))
    if out:
        for photo in spread(photos, samples):
            image = photo.load()
            band = caption(photo.fine, photo.category, image)
            _write(out / f"{photo.image_path.stem}.png", np.vstack([band, image]))


def show(arguments: argparse.Namespace) -> None:
    """Do what the command line asks.

    Raises:
        ValueError: An option does not fit the data set, or a file is missing or damaged.
    """
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.name == "grocery":
        photos = load_grocery(arguments.folder, arguments.split or next(iter(SPLITS)))
        show_grocery(photos, arguments.samples, arguments.out)
        return
    request = Request(
        folder=arguments.folder,
        split=arguments.split,
        partition=arguments.partition,
        images=arguments.images,
        licences=arguments.licenses,
    )
    described = open_data_set(arguments.name, request)
    print(counts(described))
    if arguments.out:
        kinds = draw(spread(described, arguments.samples), arguments.out)
        print(
            f"drawn in {arguments.out}: "
            + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        )


def _ids(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(","))


def main(words: Sequence[str] | None = None) -> None:
    """Run the command; a data set that cannot be read ends it with one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", choices=[*DATA_SETS, "grocery"], metavar="NAME")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--split", default="", help="the data set's first one if left out")
    parser.add_argument("--partition", default="", help="unc, google or umd, for RefCOCO")
    parser.add_argument("--images", type=Path, help="pictures, where they lie elsewhere")
    parser.add_argument("--licenses", type=_ids, help="COCO licence ids to admit, as 4,5,7")
    parser.add_argument("--samples", type=int, default=4, help="pictures to draw")
    parser.add_argument("--out", type=Path, help="folder for the drawings; none without it")
    try:
        show(parser.parse_args(words))
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
