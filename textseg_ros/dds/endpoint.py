"""One publisher or subscription of a participant."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cyclonedds.core import (
    DDSException,
    InstanceState,
    ReadCondition,
    SampleState,
    ViewState,
)
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

from textseg_ros.dds.faults import dds_faults
from textseg_ros.dds.idl import Role, dds_topic_name, topic_type
from textseg_ros.typestore import TypeStore

MessageCallback = Callable[[Any], None]
ErrorCallback = Callable[[str, Exception], None]

_POLL_S = 0.005
# DDS 1.4, 2.2.3: numbers of the policies that can keep two endpoints apart.
_POLICY_NAMES = {2: "durability", 11: "reliability", 23: "data representation"}


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What both ends of a topic must agree on.

    Attributes:
        topic: Absolute ROS name.
        type_name: ROS type, `package/msg/Type`.
        reliable: Reliable, else best-effort.
        depth: Samples kept (keep-last), at least 1.
        transient_local: Late readers get the last samples, else volatile.
        role: Whether `topic` is one, or the name of a service; what a service sends and receives
            is `RawSample`s.
        user_data: What stands before the type hash in the endpoint's USER_DATA.
        lifespan_s: How long a publisher's samples are delivered; infinite for always.
    """

    topic: str
    type_name: str
    reliable: bool = True
    depth: int = 10
    transient_local: bool = False
    role: Role = "topic"
    user_data: str = ""
    lifespan_s: float = math.inf

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"history depth must be at least 1, got {self.depth}")

    @property
    def dds_topic(self) -> str:
        """The name of the DDS topic.

        Raises:
            ValueError: If `topic` is no absolute name that ROS 2 allows.
        """
        return dds_topic_name(self.topic, self.role)

    def policies(self, types: TypeStore) -> list[Any]:
        """Return the QoS policies that a writer and a reader share, as rmw_cyclonedds_cpp's.

        Humble knows no type hashes; later distributions warn about their absence.
        """
        hash_ = "" if types.distro == "humble" else types.type_hash(self.type_name)
        return [
            # A writer waits for space this long and then gives the sample up.
            Policy.Reliability.Reliable(duration(milliseconds=100))
            if self.reliable
            else Policy.Reliability.BestEffort,
            Policy.History.KeepLast(self.depth),
            Policy.Durability.TransientLocal
            if self.transient_local
            else Policy.Durability.Volatile,
            Policy.DataRepresentation(use_cdrv0_representation=True),
            Policy.Userdata((self.user_data + (f"typehash={hash_};" if hash_ else "")).encode()),
        ]


@dataclass(frozen=True, slots=True)
class RawSample:
    """A sample as it was on the wire.

    Attributes:
        data: Serialised message with its header.
        publisher: Handle of who wrote it, for `Subscription.publisher_user_data`.
    """

    data: bytes
    publisher: int


class Publisher:
    """Sends messages of one type on one topic; made by `Participant.publisher`."""

    def __init__(
        self,
        participant: DomainParticipant,
        dds_topic: str,
        settings: EndpointSettings,
        types: TypeStore,
    ) -> None:
        self.settings = settings
        self._types = types
        self._sample = topic_type(settings.type_name)
        policies = settings.policies(types)
        policies.append(Policy.WriterDataLifecycle(autodispose=False))
        if math.isfinite(settings.lifespan_s):
            policies.append(Policy.Lifespan(duration(seconds=settings.lifespan_s)))
        if settings.transient_local:
            history = Policy.History.KeepLast(settings.depth)
            policies.append(Policy.DurabilityService(0, history, -1, -1, -1))
        with dds_faults(f"publisher of {settings.topic} cannot be opened"):
            topic: Topic[Any] = Topic(participant, dds_topic, self._sample)
            self._writer: Any = DataWriter(participant, topic, Qos(*policies))
            self.gid: bytes = self._writer.guid.bytes

    @property
    def matched(self) -> int:
        """Number of subscriptions that receive this publisher; 0 once closed."""
        writer = self._writer
        return 0 if writer is None else len(writer.get_matched_subscriptions())

    @property
    def is_open(self) -> bool:
        """Whether it can still send."""
        return self._writer is not None

    def publish(self, message: object) -> None:
        """Send a message to every matched subscription. Safe in any thread.

        Raises:
            ValueError: If the message does not fit the topic's type.
            RuntimeError: If the participant is closed, or Cyclone DDS does not send it.
        """
        self.publish_cdr(self._types.serialize(message, self.settings.type_name))

    def publish_cdr(self, data: bytes) -> None:
        """Send a serialised message, header included, padded to a multiple of four bytes.

        Raises:
            RuntimeError: If the participant is closed, or Cyclone DDS does not send it.
        """
        writer = self._writer
        if writer is None:
            raise RuntimeError(f"publisher of {self.settings.topic} is closed")
        try:
            writer.write(self._sample(data))
        except DDSException as error:
            raise RuntimeError(
                f"message of {len(data)} bytes on {self.settings.topic} not sent: {error}"
            ) from error

    def wait_for_matches(self, count: int = 1, timeout_s: float = 10.0) -> bool:
        """Wait until at least `count` subscriptions are matched; return whether they are."""
        return _wait_until(lambda: self.matched >= count, timeout_s)

    def incompatible(self) -> str | None:
        """Return the policy that last kept a subscription away, or None."""
        if self._writer is None:
            return None
        return _policy_name(self._writer.get_offered_incompatible_qos_status())

    def close(self) -> None:
        """Leave the topic. The participant calls it."""
        self._writer = None


class Subscription:
    """Receives messages of one type from one topic; made by `Participant.subscription`."""

    def __init__(
        self,
        participant: DomainParticipant,
        dds_topic: str,
        settings: EndpointSettings,
        types: TypeStore,
        on_message: MessageCallback,
        on_error: ErrorCallback,
    ) -> None:
        self.settings = settings
        self._types = types
        self._on_message = on_message
        self.on_error = on_error
        policies = settings.policies(types)
        policies.append(Policy.IgnoreLocal.Nothing)
        unread = SampleState.NotRead | ViewState.Any | InstanceState.Any
        with dds_faults(f"subscription to {settings.topic} cannot be opened"):
            topic: Topic[Any] = Topic(participant, dds_topic, topic_type(settings.type_name))
            self._reader: Any = DataReader(participant, topic, Qos(*policies))
            self.condition: Any = ReadCondition(self._reader, unread)
            self.gid: bytes = self._reader.guid.bytes

    @property
    def matched(self) -> int:
        """Number of publishers that this subscription receives; 0 once closed."""
        reader = self._reader
        return 0 if reader is None else len(reader.get_matched_publications())

    def wait_for_matches(self, count: int = 1, timeout_s: float = 10.0) -> bool:
        """Wait until at least `count` publishers are matched; return whether they are."""
        return _wait_until(lambda: self.matched >= count, timeout_s)

    def incompatible(self) -> str | None:
        """Return the policy that last kept a publisher away, or None."""
        if self._reader is None:
            return None
        return _policy_name(self._reader.get_requested_incompatible_qos_status())

    def deliver(self, stopping: threading.Event) -> None:
        """Hand what has arrived to the callback. The participant's thread calls it."""
        reader = self._reader
        if reader is None:
            return
        for sample in reader.take(N=self.settings.depth):
            if stopping.is_set():
                return
            if isinstance(sample, InvalidSample):  # a writer's end, no message
                continue
            try:
                self._on_message(self._content(sample))
            except Exception as error:
                # The thread serves every topic: one bad sample must not end it.
                self.on_error(self.settings.topic, error)

    def publisher_user_data(self, handle: int) -> bytes | None:
        """Return the USER_DATA of a matched publisher; None if it has gone."""
        reader = self._reader
        try:
            endpoint = None if reader is None else reader.get_matched_publication_data(handle)
        except DDSException:
            endpoint = None
        if endpoint is None:
            return None
        data: bytes = (
            endpoint.qos[Policy.Userdata].data if Policy.Userdata in endpoint.qos else b""
        )
        return data

    def _content(self, sample: Any) -> Any:
        if self.settings.role != "topic":
            return RawSample(sample.data, sample.sample_info.publication_handle)
        return self._types.deserialize(sample.data, self.settings.type_name)

    def close(self) -> None:
        """Leave the topic. The participant calls it."""
        self.condition = None
        self._reader = None


def _policy_name(status: Any) -> str | None:
    if not status.total_count:
        return None
    number = int(status.last_policy_id)
    return _POLICY_NAMES.get(number, f"QoS policy {number}")


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_S)
    return True
