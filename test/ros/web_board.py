"""A board of the page that keeps what it is shown, and pictures to show."""

import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_ros.report import Level
from textseg_ros.web.source import State
from textseg_ros.web.view import Answer


class Kept:
    """A board that keeps what is shown."""

    def __init__(self) -> None:
        self.pictures: list[UInt8Array] = []
        self.answers: list[Answer | None] = []
        self.states: list[State] = []
        self.told: list[str] = []

    def show_picture(self, picture: UInt8Array) -> None:
        self.pictures.append(picture)

    def show_answer(self, answer: Answer | None) -> None:
        self.answers.append(answer)

    def show_state(self, state: State) -> None:
        self.states.append(state)

    def tell(self, level: Level, text: str) -> None:
        self.told.append(text)

    def found(self, side: str) -> list[Answer]:
        """Return the answers with one object on a side of a picture 192 pixels wide."""
        shown = [one for one in self.answers if one is not None and len(one.things) == 1]
        return [one for one in shown if (one.things[0].centroid[0] < 96) == (side == "left")]


def two_blocks(left: int = 32, right: int = 128, height: int = 96) -> UInt8Array:
    """Return black, 192 wide, with two red blocks of 32 x 32 whose left sides are these."""
    picture = np.zeros((height, 192, 3), np.uint8)
    for x in (left, right):
        picture[32:64, x : x + 32] = (255, 0, 0)
    return picture
