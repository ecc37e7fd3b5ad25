"""The segmenter of the node: loaded, tuned while it runs, and given back."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from textseg_core.arrays import UInt8Array
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import TUNABLE, Segmenter
from textseg_ros.settings import NodeSettings

Load = Callable[[NodeSettings], Segmenter]
"""Makes a segmenter that is ready to run; raises ValueError or RuntimeError if it cannot."""


class Engine:
    """One segmenter for all cameras and queries; every thread may call it.

    Args:
        load: Makes the segmenter.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._segmenter: Segmenter | None = None

    @property
    def loaded(self) -> bool:
        """Whether there is a segmenter to answer."""
        return self._segmenter is not None

    @property
    def threshold(self) -> float:
        """Least response counted as foreground; 0 while there is no segmenter."""
        segmenter = self._segmenter
        return 0.0 if segmenter is None else segmenter.threshold

    def load(self, settings: NodeSettings) -> None:
        """Load the segmenter, if there is none.

        Raises:
            ValueError: If the model's description is wrong.
            RuntimeError: If weights or runtime are missing, damaged or do not fit each other.
        """
        with self._lock:
            if self._segmenter is None:
                self._segmenter = self._load(settings)

    def release(self) -> None:
        """Give back the memory of network and device."""
        with self._lock:
            segmenter, self._segmenter = self._segmenter, None
        if segmenter is not None:
            segmenter.close()

    def retune(self, before: NodeSettings, after: NodeSettings) -> None:
        """Take over changed thresholds and limits, from the next image on."""
        changed = {
            name: getattr(after.segmenter, name)
            for name in TUNABLE
            if getattr(after.segmenter, name) != getattr(before.segmenter, name)
        }
        with self._lock:
            if changed and self._segmenter is not None:
                self._segmenter.retune(replace(self._segmenter.config, **changed))

    def segment_many(self, image: UInt8Array, texts: Sequence[str]) -> list[Segmentation]:
        """Return what each text describes; see `Segmenter.segment_many`.

        Raises:
            ValueError: As there.
            RuntimeError: As there, and if no segmenter is loaded.
        """
        segmenter = self._segmenter
        if segmenter is None:
            raise RuntimeError("no network is loaded; configure and activate the node")
        return segmenter.segment_many(image, texts)

    def line(self) -> str:
        """Return what runs where, and why, in one line."""
        segmenter = self._segmenter
        return "not loaded" if segmenter is None else segmenter.report().line()
