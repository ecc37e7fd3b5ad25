"""What does not stand in a relation, beside what does: "not next to the bowl"."""

from collections.abc import Mapping

from textseg_core.reasoner.grammar import Description

#: Relations in which things stand more or less.
GRADED = frozenset(("left", "right", "front", "behind", "above", "below", "next", "around", "at"))
#: Counts for not standing so where another thing clearly does more; less than `reason.RIVAL_SHARE`
#: of what does not stand so at all.
OUTDONE = 0.5


def is_graded(other: Description) -> bool:
    """Tell whether what is excluded is only said to stand more or less in relations."""
    attributes = (other.noun, other.colors, other.materials, other.places, other.excluded)
    return (
        bool(other.links)
        and not any(attributes)
        and all(link.key in GRADED for link in other.links)
    )


def complement(fits: Mapping[int, float], share: float) -> dict[int, float]:
    """Return how well what is denied does not hold for each thing, in [0, 1].

    Args:
        fits: How well it holds for each, in [0, 1].
        share: Of the best fit; with less, a thing is not what would be meant without the "not".
    """
    limit = share * max(fits.values(), default=0.0)
    return {i: max(1.0 - fit, OUTDONE if fit < limit else 0.0) for i, fit in fits.items()}
