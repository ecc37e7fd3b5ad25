"""What sees depth: for each camera its images and what places by them, opened and closed."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from textseg_ros.depth_pipeline import DepthPipeline
from textseg_ros.depth_view import DepthSettings, DepthViewer
from textseg_ros.pairing import RgbdPairing
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.tf_source import Tell, TransformSource
from textseg_ros.topics import camera_key

MakeTransforms = Callable[[Tell], TransformSource]
"""Begins to hear transforms."""


@dataclass(frozen=True, slots=True)
class Eye:
    """What one camera needs.

    Attributes:
        pairing: Where its depth images arrive.
        pipeline: What places its answers, for whoever holds `turn`.
        turn: Requests and frames may be placed in different threads.
    """

    pairing: RgbdPairing
    pipeline: DepthPipeline
    turn: threading.Lock = field(default_factory=threading.Lock)

    def counts(self) -> Counter[str]:
        """Return how often what was not placed, as diagnostics call it."""
        refusals = self.pipeline.viewer.refusals.copy().items()  # others come meanwhile
        counts = Counter({f"not placed: {kind}": count for kind, count in refusals})
        counts["objects not placed"] = self.pipeline.unplaced
        return counts


class Eyes:
    """The eyes that are open; transforms are heard as long as one is.

    One thread at a time opens and closes; every thread may call the rest.

    Args:
        settings: The node's settings.
        clock_s: Monotonic seconds.
        make_transforms: Begins to hear transforms; None if no eye is ever opened.
        tell: Where the transforms say what they refused and forgot.
    """

    def __init__(
        self,
        settings: LiveSettings,
        clock_s: Callable[[], float],
        make_transforms: MakeTransforms | None,
        tell: Tell,
    ) -> None:
        self._settings = settings
        self._clock_s = clock_s
        self._make_transforms = make_transforms
        self._tell = tell
        self._transforms: TransformSource | None = None
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._open: dict[str, Eye] = {}
        self._closed: dict[str, Counter[str]] = {}

    def of(self, camera: str) -> Eye | None:
        """Return the eye of a camera; None while it is closed."""
        with self._lock:
            return self._open.get(camera)

    def open(self, camera: str) -> None:
        """Begin to hear transforms, and make what takes a camera's depth images."""
        if self._make_transforms is None:
            raise RuntimeError("no transforms are to be had, so that nothing can be placed")
        if self._transforms is None:
            self._transforms = self._make_transforms(self._tell)
        pairing = RgbdPairing(colour_queue=0, clock_s=self._clock_s)
        viewer = DepthViewer(pairing, self._transforms, depth_settings(self._settings.now))
        with self._lock:
            self._open[camera] = Eye(pairing, DepthPipeline(viewer))

    def close(self, camera: str) -> None:
        """End what waits for a camera's depth; with the last eye transforms end too."""
        with self._lock:
            eye = self._open.pop(camera, None)
            if eye is None:
                return
            counts = self._closed.setdefault(camera, Counter())
            counts.update(eye.counts())
            last = not self._open
        eye.pairing.close()
        if last and self._transforms is not None:
            self._transforms.close()
            self._transforms = None

    def end(self) -> None:
        """Close every eye."""
        with self._lock:
            cameras = tuple(self._open)
        for camera in cameras:
            self.close(camera)

    def values(self) -> dict[str, str]:
        """Return what became of depth since the start, for diagnostics."""
        with self._lock:
            sums = {camera: counts.copy() for camera, counts in self._closed.items()}
            for camera, eye in self._open.items():
                sums.setdefault(camera, Counter()).update(eye.counts())
        return {
            camera_key(camera, name): str(count)
            for camera, counts in sums.items()
            for name, count in counts.items()
        }


def depth_settings(settings: NodeSettings) -> DepthSettings:
    """Return how depth is taken by the node's settings."""
    return DepthSettings(
        target_frame=settings.target_frame,
        transform_timeout_s=settings.transform_timeout_s,
        depth_timeout_s=settings.depth_timeout_s,
        rectified=settings.rectified,
        depth_rectified=settings.depth_rectified,
        max_image_px=settings.max_image_px,
    )
