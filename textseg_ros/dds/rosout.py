"""The node's log in the graph: /rosout, as rcl writes it for every node."""

import time
from types import CodeType

from textseg_ros.dds.endpoint import EndpointSettings
from textseg_ros.dds.participant import Participant
from textseg_ros.messages import time_message
from textseg_ros.topics import logger_name

TOPIC = "/rosout"
TYPE_NAME = "rcl_interfaces/msg/Log"
_DEPTH, _LIFESPAN_S = 1000, 10.0


class Rosout:
    """Publishes log lines; every thread may call it.

    Who comes late still receives the lines of the last 10 s.

    Attributes:
        name: Of the logger.

    Args:
        participant: The node.

    Raises:
        RuntimeError: If the participant is closed.

    Source:
        rcl 9.2 (Jazzy), rcl_qos_profile_rosout_default in logging_rosout.h.
    """

    def __init__(self, participant: Participant) -> None:
        self.name = logger_name(participant.name)
        self._types = participant.types
        self._publisher = participant.open_publisher(
            EndpointSettings(TOPIC, TYPE_NAME, True, _DEPTH, True, lifespan_s=_LIFESPAN_S)
        )

    def send(self, level: int, text: str, place: CodeType) -> None:
        """Publish a line, unless the node has left; its time is the system's, even in simulation.

        Args:
            level: 10 to 50; the numbers of rcl_interfaces/msg/Log are those of `logging`.
            text: As logged.
            place: The function that logged it.

        Raises:
            RuntimeError: If Cyclone DDS does not send it.
        """
        if not self._publisher.is_open:  # a worker that was not waited for may still tell
            return
        self._publisher.publish(
            self._types.get(TYPE_NAME)(
                stamp=time_message(self._types, time.time_ns()),
                level=level,
                name=self.name,
                msg=text,
                file=place.co_filename,
                function=place.co_name,
                line=place.co_firstlineno,
            )
        )
