"""What is known of objects in space, in the frame that is published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textseg_core.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from textseg_core.transforms import (
    Quaternion,
    quaternion_from_matrix,
    quaternion_matrix,
    transform_points,
)
from textseg_ros.results import Answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedObject:
    """One object in the published frame; metres.

    Attributes:
        index: Place in `Segmentation.objects`.
        centroid: Of the visible surface, (3,).
        covariance: Of the centroid, square metres, (3, 3).
        rotation: x along the main axis.
        box_centre: Of the oriented box, (3,).
        box_rotation: Axes of the oriented box.
        box_size: Along those axes, (3,).
        width_m: Across the minor axis, where a gripper closes.
        top_point: Centre of the top-most surface, (3,).
        valid_share: Share of the mask's pixels with a usable depth, 0 to 1.
        at_border: Whether it touches the image's border.
        points: Visible surface, (N, 3).
        pixels: (row, column) of each point in the image, (N, 2).
    """

    index: int
    centroid: Float64Array
    covariance: Float64Array
    rotation: Quaternion
    box_centre: Float64Array
    box_rotation: Quaternion
    box_size: Float64Array
    width_m: float
    top_point: Float64Array
    valid_share: float
    at_border: bool
    points: Float32Array
    pixels: Int64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedResult:
    """Where the objects of one segmentation lie.

    Attributes:
        frame_id: The published frame.
        objects: Those that could be placed, in the order of the segmentation.
        refused: Index of an object that could not -> why.
    """

    frame_id: str
    objects: tuple[PlacedObject, ...]
    refused: dict[int, str]

    @property
    def target(self) -> PlacedObject | None:
        """The segmentation's best object; None if that one could not be placed."""
        if self.objects and self.objects[0].index == 0:
            return self.objects[0]
        return None


def moved_object(found: PlacedObject, transform: Float64Array) -> PlacedObject:
    """Return an object in another frame.

    Args:
        found: The object.
        transform: Takes the coordinates of its frame to the other one, (4, 4), rigid.
    """
    turn = transform[:3, :3]

    def turned(rotation: Quaternion) -> Quaternion:
        return quaternion_from_matrix(turn @ quaternion_matrix(rotation))

    return replace(
        found,
        centroid=transform_points(transform, found.centroid),
        covariance=turn @ found.covariance @ turn.T,
        rotation=turned(found.rotation),
        box_centre=transform_points(transform, found.box_centre),
        box_rotation=turned(found.box_rotation),
        top_point=transform_points(transform, found.top_point),
        points=transform_points(transform, found.points),
    )


@dataclass(frozen=True, slots=True)
class Output3d:
    """What the messages of one answer are made from.

    Attributes:
        answer: The answer in pixels.
        placed: Where its objects lie.
        image: The picture, RGB (H, W, 3).
        track_ids: Of the segmentation's objects; empty if nothing is tracked.
    """

    answer: Answer
    placed: PlacedResult
    image: UInt8Array
    track_ids: Sequence[int] = ()

    def track_id(self, found: PlacedObject) -> int:
        """Return an object's id over frames; 0 if it is not tracked."""
        return self.track_ids[found.index] if self.track_ids else 0

    def score(self, found: PlacedObject) -> float:
        """Return an object's score."""
        return float(self.answer.segmentation.objects[found.index].score)
