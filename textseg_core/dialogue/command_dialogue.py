"""The dialogue about a command: which thing is meant, then which place it is to go to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.dialogue import Dialogue
from textseg_core.dialogue.turn import Reply, ReplyKind, Turn
from textseg_core.tracking import Tracker, TrackerSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommandTurn:
    """What to tell about a frame.

    Attributes:
        target: About what to take.
        destination: About where it is to go; None if the command names no such thing.
        text: The question, one at a time, or what is not in view; "" if all is found.
    """

    target: Turn
    destination: Turn | None
    text: str


class CommandDialogue:
    """Keeps a command in the frames of one camera on its thing and its place; for any thread.

    An answer is about the thing while that is asked about, then about the place.

    Args:
        settings: When an object counts as found and as lost.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._target = Dialogue(Tracker(settings))
        self._destination = Dialogue(Tracker(settings))
        # Text and destination of the command of the last frame; replaced whole.
        self._command: tuple[str, str | None] = ("", None)

    def observe(
        self,
        answer: CompoundAnswer,
        image: UInt8Array,
        stamp_s: float,
        distances_m: Sequence[float | None] | None = None,
    ) -> CommandTurn:
        """Return what to publish and to say of a frame.

        Args:
            answer: The answers to this frame alone.
            image: The frame, RGB (H, W, 3).
            stamp_s: When it was taken, seconds.
            distances_m: Of the target's objects from the camera, see `Dialogue.observe`.

        Raises:
            ValueError: As `Tracker.update`.
        """
        command = answer.target.command
        self._command = (command.text, command.destination)
        target = self._target.observe(answer.target, image, stamp_s, distances_m)
        if answer.destination is None:
            return CommandTurn(target=target, destination=None, text=target.text)
        destination = self._destination.observe(answer.destination, image, stamp_s)
        if target.candidates or destination.candidates:
            text = target.text if target.candidates else destination.text
        else:
            text = "; ".join(filter(None, (target.text, destination.text)))
        return CommandTurn(target=target, destination=destination, text=text)

    def measure(self, distances_m: Mapping[int, float], stamp_s: float) -> None:
        """Take how far the target's objects are, see `Dialogue.measure`."""
        self._target.measure(distances_m, stamp_s)

    @property
    def is_asking(self) -> bool:
        """Whether the last frame left open which thing or place is meant."""
        return self._target.is_asking or self._destination.is_asking

    def is_on(self, track_id: int, *, of_destination: bool = False) -> bool:
        """Return whether the query is on this thing, or place, now, see `Dialogue.is_on`."""
        return (self._destination if of_destination else self._target).is_on(track_id)

    def answer(self, text: str) -> Reply:
        """Take a text that may be an answer, see `Dialogue.answer`."""
        if self._target.is_asking or not self._destination.is_asking:
            return self._target.answer(text)
        reply = self._destination.answer(text)
        if reply.kind is ReplyKind.REWORDED:
            reply = Reply(ReplyKind.REWORDED, self._with_destination(reply.text))
        return replace(reply, of_destination=reply.kind is not ReplyKind.NEW_QUERY)

    def click(self, u: float, v: float, tolerance_px: float | None = None) -> Reply:
        """Take a click on the image, see `Dialogue.click`.

        It is about what is asked; if it hits nothing of that, about the other.
        """
        parts = [(self._target, False), (self._destination, True)]
        if self._destination.is_asking and not self._target.is_asking:
            parts.reverse()
        (first, of_first), (second, of_second) = parts
        reply = replace(first.click(u, v, tolerance_px), of_destination=of_first)
        if reply.kind is ReplyKind.PICKED:
            return reply
        other = replace(second.click(u, v, tolerance_px), of_destination=of_second)
        return other if other.kind is ReplyKind.PICKED else reply

    def reset(self) -> None:
        """Forget the objects, the questions and the answers."""
        self._target.reset()
        self._destination.reset()

    def _with_destination(self, expression: str) -> str:
        """Return the command with another destination, which stands last in most."""
        text, destination = self._command
        before, found, after = text.rpartition(destination or "")
        return f"{before}{expression}{after}" if found else expression
