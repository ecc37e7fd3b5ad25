"""Depth and transforms are heard while an eye is open; what became of them stays counted."""

from typing import Any

import numpy as np
import pytest
from rgbd import Rig

from textseg_core.arrays import Float64Array
from textseg_ros.depth_view import DepthRefused
from textseg_ros.eyes import Eyes
from textseg_ros.messages import MessageTypes
from textseg_ros.pairing import Unpaired
from textseg_ros.settings import LiveSettings, NodeSettings


class Sky:
    """Counts who hears transforms."""

    def __init__(self) -> None:
        self.begun = self.ended = 0

    def begin(self, tell: object) -> "Sky":
        self.begun += 1
        return self

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> Float64Array:
        return np.eye(4)

    def close(self) -> None:
        self.ended += 1


def eyes_under(sky: Sky) -> Eyes:
    settings = LiveSettings(NodeSettings(depth_timeout_s=0.0))
    return Eyes(settings, lambda: 0.0, sky.begin, lambda *_: None)


def refuse(eyes: Eyes, camera: str, colour: Any, times: int) -> None:
    """Look for the depth of an image, in vain."""
    eye = eyes.of(camera)
    assert eye is not None
    for _ in range(times):
        with pytest.raises(DepthRefused):
            eye.pipeline.viewer.view(colour, 64, 48)


def test_transforms_end_with_the_last_eye_and_begin_anew_with_the_next() -> None:
    sky = Sky()
    eyes = eyes_under(sky)
    heard = []
    for change, camera in (
        (eyes.open, "left"),
        (eyes.open, "right"),
        (eyes.close, "left"),
        (eyes.close, "left"),
        (eyes.close, "right"),
        (eyes.open, "right"),
    ):
        change(camera)
        heard.append((sky.begun, sky.ended))

    assert heard == [(1, 0), (1, 0), (1, 0), (1, 0), (1, 1), (2, 1)]
    eyes.open("left")
    eyes.end()
    assert (sky.begun, sky.ended) == (2, 2)
    assert (eyes.of("left"), eyes.of("right")) == (None, None)


def test_what_was_not_placed_stays_counted_when_an_eye_closes(types: MessageTypes) -> None:
    colour, eyes = Rig(types).colour(), eyes_under(Sky())
    assert eyes.values() == {}
    for camera, times in (("left", 2), ("right", 1)):
        eyes.open(camera)
        refuse(eyes, camera, colour, times)
    eyes.close("left")
    counts = {
        "left/not placed: no depth": "2",
        "left/objects not placed": "0",
        "right/not placed: no depth": "1",
        "right/objects not placed": "0",
    }
    assert eyes.values() == counts

    eyes.open("left")
    assert eyes.values() == counts
    refuse(eyes, "left", colour, 3)
    eye = eyes.of("left")
    assert eye is not None
    eye.pipeline.unplaced += 4
    eyes.end()

    counts |= {"left/not placed: no depth": "5", "left/objects not placed": "4"}
    assert eyes.values() == counts


def test_who_waits_for_depth_does_not_when_its_eye_closes(types: MessageTypes) -> None:
    eyes = eyes_under(Sky())
    eyes.open("")
    eye = eyes.of("")
    assert eye is not None
    eyes.close("")

    with pytest.raises(Unpaired, match="stops"):
        eye.pairing.match(Rig(types).colour(), timeout_s=600.0)
