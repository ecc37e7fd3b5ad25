"""Puts messages about one picture together: the answer, its mask and its response."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textseg_core.arrays import Float32Array
from textseg_ros.conversions import image_to_depth
from textseg_ros.messages import stamp_ns
from textseg_ros.web.encoding import response_png
from textseg_ros.web.view import Answer, answer_of_message

#: Pictures whose messages may be on their way at a time.
_MOST_OPEN = 4
#: How long an answer waits for its pictures before it is shown without them.
PATIENCE_S = 0.5
_PNG, _PNG_SIZE_AT, _PNG_SIZE = b"\x89PNG\r\n\x1a\n", 16, struct.Struct(">II")


@dataclass(slots=True)
class _Open:
    began_s: float
    messages: dict[str, Any] = field(default_factory=dict)


class Assembler:
    """Collects messages by the stamp of their picture; one thread uses `take`.

    Messages of one picture come on several topics, in any order, and each may be lost. An answer
    is complete when all that is wanted has come; what is older is then forgotten.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._wanted: frozenset[str] = frozenset({"objects"})

    def want(self, keys: frozenset[str]) -> None:
        """Take which topics an answer is complete with; `objects` always belongs to them."""
        self._wanted = keys | {"objects"}

    def take(self, key: str, message: Any, now_s: float) -> Mapping[str, Any] | None:
        """Return the messages of an answer that is complete now, by topic key; else None.

        Args:
            key: Of the topic.
            message: With a header.
            now_s: Monotonic seconds; an answer that has waited `PATIENCE_S` is complete with
                what there is.
        """
        if key not in self._wanted:
            return None
        stamp = stamp_ns(message.header)
        self._open.setdefault(stamp, _Open(now_s)).messages[key] = message
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        done = [
            number
            for number, open_ in self._open.items()
            if "objects" in open_.messages
            and (self._wanted <= open_.messages.keys() or now_s - open_.began_s > PATIENCE_S)
        ]
        if not done:
            return None
        newest = done[-1]
        found = self._open[newest].messages
        began = list(self._open)
        for number in began[: began.index(newest) + 1]:
            del self._open[number]
        return found


def answer_of(found: Mapping[str, Any]) -> Answer:
    """Return the answer of the messages about one picture.

    Raises:
        ValueError: If one of them is damaged.
    """
    mask, response = b"", b""
    size = (0, 0)
    if "mask_compressed" in found:
        mask = bytes(found["mask_compressed"].data)
        if not mask.startswith(_PNG) or len(mask) < _PNG_SIZE_AT + _PNG_SIZE.size:
            raise ValueError("the mask is no PNG; the node and the page must be of one version")
        width, height = _PNG_SIZE.unpack_from(mask, _PNG_SIZE_AT)
        size = (width, height)
    if "response" in found:
        values: Float32Array = image_to_depth(found["response"])  # both are 32FC1
        response = response_png(values)
        size = (values.shape[1], values.shape[0])
    return answer_of_message(found["objects"], size, mask, response)
