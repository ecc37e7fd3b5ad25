"""What a dialogue gives back: of each frame what to say, of each answer what to do."""

from dataclasses import dataclass
from enum import Enum

from textseg_core.dialogue.candidates import Candidate
from textseg_core.tracking import TrackedSegmentation


class ReplyKind(Enum):
    """What became of an answer.

    Attributes:
        PICKED: One object is meant; the query is on it from the next frame on.
        NARROWED: Several may still be meant, but fewer; the reply's text asks again.
        CANCELLED: None is meant: the query is to be cleared.
        UNCLEAR: The answer does not say which; the reply's text tells why and asks again.
        REWORDED: The reply's text is to be asked as a new query.
        NEW_QUERY: The text is no answer; it is to be asked as a new query.
    """

    PICKED = "picked"
    NARROWED = "narrowed"
    CANCELLED = "cancelled"
    UNCLEAR = "unclear"
    REWORDED = "reworded"
    NEW_QUERY = "new query"


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an answer or a click.

    Attributes:
        kind: What is to be done.
        text: What to say; of `REWORDED` and `NEW_QUERY` what to ask.
        track_id: The object that was picked; else 0.
        of_destination: Whether it is about where something is to go, not about what to take.
    """

    kind: ReplyKind
    text: str
    track_id: int = 0
    of_destination: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether the text was an answer, so that it is not to be asked as a query."""
        return self.kind not in (ReplyKind.NEW_QUERY, ReplyKind.REWORDED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """What to tell about a frame.

    Attributes:
        tracked: The answer to publish, with ids.
        candidates: While it is asked which one is meant, the objects of
            `tracked.segmentation` in their order, described; else empty.
        text: The question, or that nothing is in view; "" if it is found.
    """

    tracked: TrackedSegmentation
    candidates: tuple[Candidate, ...]
    text: str

    @property
    def labels(self) -> tuple[str, ...]:
        """What each of the objects published is called; "" while nothing is asked."""
        if self.candidates:
            return tuple(one.label for one in self.candidates)
        return ("",) * len(self.tracked.segmentation.objects)
