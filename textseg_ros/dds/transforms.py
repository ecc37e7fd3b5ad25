"""Transforms from /tf and /tf_static over plain DDS."""

import time
from collections.abc import Callable

from textseg_ros.dds.participant import Participant
from textseg_ros.tf_source import TF_DEPTH, TF_STATIC_TOPIC, TF_TOPIC, TF_TYPE, Tell, TfListener


def listen_to_transforms(
    participant: Participant,
    tell: Tell,
    *,
    tf: str = TF_TOPIC,
    tf_static: str = TF_STATIC_TOPIC,
    now_ns: Callable[[], int] = time.time_ns,
) -> TfListener:
    """Return a TransformSource that hears what is published, with the QoS of tf2_ros.

    Args:
        participant: What carries the messages.
        tell: Where it says what it refused and forgot.
        tf: Absolute topic of frames that move, for robots that remap it.
        tf_static: Absolute topic of frames that stay.
        now_ns: The node's time, nanoseconds.

    Raises:
        ValueError: If a topic name is not valid.
        RuntimeError: If the participant is closed.
    """
    listener = TfListener(tell, now_ns)

    def on_error(topic: str, error: Exception) -> None:
        tell("transform refused", "error", f"message on {topic} refused: {error}")

    participant.subscription(
        tf_static,
        TF_TYPE,
        listener.on_tf_static,
        depth=TF_DEPTH,
        transient_local=True,
        on_error=on_error,
    )
    participant.subscription(tf, TF_TYPE, listener.on_tf, depth=TF_DEPTH, on_error=on_error)
    return listener
