"""How far a figure would move with other pictures: bootstrap over pictures, not expressions."""

from collections.abc import Sequence

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.evaluation.metrics import Figure
from textseg_core.evaluation.records import Record

RESAMPLES = 2000
SEED = 1979


def interval(
    records: Sequence[Record], figure: Figure, *, resamples: int = RESAMPLES, share: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a figure under resampling of clusters.

    Expressions about one picture succeed and fail together, so whole clusters are drawn with
    replacement. The same records give the same interval.

    Args:
        records: Answers.
        figure: What is computed of them.
        resamples: How many times to draw.
        share: Of the resamples that the interval holds.

    Returns:
        Lower and upper end; NaN for both with fewer than two clusters, where nothing is known
        of the spread.

    Source:
        Efron 1979, doi:10.1214/aos/1176344552; clusters: Davison and Hinkley 1997, section 3.8.
    """
    clusters: dict[str, list[Record]] = {}
    for record in records:
        if figure.terms(record) is not None:
            clusters.setdefault(record.cluster, []).append(record)
    return interval_of_sums(
        np.array([figure.sums(clusters[name]) for name in sorted(clusters)]).reshape(-1, 2),
        resamples=resamples,
        share=share,
    )


def interval_of_sums(
    sums: Float64Array, *, resamples: int = RESAMPLES, share: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a ratio of sums under resampling of its rows.

    Args:
        sums: Numerator and denominator of each cluster, (S, 2).
        resamples: How many times to draw.
        share: Of the resamples that the interval holds.

    Returns:
        Lower and upper end; NaN for both with fewer than two rows.
    """
    count = len(sums)
    if count < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng([SEED, count])
    weights = rng.multinomial(count, np.full(count, 1.0 / count), size=resamples)
    drawn = weights @ sums
    ratios = drawn[drawn[:, 1] > 0, 0] / drawn[drawn[:, 1] > 0, 1]
    low, high = np.quantile(ratios, [(1.0 - share) / 2.0, (1.0 + share) / 2.0])
    return float(low), float(high)
