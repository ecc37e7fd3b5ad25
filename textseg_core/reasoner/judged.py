"""What the reasoner says of one instance, and why; and the parts of a thing."""

from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_core.reasoner.propose import Instance

#: Two are told apart only if what is said fits one less than by this share of how well it fits the
#: other.
ALIKE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against an instance.

    Attributes:
        words: "next to apple 1", "red".
        score: How well it holds, in [0, 1].
    """

    words: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One instance of the target's noun.

    Attributes:
        name: "jar 2": its noun, and its number from the left.
        instance: What was proposed.
        score: How well everything that is said fits it, in [0, 1].
        reasons: What was judged, in the order of the modules.
    """

    name: str
    instance: Instance
    score: float
    reasons: tuple[Reason, ...]

    @property
    def said(self) -> float:
        """How well what is said fits it, whatever the proposer makes of its noun; in [0, 1]."""
        return self.score / max(self.instance.score, 1e-9)

    @property
    def explanation(self) -> str:
        """In one line: `jar 2: next to apple 1, 0.91`."""
        said = "; ".join(f"{reason.words}, {reason.score:.2f}" for reason in self.reasons)
        return f"{self.name}: {said}" if said else f"{self.name}: {self.score:.2f}"


def part_of(one: Instance, side: str) -> BoolArray:
    """Return the half of an instance on a side; the middle third for the middle."""
    x0, y0, x1, y1 = (int(edge) for edge in one.box)
    part = np.zeros_like(one.mask)
    u, v = (x0 + x1) // 2, (y0 + y1) // 2
    if side in ("left", "right"):
        columns = slice(x0, u) if side == "left" else slice(u, x1)
        part[y0:y1, columns] = one.mask[y0:y1, columns]
    elif side == "middle":
        third = slice(x0 + (x1 - x0) // 3, x1 - (x1 - x0) // 3)
        part[y0:y1, third] = one.mask[y0:y1, third]
    else:
        rows = slice(y0, v) if side in ("top", "far") else slice(v, y1)
        part[rows] = one.mask[rows]
    return part
