"""The pictures of an answer, each drawn only if somebody receives it."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.overlay import draw_overlay
from textseg_core.segmentation import SegmentedObject
from textseg_ros.compression import jpeg_message, png_message
from textseg_ros.conversions import ImagePacker, mask_pixels, response_pixels
from textseg_ros.messages import MessageTypes
from textseg_ros.outputs_labels import label_pixels

_NUMBER = "number "


def picture_messages(
    types: MessageTypes,
    pack: ImagePacker,
    header: Any,
    image: UInt8Array,
    turn: CommandTurn,
    ids: Sequence[int],
    *,
    overlay: bool,
    wanted: Callable[[str], bool],
) -> dict[str, Any]:
    """Return the pictures that somebody receives, by topic key.

    Args:
        types: Message classes.
        pack: What makes image messages.
        header: Of the image.
        image: The picture, RGB (H, W, 3).
        turn: What was found in it.
        ids: Of the objects, for `labels`.
        overlay: Whether overlays may be drawn.
        wanted: Whether somebody receives the topic of a key.
    """
    found = turn.target.tracked.segmentation

    @cache  # one drawing serves the plain topic and the compressed one
    def mask() -> UInt8Array:
        return mask_pixels(found.mask)

    @cache
    def drawn() -> UInt8Array:
        return draw_overlay(image, found, numbered(turn))

    draw: dict[str, Callable[[], Any]] = {
        "mask": lambda: pack(mask(), "mono8", header),
        "mask_compressed": lambda: png_message(types, mask(), header),
        "labels": lambda: pack(label_pixels(found, ids), "mono16", header),
        "response": lambda: pack(response_pixels(found.response_map), "32FC1", header),
    }
    if overlay:
        draw["overlay"] = lambda: pack(drawn(), "rgb8", header)
        draw["overlay_compressed"] = lambda: jpeg_message(types, drawn(), header)
    return {key: make() for key, make in draw.items() if wanted(key)}


def numbered(turn: CommandTurn) -> list[tuple[SegmentedObject, str]]:
    """Return the candidates that the question calls by number, each with its number.

    The question is about one half of the command at a time: what to take, then where to.
    """
    asked = turn.target.candidates
    if not asked and turn.destination is not None:
        asked = turn.destination.candidates
    return [
        (one.found, one.label.removeprefix(_NUMBER))
        for one in asked
        if one.label.startswith(_NUMBER)
    ]
