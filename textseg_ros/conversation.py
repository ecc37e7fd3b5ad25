"""What has been said about each query in force, for each camera that looks for it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.appearance import colour_histogram, colour_name
from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.command_dialogue import CommandDialogue, CommandTurn
from textseg_core.dialogue.turn import Reply, ReplyKind
from textseg_ros.query import Query


@dataclass(frozen=True, slots=True)
class _Talk:
    """One query's dialogue on one camera."""

    text: str
    dialogue: CommandDialogue


class Conversations:
    """Keeps each query on its object over the frames of a camera, and takes answers and clicks.

    Every thread may call it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Guarded by _lock: (camera, key of the query) -> its dialogue.
        self._talks: dict[tuple[str, str], _Talk] = {}

    def observe(
        self,
        camera: str,
        query: Query,
        answer: CompoundAnswer,
        image: UInt8Array,
        stamp_s: float,
    ) -> CommandTurn:
        """Return what to publish of a frame, in the light of what was seen and said before.

        Args:
            camera: Where the frame is from.
            query: What was asked; other words than before begin anew.
            answer: To this frame alone.
            image: The frame, RGB (H, W, 3).
            stamp_s: When it was taken, seconds.
        """
        with self._lock:
            talk = self._talks.get((camera, query.key))
            if talk is None or talk.text != query.text:
                talk = _Talk(query.text, CommandDialogue())
                self._talks[camera, query.key] = talk
        return talk.dialogue.observe(answer, image, stamp_s)

    def measure(
        self, camera: str, query: Query, distances_m: Mapping[int, float], stamp_s: float
    ) -> None:
        """Take how far the objects of a frame are, once that is known.

        Args:
            camera: Where the frame is from.
            query: What was asked; nothing is done if it is another by now.
            distances_m: Id over frames -> metres from the camera.
            stamp_s: When the frame was taken, seconds.
        """
        with self._lock:
            talk = self._talks.get((camera, query.key))
        if talk is not None and talk.text == query.text:
            talk.dialogue.measure(distances_m, stamp_s)

    def is_on(
        self, camera: str, query: Query, track_id: int, *, of_destination: bool = False
    ) -> bool:
        """Return whether a query is on this object now, after all that was seen and said.

        Args:
            camera: Where the object was seen.
            query: What was asked; it is on nothing if it is another by now.
            track_id: The object's id over frames; 0 asks whether the query is on none.
            of_destination: Whether it is where something is to go, not what to take.
        """
        with self._lock:
            talk = self._talks.get((camera, query.key))
        return (
            talk is not None
            and talk.text == query.text
            and talk.dialogue.is_on(track_id, of_destination=of_destination)
        )

    def keep(self, queries: Sequence[Query]) -> None:
        """Forget the dialogues of all queries but these."""
        texts = {query.key: query.text for query in queries}
        with self._lock:
            for place, talk in list(self._talks.items()):
                if texts.get(place[1]) != talk.text:
                    del self._talks[place]

    def forget(self, key: str | None = None) -> None:
        """Forget the dialogues of a key; None for all."""
        with self._lock:
            for place in list(self._talks):
                if key is None or place[1] == key:
                    del self._talks[place]

    def hear(self, text: str) -> Reply | None:
        """Take a text from the topic of queries that may be an answer.

        It is for the dialogue that asks, of several cameras the first; else for any about the
        query of the topic.

        Returns:
            What is to be done; None if there is no dialogue, so that the text is a new query.
        """
        talks = [talk for (_, key), talk in self._in_order() if not key]
        if not talks:
            return None
        asking = [talk for talk in talks if talk.dialogue.is_asking]
        return (asking or talks)[0].dialogue.answer(text)

    def click(self, camera: str, u: float, v: float) -> Reply:
        """Take a click on a camera's image, at (u, v) pixels.

        It is for the query of the topic, else for those standing queries that ask.
        """
        mine = [(key, talk.dialogue) for (name, key), talk in self._in_order() if name == camera]
        chosen = [dialogue for key, dialogue in mine if not key] or [
            dialogue for _, dialogue in mine if dialogue.is_asking
        ]
        replies = [dialogue.click(u, v) for dialogue in chosen]
        if not replies:
            return Reply(ReplyKind.UNCLEAR, "no query has been answered in this image yet")
        return next((one for one in replies if one.kind is ReplyKind.PICKED), replies[0])

    def _in_order(self) -> list[tuple[tuple[str, str], _Talk]]:
        with self._lock:
            return list(self._talks.items())


def prepare() -> None:
    """Make the colour tables for which the first answer would otherwise have to wait."""
    pixel, mask, box = np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), np.bool_), (0, 0, 1, 1)
    colour_histogram(pixel, mask, box)
    colour_name(pixel, mask, box)
