"""The node's services and its action, whatever transport offers them."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes
from textseg_ros.naming import ENABLE, FIND, SEGMENT
from textseg_ros.replying import Reply
from textseg_ros.results import blank_objects_message
from textseg_ros.rpc import GoalHandle, RpcTransport
from textseg_ros.scheduler import Request

_STALE = "the last answer was stale, older than max_age_s, and none of those counts"
_SAME_OVERLAP = 0.3
"""Least intersection over union of a target with itself in the answer before."""


class Offers:
    """Answers the service `segment`, the action `find` and the service `enable`.

    Each is shaped for `RpcTransport`: it runs in a thread of its own and may wait there.

    Args:
        behaviour: What answers.
        types: Message classes.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        behaviour: SegmentationBehaviour,
        types: MessageTypes,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._behaviour = behaviour
        self._types = types
        self._clock_s = clock_s

    def open(self, transport: RpcTransport) -> None:
        """Offer them all."""
        transport.add_service(
            SEGMENT,
            "textseg_ros/srv/Segment",
            self.segment,
            busy=self._too_busy,
            waits=lambda request: not _has_image(request),
        )
        transport.add_service(ENABLE, "std_srvs/srv/SetBool", self.enable)
        transport.add_action(FIND, "textseg_ros/action/Find", self.find)

    def segment(self, request: Any) -> Any:
        """Answer a textseg_ros/srv/Segment request; what goes wrong is in its message."""
        frame = None
        if _has_image(request):
            frame = Frame("image", request.image, self._clock_s(), None)
        try:
            reply = self._behaviour.request(
                Request(
                    request.phrase,
                    self._camera(request.camera),
                    frame,
                    pictures=request.pictures,
                ),
                self._behaviour.settings.now.request_timeout_s,
            )
        except (ValueError, RuntimeError, TimeoutError) as error:
            return self._refusal(str(error))
        return self._types.get("textseg_ros/srv/Segment_Response")(
            success=True,
            message="",
            result=reply.objects,
            mask=self._types.default("sensor_msgs/msg/Image")
            if reply.mask is None
            else reply.mask,
            response=self._types.default("sensor_msgs/msg/Image")
            if reply.response is None
            else reply.response,
        )

    def enable(self, request: Any) -> Any:
        """Answer a std_srvs/srv/SetBool request."""
        text = self._behaviour.set_enabled(request.data)
        response = self._types.get("std_srvs/srv/SetBool_Response")
        return response(success=True, message=text)

    def find(self, goal: GoalHandle) -> Any:
        """Pursue a textseg_ros/action/Find goal: look until it is seen steadily."""
        wanted = goal.request
        camera = self._camera(wanted.camera)
        started_s = self._clock_s()
        end_s = started_s + wanted.timeout_s if wanted.timeout_s > 0.0 else float("inf")
        latest = blank_objects_message(self._types)
        sight = Sight()
        frames = max(1, int(wanted.stable_frames))
        fault = ""

        def is_over() -> bool:
            return goal.is_cancel_requested or self._clock_s() >= end_s

        while True:
            now_s = self._clock_s()
            if goal.is_cancel_requested:
                goal.canceled()
                return self._result(False, "canceled", latest)
            if now_s >= end_s:
                goal.abort()
                text = (
                    f"not seen in {frames} answers in a row within {wanted.timeout_s:.1f} s, "
                    f"the last {sight.steady} showed it"
                )
                return self._result(False, f"{text}; {fault}" if fault else text, latest)
            try:
                # Each time: parameters may forbid meanwhile what they allowed.
                self._behaviour.check(wanted.phrase, camera)
            except ValueError as error:
                goal.abort()
                return self._result(False, str(error), latest)
            try:
                reply = self._behaviour.request(
                    Request(wanted.phrase, camera, space=True), end_s - now_s, is_over
                )
            except TimeoutError as error:
                fault = fault or str(error)
                continue
            except ValueError as error:
                fault = str(error)  # of an image that is refused; another may be better
                continue
            except RuntimeError as error:
                goal.abort()
                return self._result(False, str(error), latest)
            fault, latest = _STALE if reply.answer.stale else "", reply.objects
            sight.look(reply)
            feedback = self._types.get("textseg_ros/action/Find_Feedback")
            goal.publish_feedback(
                feedback(elapsed_s=self._clock_s() - started_s, stable=sight.steady, latest=latest)
            )
            if sight.steady >= frames:
                goal.succeed()
                return self._result(True, "", latest, reply.pose)

    def _camera(self, name: str) -> str:
        """Return the camera that a request names, or the first."""
        return name or self._behaviour.settings.now.cameras[0]

    def _too_busy(self, _: Any) -> Any:
        return self._refusal("too many requests wait; ask again later")

    def _refusal(self, text: str) -> Any:
        return self._types.get("textseg_ros/srv/Segment_Response")(
            success=False,
            message=text,
            result=blank_objects_message(self._types),
            mask=self._types.default("sensor_msgs/msg/Image"),
            response=self._types.default("sensor_msgs/msg/Image"),
        )

    def _result(
        self, success: bool, text: str, latest: Any, target_pose: Any | None = None
    ) -> Any:
        pose = self._types.default("geometry_msgs/msg/PoseStamped")
        pose.pose.orientation.w = 1.0
        return self._types.get("textseg_ros/action/Find_Result")(
            success=success,
            message=text,
            result=latest,
            has_pose=target_pose is not None,
            target_pose=target_pose or pose,
        )


class Sight:
    """Counts the answers in a row that show one thing in one place.

    Attributes:
        steady: How many.
    """

    def __init__(self) -> None:
        self.steady = 0
        self._before: BoolArray | None = None

    def look(self, reply: Reply) -> None:
        """Take the next answer.

        One that an arm may not move on ends the row; one that shows the target where it does not
        overlap the one before begins a new row.
        """
        if not reply.answer.may_move:
            self.steady, self._before = 0, None
            return
        seen = reply.answer.segmentation.objects[0].mask
        same = self._before is not None and _overlap(self._before, seen) >= _SAME_OVERLAP
        self.steady = self.steady + 1 if same else 1
        self._before = seen


def _has_image(request: Any) -> bool:
    """Return whether a textseg_ros/srv/Segment request brings its image."""
    image = request.image
    return bool(image.width or image.height or len(image.data))


def _overlap(first: BoolArray, second: BoolArray) -> float:
    """Return intersection over union; 0 for images of different size."""
    if first.shape != second.shape:
        return 0.0
    union = int(np.count_nonzero(first | second))
    return int(np.count_nonzero(first & second)) / union if union else 0.0
