"""What is known of objects in space, in the frame that is published."""

from dataclasses import dataclass

from textseg_core.arrays import UInt8Array
from textseg_core.space.localise import Located
from textseg_ros.results import Answer


@dataclass(frozen=True, slots=True, eq=False)
class PlacedObject:
    """One object in the published frame.

    Attributes:
        index: Place in `Segmentation.objects`.
        located: Where it is.
        distance_m: Of its centroid from the camera.
    """

    index: int
    located: Located
    distance_m: float


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


@dataclass(frozen=True, slots=True)
class Output3d:
    """What the messages of one answer are made from.

    Attributes:
        answer: The answer in pixels.
        placed: Where its objects lie.
        image: The picture, RGB (H, W, 3).
        destination: The same of `answer.destination`; None where that is None or not placed.
    """

    answer: Answer
    placed: PlacedResult
    image: UInt8Array
    destination: "Output3d | None" = None

    def track_id(self, found: PlacedObject) -> int:
        """Return an object's id over frames; 0 if it is not tracked."""
        track_ids = self.answer.track_ids
        return track_ids[found.index] if track_ids else 0

    def score(self, found: PlacedObject) -> float:
        """Return an object's score."""
        return float(self.answer.segmentation.objects[found.index].score)
