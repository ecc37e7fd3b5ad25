"""Baseline of Hu et al. 2016, "classification over segmentation proposals"."""

from textseg_core.models.grounder import GrounderNetwork


class SegmentProposalsNetwork(GrounderNetwork):
    """Says of each proposed segment whether an expression means it; answers with the best.

    The layers are those of `GrounderNetwork`, over segments in place of boxes, and so are the
    settings, but `answer`, which can only be "segment". It is taught otherwise.

    Source:
        Hu et al. 2016, section 4.1, arXiv:1603.06180.
    """

    name = "segment_proposals"
    kinds = ("segment",)
