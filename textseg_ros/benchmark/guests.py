"""Who comes to a node on trial and goes again: readers, a second camera, callers."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from textseg_ros.benchmark.trial import Trial, open_camera
from textseg_ros.demo.frames import Frame, image_message
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import topic_of

READ = ("mask", "overlay", "objects_3d", "cloud", "markers")
"""Outputs that a guest reads; those in space let the node hear depth and transforms."""
PHRASE = "the red can"
"""In the picture of the trials."""
STAY_S = 3.0
_CAMERA_RATE = 2.0
_FIND_S = 10.0
_REACHED = 4  # action_msgs/msg/GoalStatus.STATUS_SUCCEEDED


@dataclass(slots=True)
class Tally:
    """What guests got.

    Attributes:
        visits: How many came.
        placed: Messages that said where an object lies.
        answered: Calls of `segment` with an image, answered.
        goals: Goals of `find`.
        reached: Those reached.
    """

    visits: int = 0
    placed: int = 0
    answered: int = 0
    goals: int = 0
    reached: int = 0


class Guests:
    """Lets guests in, one after another; one thread at a time may call it.

    Attributes:
        tally: What they got.

    Args:
        trial: The node, and what it is tried with.
        settings: Of the node.
        picture: What a guest's camera shows, and asks about.
    """

    def __init__(self, trial: Trial, settings: NodeSettings, picture: Frame) -> None:
        self.tally = Tally()
        self._trial = trial
        self._picture = picture
        self._reliable = settings.image_qos == "reliable"
        self._framing = settings.service_framing

    def visit(self, stop: threading.Event) -> None:
        """Let a guest in: each calls `segment`, every second one `find`, and stays for `STAY_S`.

        Raises:
            RuntimeError: If a service or the action is not there, or does not reply.
        """
        number = self.tally.visits
        self.tally.visits += 1
        with self._trial.join(f"guest{number}") as guest:
            for key in READ:
                take = self._count if key == "objects_3d" else _drop
                guest.subscription(f"/textseg/{key}", topic_of(key).type_name, take)
            camera = open_camera(
                guest, "/textseg/image", self._picture, _CAMERA_RATE, reliable=self._reliable
            )
            with camera, self._trial.carrier.call(guest, self._framing) as caller:
                types = guest.types
                request = types.default("textseg_ros/srv/Segment_Request")
                request.image = image_message(types, self._picture, time.time_ns(), "guest")
                request.phrase, request.pictures = PHRASE, True
                reply = caller.call("/textseg/segment", "textseg_ros/srv/Segment", request)
                self.tally.answered += bool(reply.success)
                if number % 2 == 0:
                    goal = types.default("textseg_ros/action/Find_Goal")
                    goal.phrase, goal.timeout_s, goal.stable_frames = PHRASE, _FIND_S, 2
                    state, _ = caller.pursue(
                        "/textseg/find", "textseg_ros/action/Find", goal, 2.0 * _FIND_S
                    )
                    self.tally.goals += 1
                    self.tally.reached += state == _REACHED
                stop.wait(STAY_S)

    def _count(self, message: Any) -> None:
        self.tally.placed += bool(message.objects)


def _drop(_: Any) -> None:
    """Read and forget."""
