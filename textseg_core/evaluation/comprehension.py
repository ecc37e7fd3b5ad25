"""Scores MAttNet on comprehension: which thing an expression means, of given and found ones.

Command: `python -m textseg_core.evaluation.comprehension --checkpoint FILE --format NAME --folder
FOLDER`, the data sets of docs/datasets.md. It runs in torch; prints Markdown.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from textseg_core.datasets.described import Described
from textseg_core.datasets.registry import DATA_SETS, Request, open_data_set
from textseg_core.evaluation.answering import cluster_of
from textseg_core.evaluation.metrics import MEAN_IOU, OVERALL_IOU, PRECISION_AT, precision
from textseg_core.evaluation.records import Record, judge_mask
from textseg_core.evaluation.report import (
    Table,
    command_line,
    machine,
    markdown,
    number,
    write_text,
)
from textseg_core.models import registry
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.detection.proposals import category_index
from textseg_core.models.mattnet import MODULES, MattNetwork
from textseg_core.preprocess import letterbox_image
from textseg_core.response import Response
from textseg_core.scenes.scene import Query, Scene
from textseg_core.tokenizer import Tokenizer

MODULE = "textseg_core.evaluation.comprehension"
#: A box that was found is right if its IoU with the one meant is greater.
RIGHT_IOU = 0.5
#: Response of a pixel from which on it belongs to a mask that was found.
ANSWERED = 0.5

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Comprehended:
    """What was answered to one expression that means one thing.

    Attributes:
        kind: Of the expression.
        given: The right one of the annotated boxes was chosen.
        found: The box chosen of those found is right.
        reachable: Any of those found would have been right.
        weights: Of the modules.
        true_mask: The mask, as annotated, of the annotated thing that was chosen.
        given_mask: The mask that the detector sees in that thing's annotated box.
        found_mask: The mask of the thing chosen of those found.
    """

    kind: str
    given: bool
    found: bool
    reachable: bool
    weights: tuple[float, ...]
    true_mask: Record
    given_mask: Record
    found_mask: Record


def box_iou(first: Box, second: Box) -> float:
    """Return the share of the united area of two boxes that they have in common."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / max(sum(areas) - shared, 1e-9)


def comprehend(
    network: MattNetwork, tokenizer: Tokenizer, scene: Scene, queries: Sequence[Query]
) -> list[Comprehended]:
    """Ask about one picture; expressions that do not mean exactly one thing are left out.

    Annotated boxes come with their categories, as in the paper; crowd regions are no things.

    Args:
        network: In evaluation mode, on the CPU.
        tokenizer: Of its words.
        scene: The picture with its things.
        queries: Expressions about it.
    """
    places = [index for index, thing in enumerate(scene.objects) if thing.countable]
    asked = [
        query
        for query in queries
        if len(query.targets) == 1 and not query.several and query.targets[0] in places
    ]
    if not asked:
        return []
    image, letterbox = letterbox_image(scene.image, network.input_px)
    picture = torch.from_numpy(image)[None]
    ids = torch.cat([torch.from_numpy(tokenizer.encode(q.expression).token_ids) for q in asked])
    boxes = [letterbox.box_to_input(scene.objects[index].box) for index in places]
    categories = network.image_encoder.detector.categories
    things = [scene.objects[index] for index in places]
    labels = torch.tensor(
        [category_index((*thing.names, *thing.hypernyms), categories) for thing in things]
    )
    given = network.comprehend(picture, ids, torch.tensor(boxes), labels)
    found = network.comprehend(picture, ids)
    drawn = [
        [Response(logits.numpy(), letterbox).everywhere() > ANSWERED for logits in masks]
        for masks in (network.draw(given), network.draw(found))
    ]
    cluster = cluster_of(scene.scene_id)
    proposed = _boxes(found.proposals.boxes[0][found.proposals.valid[0] > 0])
    answers = []
    for row, query in enumerate(asked):
        meant = boxes[places.index(query.targets[0])]
        (answer,) = _boxes(found.boxes[row, None])
        chosen = places[int(given.chosen[row])]
        masks = (scene.objects[chosen].mask, drawn[0][row], drawn[1][row])
        answers.append(
            Comprehended(
                query.kind,
                chosen == query.targets[0],
                box_iou(answer, meant) > RIGHT_IOU,
                any(box_iou(box, meant) > RIGHT_IOU for box in proposed),
                tuple(found.weights[row].tolist()),
                *(judge_mask(scene, query, mask, cluster) for mask in masks),
            )
        )
    return answers


def _boxes(boxes: torch.Tensor) -> list[Box]:
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()]


def accuracy_table(answers: Sequence[Comprehended]) -> Table:
    """Return the accuracies by kind of expression, all of them first."""
    kinds = sorted({answer.kind for answer in answers})
    groups = [("all", list(answers))]
    groups += [(kind, [a for a in answers if a.kind == kind]) for kind in kinds]
    rows = tuple(
        (
            name,
            str(len(own)),
            _share(a.given for a in own),
            _share(a.found for a in own),
            _share(a.reachable for a in own),
            *(_mean(a.weights[place] for a in own) for place in range(len(MODULES))),
        )
        for name, own in groups
    )
    columns = (
        "expressions",
        "count",
        "accuracy, annotated boxes",
        "accuracy, found boxes",
        "of these within reach",
        *(f"weight of {module}" for module in MODULES),
    )
    note = f"A found box is right if its IoU is above {RIGHT_IOU:g}; one within reach would be."
    return Table("Comprehension", columns, rows, note)


def mask_table(answers: Sequence[Comprehended]) -> Table:
    """Return how good the masks of what was chosen are: true things first, then found ones."""
    figures = (OVERALL_IOU, MEAN_IOU, *(precision(at) for at in PRECISION_AT))
    chosen_of = {
        "annotated things, their true masks": [answer.true_mask for answer in answers],
        "annotated boxes, masks found in them": [answer.given_mask for answer in answers],
        "found boxes, masks found in them": [answer.found_mask for answer in answers],
    }
    rows = tuple(
        (name, str(len(records)), *(number(figure.of(records)) for figure in figures))
        for name, records in chosen_of.items()
    )
    columns = ("chosen among", "expressions", *(figure.name for figure in figures))
    note = "Of expressions that mean one thing; nothing is refused."
    return Table("Masks of what was chosen", columns, rows, note)


def _share(values: Iterable[bool]) -> str:
    return _mean(float(value) for value in values)


def _mean(values: Iterable[float]) -> str:
    listed = list(values)
    return number(sum(listed) / len(listed) if listed else float("nan"))


def load_mattnet(path: Path) -> tuple[MattNetwork, Tokenizer]:
    """Return a checkpoint's network and tokenizer.

    Raises:
        ValueError: If the file is missing, damaged or of another network.
    """
    try:
        checkpoint = load_checkpoint(path)
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: --checkpoint wants a run's .safetensors") from error
    network = checkpoint.network()
    if not isinstance(network, MattNetwork):
        raise ValueError(
            f"{path} is of network {checkpoint.name!r}; only mattnet answers with boxes"
        )
    known = registry.entry(network.name)
    words = checkpoint.vocabulary
    return network, Tokenizer(words, network.tokens, known.padding, known.tokenizer)


def comprehend_pictures(path: Path, pictures: Iterable[Described]) -> list[Comprehended]:
    """Ask a checkpoint about pictures, as `comprehend` does.

    Raises:
        ValueError: If the file is missing, damaged or of another network.
    """
    network, tokenizer = load_mattnet(path)
    answers: list[Comprehended] = []
    for picture in pictures:
        answers += comprehend(network, tokenizer, *picture.load())
    return answers


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="of a run of mattnet")
    parser.add_argument("--format", choices=sorted(DATA_SETS), default="rendered")
    parser.add_argument("--folder", type=Path, required=True, help="of the data set")
    parser.add_argument("--split", default="", help="its first one if left out")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        request = Request(folder=options.folder, split=options.split)
        pictures = open_data_set(options.format, request)[: options.limit]
        answers = comprehend_pictures(options.checkpoint, pictures)
        if not answers:
            raise ValueError(f"{options.folder}: no expression means exactly one thing")
    except ValueError as error:
        sys.exit(f"{MODULE}: {error}")
    lines = [f"command: `{command_line(MODULE, given)}`", f"machine: {machine('PyTorch')}"]
    tables = [accuracy_table(answers), mask_table(answers)]
    page = markdown("MAttNet: comprehension", tables, lines)
    if options.write is not None:
        write_text(options.write, page)
    print(page, end="")


if __name__ == "__main__":
    main()
