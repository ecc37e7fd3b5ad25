"""Where pictures and answers of the page come from: a running node, or our own segmenter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from textseg_core.arrays import UInt8Array
from textseg_ros.report import Level
from textseg_ros.web.view import Answer

Kind = Literal["node", "folder", "video", "camera"]
LinkState = Literal["waiting", "live", "lost"]
PARTS = ("picture", "mask", "response")
"""What a viewer may look at, beside the answer itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What there is to say beside pictures and answers.

    Attributes:
        kind: What the pictures come from.
        name: Of the node, the folder, the file or the camera.
        link: Whether it is there: not seen yet, there, or lost.
        detail: One line about it; "" if there is nothing to say.
        level: How bad that is.
        query: In force; "" for none, None where that is not known.
        item: Name of the picture on show, of a folder.
        position: Of that picture, from 0.
        count: Pictures of a folder; 0 for a stream.
        paused: Whether a video stands still.
        numbers: More for people to read, by name.
    """

    kind: Kind
    name: str
    link: LinkState = "waiting"
    detail: str = ""
    level: Level = "info"
    query: str | None = None
    item: str = ""
    position: int = 0
    count: int = 0
    paused: bool = False
    numbers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as the page reads it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "link": self.link,
            "detail": self.detail,
            "level": self.level,
            "query": self.query,
            "item": self.item,
            "position": self.position,
            "count": self.count,
            "paused": self.paused,
            "numbers": dict(self.numbers),
        }


class Board(Protocol):
    """Where a source shows what it has; any thread may call it, and none waits."""

    def show_picture(self, picture: UInt8Array) -> None:
        """Show an RGB picture, (H, W, 3), which must not change afterwards."""
        ...

    def show_answer(self, answer: Answer | None) -> None:
        """Show an answer; None takes the last one away."""
        ...

    def show_state(self, state: State) -> None:
        """Show a state."""
        ...

    def tell(self, level: Level, text: str) -> None:
        """Tell everybody who looks."""
        ...


class Source(Protocol):
    """What the page looks at. Its methods return at once; any thread may call them."""

    def start(self, board: Board) -> None:
        """Begin to show.

        Raises:
            ValueError: If there is nothing to show.
            RuntimeError: If what is needed for it is missing.
        """
        ...

    def ask(self, text: str) -> None:
        """Take a command, an expression or an answer; empty text clears the query.

        Raises:
            ValueError: If it is refused; the text says why.
        """
        ...

    def click(self, u: float, v: float) -> None:
        """Take a click at (u, v) pixels of the picture."""
        ...

    def want(self, parts: frozenset[str]) -> None:
        """Hear which of `PARTS` somebody looks at; nothing if nobody looks at the page."""
        ...

    def step(self, by: int) -> None:
        """Show another picture of a folder; nothing elsewhere."""
        ...

    def pause(self, on: bool) -> None:
        """Let a video stand still, or go on; nothing elsewhere."""
        ...

    def close(self) -> None:
        """End; nothing is shown afterwards."""
        ...
