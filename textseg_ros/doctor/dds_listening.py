"""Listens to the node's inputs on plain DDS, with the node's own participant."""

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from textseg_ros.dds.participant import Participant
from textseg_ros.doctor.finding import Surroundings
from textseg_ros.doctor.listening import FORMS, POLL_S, SETTLE_S, Ear, Seen
from textseg_ros.rmw_environment import read_environment

if TYPE_CHECKING:
    from textseg_ros.settings import NodeSettings


def listen(given: Surroundings, settings: "NodeSettings") -> Seen:
    """Subscribe as the node would, and return what is seen.

    Raises:
        ValueError: If a topic or a variable is wrong.
        RuntimeError: If the domain cannot be joined.
    """
    ear = Ear(given, settings)
    discovery = read_environment(given.environment, os.getpid(), given.domain)
    name = f"textseg_doctor_{os.getpid()}"
    images = {ear.names[key] for key in ear.topics if key.rpartition("/")[2] in FORMS}
    with Participant(name, given.namespace, discovery) as participant:
        for key, topic in ear.topics.items():
            participant.subscription(
                ear.names[key],
                topic.type_name,
                partial(ear.take, key),
                reliable=ear.reliable(key),
                depth=topic.depth,
                on_error=partial(ear.refuse, key),
            )
        end_s = time.monotonic() + given.wait_s
        while time.monotonic() < end_s:
            if ear.has_images() or images & set(participant.incompatible()):
                time.sleep(min(SETTLE_S, max(0.0, end_s - time.monotonic())))
                break
            time.sleep(POLL_S)
        return Seen(
            ear.names,
            ear.topics,
            ear.heard,
            participant.publisher_counts((*ear.names.values(), ear.clock)),
            participant.incompatible(),
            participant.peers(),
            ear.clock,
        )
