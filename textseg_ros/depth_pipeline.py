"""Segmentations of a colour image -> where their objects lie, or why that is not known."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_core.segmentation import Segmentation
from textseg_core.space.localise import LocalisationError, localise, moved
from textseg_ros.depth_view import DepthView, DepthViewer
from textseg_ros.placed import PlacedObject, PlacedResult


class DepthPipeline:
    """Places what was segmented; one thread at a time may call it.

    Attributes:
        viewer: Gives the depth of a colour image, and counts what it refuses.
        unplaced: How many objects could not be placed though their image has depth.

    Args:
        viewer: As the attribute.
    """

    def __init__(self, viewer: DepthViewer) -> None:
        self.viewer = viewer
        self.unplaced = 0

    def locate(
        self, colour: Any, segmentations: Sequence[Segmentation]
    ) -> tuple[PlacedResult, ...]:
        """Return where the objects of each segmentation lie.

        Depth image and transform are waited for once for all of them, and only if anything was
        found.

        Args:
            colour: The image's message.
            segmentations: Of that image.

        Raises:
            DepthRefused: If the image has no depth that can be relied on; nothing is placed then.
        """
        view = self.view(colour, segmentations)
        return tuple(self.place(colour, segmentation, view) for segmentation in segmentations)

    def view(self, colour: Any, segmentations: Sequence[Segmentation]) -> DepthView | None:
        """Return the depth of an image; None, without waiting for it, if nothing was found.

        Args:
            colour: The image's message.
            segmentations: Of that image, all that are to be placed.

        Raises:
            DepthRefused: As `locate`.
        """
        if not any(segmentation.objects for segmentation in segmentations):
            return None
        height, width = segmentations[0].mask.shape
        return self.viewer.view(colour, width, height)

    def place(
        self, colour: Any, segmentation: Segmentation, view: DepthView | None
    ) -> PlacedResult:
        """Return where the objects of one segmentation lie.

        Args:
            colour: The image's message.
            segmentation: Of that image.
            view: What `view` returned for it, among others.
        """
        if view is None:
            return PlacedResult(frame_id=self.viewer.frame_of(colour), objects=(), refused={})
        result = place_objects(segmentation, view)
        self.unplaced += len(result.refused)
        return result


def place_objects(segmentation: Segmentation, view: DepthView) -> PlacedResult:
    """Return where the objects of a segmentation lie in the published frame.

    Args:
        segmentation: Of the image that the view belongs to.
        view: Its depth.
    """
    found = [_place(index, one.mask, view) for index, one in enumerate(segmentation.objects)]
    return PlacedResult(
        frame_id=view.frame_id,
        objects=tuple(placed for placed in found if isinstance(placed, PlacedObject)),
        refused={index: reason for index, reason in enumerate(found) if isinstance(reason, str)},
    )


def _place(index: int, mask: BoolArray, view: DepthView) -> PlacedObject | str:
    """Return where an object is in the published frame, or why that is not known."""
    try:
        located = localise(mask, view.depth_m, view.camera, up=view.up)
    except LocalisationError as error:
        return str(error)
    distance_m = float(np.linalg.norm(located.centroid))
    return PlacedObject(index, moved(located, view.frame_from_camera), distance_m)
