"""Measures region proposals: how well the best of them fits each object, and how long they take.

Command: `python -m textseg_core.evaluation.proposals --data NAME --folder FOLDER`. No network that
answers with one of its proposals can do better than this.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from textseg_core.datasets.described import Described
from textseg_core.datasets.registry import Request, open_data_set
from textseg_core.evaluation.report import Table, command_line, machine, markdown, write_text
from textseg_core.preprocess import letterbox_image
from textseg_core.proposals import Kind, box_mask, grab_cut, propose
from textseg_core.scenes.scene import target_mask

MODULE = "textseg_core.evaluation.proposals"
MARKS = (0.5, 0.7, 0.9)
_BOXED = "box, with the target's box"


def best_ious(
    pictures: Sequence[Described], *, size_px: int, count: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return, of every expression with a target, the best IoU of any proposal by its answer.

    Args:
        pictures: Of any data set.
        size_px: Side of the square in which regions are proposed, as networks see them.
        count: Most proposals of a picture.

    Returns:
        IoUs and milliseconds of the processor, by answer.
    """
    ious: dict[str, list[float]] = {"segment": [], _BOXED: [], "box, as a mask": []}
    spent_ms: dict[str, list[float]] = {"segment": [], "box": [], "grabcut": []}
    for picture in pictures:
        scene, queries = picture.load()
        image, _ = letterbox_image(scene.image, size_px)
        found = {}
        kinds: tuple[Kind, ...] = get_args(Kind)
        for kind in kinds:
            started = time.process_time()
            found[kind] = propose(image, count, kind)
            spent_ms[kind].append(1e3 * (time.process_time() - started))
        started = time.process_time()
        grab_cut(image, found["box"].boxes[0])
        spent_ms["grabcut"].append(1e3 * (time.process_time() - started))
        for query in queries:
            square, _ = letterbox_image(
                target_mask(scene, query).astype(np.uint8)[..., None].repeat(3, 2) * 255, size_px
            )
            target = square[..., 0] > 127
            if not target.any():
                continue
            boxes = found["box"]
            ious["segment"].append(float(found["segment"].segment_ious(target).max()))
            ious[_BOXED].append(float(boxes.box_ious(target).max()))
            masks = (box_mask(box, target.shape) for box in boxes.boxes)
            ious["box, as a mask"].append(
                max(float((mask & target).sum() / (mask | target).sum()) for mask in masks)
            )
    return ious, spent_ms


def proposal_table(ious: dict[str, list[float]], spent_ms: dict[str, list[float]]) -> Table:
    """Return the figures, a row for each answer."""
    columns = ("best proposal", "expressions", "mean IoU", *(f"IoU >= {at}" for at in MARKS))
    rows = tuple(
        (
            name,
            str(len(values)),
            f"{np.mean(values):.3f}",
            *(f"{np.mean(np.array(values) >= at):.3f}" for at in MARKS),
        )
        for name, values in ious.items()
    )
    times = ", ".join(f"{name} {np.mean(values):.0f}" for name, values in spent_ms.items())
    note = f"Milliseconds of one core, mean of a picture: {times}."
    return Table("What the proposals allow", columns, rows, note)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="rendered", help="name of the data set")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--split", default="")
    parser.add_argument("--size", type=int, default=320, help="side of the network's input")
    parser.add_argument("--count", type=int, default=100, help="proposals of a picture")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th picture")
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        request = Request(folder=options.folder, split=options.split)
        pictures = open_data_set(options.data, request)[:: options.every]
        table = proposal_table(*best_ious(pictures, size_px=options.size, count=options.count))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")
    lines = [
        f"command: `{command_line(MODULE, given)}`",
        f"machine: {machine('NumPy and OpenCV')}",
        f"{len(pictures)} pictures",
    ]
    page = markdown(f"Proposals on {options.data}", [table], lines)
    if options.write is not None:
        write_text(options.write, page)
    print(page)


if __name__ == "__main__":
    main()
