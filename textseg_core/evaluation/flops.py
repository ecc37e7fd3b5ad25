"""Counts multiplications and parameters of every network, part by part.

Command: `python -m textseg_core.evaluation.flops`. Only this and `comprehension` import torch
here.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from textseg_core.evaluation.report import Table, command_line, markdown, write_text
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.registry import build

MODULE = "textseg_core.evaluation.flops"
#: Networks that are counted: registry name, settings and how the row is called.
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("compact, 320 px", "compact", {"input_px": 320}),
    ("Hu et al. 2016, 512 px", "hu2016", {"input_px": 512}),
    ("Hu et al. 2016, 320 px", "hu2016", {"input_px": 320}),
    (
        "Hu et al. 2016 on MobileNetV2, 320 px",
        "hu2016",
        {"input_px": 320, "backbone": "mobilenet_v2"},
    ),
    ("per-word FCN (Hu et al. 2016), 512 px", "per_word", {"input_px": 512}),
    ("SCRC over 100 proposals, 512 px", "scrc", {}),
    ("GroundeR over 100 proposals, 512 px", "grounder", {}),
    ("classification of 100 segments, 512 px", "segment_proposals", {}),
    ("RMI (Liu et al. 2017), 320 px", "rmi", {}),
    ("its baseline of one LSTM, 320 px", "rmi", {"interaction": "lstm"}),
    ("MAttNet (Yu et al. 2018), 640 px", "mattnet", {}),
    ("Chen et al. 2019, 320 px", "chen2019", {}),
    ("HULANet (Wu et al. 2020), 640 px", "hulanet", {}),
)
VOCABULARY = 10_000
#: Expressions at once when the head's cost per expression is measured, by difference.
QUERIES = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs.

    Attributes:
        name: Of the row.
        encoder_gmac: Per image, 10^9 multiply-adds.
        expression_gmac: Per new expression.
        head_shared_gmac: Of the head, once per image however many expressions are asked.
        head_gmac: Of the head, for each expression.
        parameters: Of image encoder, expression encoder and head.
    """

    name: str
    encoder_gmac: float
    expression_gmac: float
    head_shared_gmac: float
    head_gmac: float
    parameters: tuple[int, int, int]

    @property
    def frame_gmac(self) -> float:
        """Of one frame with one expression that is known already."""
        return self.encoder_gmac + self.head_shared_gmac + self.head_gmac


def measure(name: str, network: SegmentationNetwork) -> Cost:
    """Return what a network costs, counted on tensors without data.

    Convolutions and matrix products count one multiply-add for each product, enlarging by
    bilinear interpolation four for each value that it makes; sums, activations and
    normalisations count nothing, as is usual. The network is left on the device "meta".

    Args:
        name: Of the row.
        network: In any mode; counted in evaluation mode.
    """
    network = network.eval().to("meta")
    image = torch.zeros(1, network.input_px, network.input_px, 3, dtype=torch.uint8, device="meta")
    seen, encoder = _run(network.image_encoder, image)
    costs = []
    for count in (1, QUERIES):
        token_ids = torch.zeros(count, network.tokens, dtype=torch.int64, device="meta")
        read, expression = _run(network.expression_encoder, token_ids)
        _, head = _run(network.query_head, *seen, *read)
        costs.append((expression, head))
    per_query = (costs[1][1] - costs[0][1]) / (QUERIES - 1)
    parts = (network.image_encoder, network.expression_encoder, network.query_head)
    return Cost(
        name,
        encoder,
        costs[0][0],
        costs[0][1] - per_query,
        per_query,
        tuple(sum(p.numel() for p in part.parameters()) for part in parts),  # type: ignore[arg-type]
    )


def _run(part: nn.Module, *inputs: Tensor) -> tuple[tuple[Tensor, ...], float]:
    """Return a part's outputs and its cost in GMAC."""
    counter = FlopCounterMode(
        display=False, custom_mapping={torch.ops.aten.upsample_bilinear2d: _bilinear_flops}
    )
    with torch.no_grad(), counter:
        outputs: tuple[Tensor, ...] = part(*inputs)
    return outputs, counter.get_total_flops() / 2e9


def _bilinear_flops(*_: Any, out_shape: Sequence[int], **__: Any) -> int:
    """Return the operations of one enlargement: four multiply-adds for each value made."""
    return 2 * 4 * prod(out_shape)


def costs_table(costs: Sequence[Cost]) -> Table:
    """Return the table of all networks, beside the first."""
    rows = tuple(
        (
            cost.name,
            f"{cost.encoder_gmac:.3f}",
            f"{cost.head_shared_gmac:.3f}",
            f"{cost.head_gmac:.4f}",
            f"{cost.expression_gmac:.4f}",
            f"{cost.frame_gmac:.3f}",
            f"{cost.frame_gmac / costs[0].frame_gmac:.1f}",
            *(f"{count / 1e6:.2f}" for count in cost.parameters),
        )
        for cost in costs
    )
    columns = (
        "network",
        "image encoder",
        "head, per image",
        "head, per query",
        "new expression",
        "frame with one query",
        "times the first",
        "encoder M parameters",
        "expression M parameters",
        "head M parameters",
    )
    note = (
        "10^9 multiply-adds. Convolutions, matrix products and bilinear enlarging count; the "
        f"embedding has {VOCABULARY} words."
    )
    return Table("Cost of the networks", columns, rows, note)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    with torch.device("meta"):
        networks = [
            (name, build(key, vocabulary_size=VOCABULARY, **settings))
            for name, key, settings in VARIANTS
        ]
    table = costs_table([measure(name, network) for name, network in networks])
    lines = [f"command: `{command_line(MODULE, given)}`", f"PyTorch {torch.__version__}"]
    page = markdown("Cost", [table], lines)
    if options.write is not None:
        write_text(options.write, page)
    print(page)


if __name__ == "__main__":
    main()
