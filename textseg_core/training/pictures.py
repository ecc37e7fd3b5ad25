"""Sample pictures of a run: what is meant in green, what the network answers in red."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.models.base import SegmentationNetwork
from textseg_core.training.augment import prepare
from textseg_core.training.samples import Sample, collate
from textseg_core.training.validation import answers

_GREEN, _RED = (0, 200, 0), (230, 0, 0)
_BAR_PX = 18


def draw_answer(image: UInt8Array, meant: BoolArray, found: BoolArray, text: str) -> UInt8Array:
    """Return an image (S, S, 3) with both outlines and the text below it, (S + 18, S, 3)."""
    size = image.shape[0]
    canvas = np.full((size + _BAR_PX, size, 3), 255, np.uint8)
    canvas[:size] = image
    for mask, color in ((meant, _GREEN), (found, _RED)):
        large = cv2.resize(mask.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, color, 1)
    place = (3, size + _BAR_PX - 6)
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


@torch.no_grad()
def sample_pictures(
    network: SegmentationNetwork,
    samples: Sequence[Sample],
    words: Sequence[str],
    device: torch.device,
    *,
    columns: int = 4,
) -> UInt8Array | None:
    """Return a sheet of the first expressions of some samples; None without samples."""
    network.eval()
    rows = []
    for sample in samples:
        batch = prepare(
            {name: value.to(device) for name, value in collate([sample]).items()}, None
        )
        response, target = (part.float().cpu().numpy() for part in answers(network, batch))
        image = sample["image"].numpy()
        cells = []
        for query in range(columns):
            query %= len(response)
            ids = [int(index) for index in sample["token_ids"][query] if index]
            text = " ".join(words[index] for index in ids)
            cells.append(
                draw_answer(image, target[query, 0] > 0.5, response[query, 0] > 0.5, text)
            )
        rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows) if rows else None
