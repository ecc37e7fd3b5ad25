"""Transforms from /tf and /tf_static over plain DDS."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from textseg_ros.dds.participant import Participant
from textseg_ros.tf_source import TF_DEPTH, TF_STATIC_TOPIC, TF_TOPIC, TF_TYPE, Tell, TfListener


class DdsTransforms(TfListener):
    """The TransformSource of a participant, with the QoS of tf2_ros.

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

    def __init__(
        self,
        participant: Participant,
        tell: Tell,
        *,
        tf: str = TF_TOPIC,
        tf_static: str = TF_STATIC_TOPIC,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(tell, now_ns)
        self._participant = participant

        def on_error(topic: str, error: Exception) -> None:
            tell("transform refused", "error", f"message on {topic} refused: {error}")

        self._subscriptions = [
            participant.subscription(
                topic,
                TF_TYPE,
                take,
                depth=TF_DEPTH,
                transient_local=static,
                on_error=on_error,
            )
            for topic, take, static in (
                (tf_static, self.on_tf_static, True),
                (tf, self.on_tf, False),
            )
        ]

    def close(self) -> None:
        """End every lookup that waits, and leave both topics; nothing is answered after."""
        super().close()
        for subscription in self._subscriptions:
            self._participant.remove(subscription)


def listen_to_transforms(
    participant: Participant,
    tell: Tell,
    now_ns: Callable[[], int] = time.time_ns,
    names: Mapping[str, str] = MappingProxyType({}),
) -> DdsTransforms:
    """Return what hears /tf and /tf_static; see `DdsTransforms`.

    Args:
        participant: What carries the messages.
        tell: Where it says what it refused and forgot.
        now_ns: The node's time, nanoseconds.
        names: Other absolute names by these two, where they are remapped.
    """
    return DdsTransforms(
        participant,
        tell,
        tf=names.get(TF_TOPIC, TF_TOPIC),
        tf_static=names.get(TF_STATIC_TOPIC, TF_STATIC_TOPIC),
        now_ns=now_ns,
    )
