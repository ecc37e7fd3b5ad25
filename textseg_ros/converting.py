"""What was found for a query in a frame -> the messages that say so."""

from collections.abc import Callable
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.command_dialogue import CommandDialogue, CommandTurn
from textseg_ros.conversation import Conversations
from textseg_ros.conversions import ImagePacker
from textseg_ros.engine import Engine
from textseg_ros.frame import Frame
from textseg_ros.outputs_labels import label_ids, label_info_message
from textseg_ros.pictures import picture_messages
from textseg_ros.query import Query
from textseg_ros.results import (
    Answer,
    centroid_message,
    detections_message,
    objects_message,
)
from textseg_ros.settings import LiveSettings
from textseg_ros.topics import camera_key
from textseg_ros.transport import Outlet


class Converter:
    """Makes the messages of answers; sends nothing.

    Args:
        outlet: Whose messages and time are used.
        engine: What segmented.
        settings: The node's settings.
        conversations: What was seen and said before.
        clock_s: Monotonic seconds.
        pack_image: What makes image messages.
    """

    def __init__(
        self,
        outlet: Outlet,
        engine: Engine,
        settings: LiveSettings,
        conversations: Conversations,
        clock_s: Callable[[], float],
        pack_image: ImagePacker,
    ) -> None:
        self._outlet = outlet
        self._engine = engine
        self._settings = settings
        self._conversations = conversations
        self._clock_s = clock_s
        self._pack_image = pack_image

    def convert(
        self,
        frame: Frame,
        query: Query,
        image: UInt8Array,
        found: CompoundAnswer,
        latency_ms: dict[str, float],
    ) -> tuple[Answer, float, dict[str, Any]]:
        """Return the answer, its age and its messages by topic key, in the order of sending.

        A standing query answers on the topics that say what they are about. The others belong
        to the query of the topic: whoever reads a mask or a point takes it for the answer to that.

        What decides goes first: `objects`, which says it all, then the point that an arm moves
        on; pictures last. Everything is converted before anything is sent, so that a result
        that cannot be converted is not published in part.
        """
        converting_s = self._clock_s()
        types, header = self._outlet.messages, frame.message.header
        tracked = self._settings.now.tracking
        if tracked:
            turn = self._conversations.observe(frame.camera, query, found, image, frame.time_s)
        else:
            self._conversations.forget(query.key)  # from before tracking was switched off
            turn = CommandDialogue().observe(found, image, frame.time_s)
        segmentation = turn.target.tracked.segmentation
        responding_s = self._clock_s()
        if not query.key and self._is_received(frame, "response"):
            segmentation.response()  # worked out where somebody reads it; kept for the picture
        responded_s = self._clock_s()
        pictures = {} if query.key else self._pictures(frame, image, turn, tracked=tracked)
        converted_s = self._clock_s()
        age_s = frame.age_s(self._outlet.now_ns(), converted_s)
        # A response map comes from the network's answer as the mask does, only later.
        latency_ms["postprocess"] += (responded_s - responding_s) * 1e3
        latency_ms["convert"] = (converted_s - responded_s + responding_s - converting_s) * 1e3
        latency_ms["total"] = (converted_s - frame.arrived_s) * 1e3
        stale = age_s > self._settings.now.max_age_s
        answer = Answer(header, query, segmentation, stale, latency_ms, turn, tracked)
        centroid = None if query.key else centroid_message(types, answer)
        outgoing = {
            "objects": objects_message(types, answer),
            **({} if centroid is None else {"centroid": centroid}),
            "detections": detections_message(types, answer),
            **pictures,
        }
        return answer, age_s, outgoing

    def _pictures(
        self, frame: Frame, image: UInt8Array, turn: CommandTurn, *, tracked: bool
    ) -> dict[str, Any]:
        """Return what ids stand for, and the pictures that somebody receives, by topic key."""
        types, header = self._outlet.messages, frame.message.header
        target = turn.target
        found = target.tracked.segmentation
        ids = label_ids(found, target, tracked=tracked)
        threshold = self._engine.threshold
        return {
            "label_info": label_info_message(types, header, found, target, ids, threshold),
            **picture_messages(
                types,
                self._pack_image,
                header,
                image,
                turn,
                ids,
                overlay=self._settings.now.overlay,
                wanted=lambda key: self._is_received(frame, key),
            ),
        }

    def _is_received(self, frame: Frame, key: str) -> bool:
        """Return whether somebody receives an output of the frame's camera."""
        return self._outlet.listeners(camera_key(frame.camera, key)) > 0
