"""Answers to requests: what a service or a goal is told of one image."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundAnswer
from textseg_core.dialogue.command_dialogue import CommandDialogue
from textseg_ros.conversions import ImagePacker, mask_pixels, response_pixels
from textseg_ros.diagnostics import Statistics
from textseg_ros.frame import Frame
from textseg_ros.placing import Placing
from textseg_ros.query import Query
from textseg_ros.results import Answer, objects_message
from textseg_ros.scheduler import Request, refuse
from textseg_ros.settings import LiveSettings
from textseg_ros.space import Space
from textseg_ros.transport import Outlet


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Attributes:
        answer: What was found.
        objects: textseg_ros/Segmentation.
        mask: sensor_msgs/Image, mono8; None unless pictures were asked for.
        response: sensor_msgs/Image, 32FC1; None likewise.
        pose: geometry_msgs/PoseStamped of the target; None unless asked for and to be had.
    """

    answer: Answer
    objects: Any
    mask: Any | None = None
    response: Any | None = None
    pose: Any | None = None


class Replier:
    """Replies to requests; knows nothing of frames before, whatever queries were brought to.

    Args:
        outlet: Whose messages and time are used.
        settings: The node's settings.
        space: What places answers in space.
        placing: Where that is done, as it may have to wait.
        statistics: Where replies are counted.
        clock_s: Monotonic seconds.
        pack_image: What makes image messages.
    """

    def __init__(
        self,
        outlet: Outlet,
        settings: LiveSettings,
        space: Space,
        placing: Placing,
        statistics: Statistics,
        clock_s: Callable[[], float],
        pack_image: ImagePacker,
    ) -> None:
        self._outlet = outlet
        self._settings = settings
        self._space = space
        self._placing = placing
        self._statistics = statistics
        self._clock_s = clock_s
        self._pack_image = pack_image

    def reply(
        self,
        request: Request,
        frame: Frame,
        image: UInt8Array,
        found: CompoundAnswer,
        times_ms: Mapping[str, float],
    ) -> None:
        """Give a request its answer, or what kept it from one; never raises.

        Args:
            request: The question.
            frame: The image.
            image: Its picture, RGB (H, W, 3).
            found: In it.
            times_ms: What came before, by stage.
        """
        try:
            turn = CommandDialogue().observe(found, image, 0.0)
            latency_ms = {**times_ms, **found.target.timings_ms, "convert": 0.0, "total": 0.0}
            query, header = Query(0, request.phrase), frame.message.header
            draft = Answer(header, query, found.target, False, latency_ms, turn)
            answer = self._dated(request, frame, draft)
            if request.space and answer.may_move and self._space.hears(frame.camera):
                self._placing.ask(
                    frame.camera, request, lambda: self._place(request, frame, image, answer)
                )
            else:
                self._give(request, answer)
        except Exception as error:
            refuse((request,), error)

    def _place(self, request: Request, frame: Frame, image: UInt8Array, answer: Answer) -> None:
        pose = self._space.pose(frame, image, answer)
        # An answer that grew stale while it waited for depth must move no arm either.
        answer = self._dated(request, frame, answer)
        self._give(request, answer, pose if answer.may_move else None)

    def _dated(self, request: Request, frame: Frame, answer: Answer) -> Answer:
        """Return an answer with what it took so far, and whether it is stale by now."""
        now_s = self._clock_s()
        age_s = frame.age_s(self._outlet.now_ns(), now_s)
        stale = age_s > self._settings.now.max_age_s and request.frame is None
        total_ms = (now_s - frame.arrived_s) * 1e3
        return replace(answer, stale=stale, latency_ms={**answer.latency_ms, "total": total_ms})

    def _give(self, request: Request, answer: Answer, pose: Any | None = None) -> None:
        types, header, pack = self._outlet.messages, answer.header, self._pack_image
        mask = response = None
        if request.pictures:
            mask = pack(mask_pixels(answer.segmentation.mask), "mono8", header)
            response_map = answer.segmentation.response_map
            response = pack(response_pixels(response_map), "32FC1", header)
        reply = Reply(answer, objects_message(types, answer), mask, response, pose)
        self._statistics.count("requests")
        if not request.reply.done():
            request.reply.set_result(reply)
