"""A ROS 2 node on plain DDS: publishers, subscriptions and its place in the graph."""

import logging
import re
import threading
from collections.abc import Callable, Collection, Iterable
from functools import partial
from types import TracebackType
from typing import Any

from cyclonedds.core import GuardCondition, WaitSet
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import dds_infinity
from cyclonedds.qos import Policy, Qos

from textseg_ros.dds.domain import close_domain, open_domain
from textseg_ros.dds.endpoint import (
    EndpointSettings,
    ErrorCallback,
    MessageCallback,
    Publisher,
    Subscription,
)
from textseg_ros.dds.faults import dds_faults
from textseg_ros.dds.graph import TOPIC, TYPE_NAME, Graph, entities_info, full_name
from textseg_ros.rmw_environment import DdsSettings
from textseg_ros.typestore import Distro, TypeStore

_LOGGER = logging.getLogger(__name__)
_OTHERS_DEPTH = 1000
_RETRY_S, _RETRY_MOST_S = 0.1, 5.0
_NODE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")


def log_error(topic: str, error: Exception) -> None:
    """Write what went wrong on a topic to the log; the default of `on_error`."""
    _LOGGER.error("%s: %s", topic, error)


class Participant:
    """One node in the ROS 2 graph, without ROS 2.

    One thread runs all callbacks, so that they never overlap; a callback that
    takes long keeps the others waiting, while newer samples replace older ones.
    It is a context manager; `close` may be called twice.
    """

    def __init__(
        self,
        node_name: str,
        namespace: str,
        settings: DdsSettings,
        *,
        distro: Distro = "jazzy",
        on_error: ErrorCallback = log_error,
    ) -> None:
        """Join a domain.

        Args:
            node_name: Without namespace.
            namespace: Absolute, "/" for none.
            settings: Domain and discovery, such as `read_environment` returns.
            distro: Distribution that the other nodes run.
            on_error: Called with topic and error for a sample that is no message
                of its type and for a callback that raised; with the node's name in
                place of a topic where receiving as a whole fails.

        Raises:
            ValueError: If a name is not allowed in ROS 2.
            RuntimeError: If the domain cannot be opened.
        """
        if not _NODE_NAME.fullmatch(node_name):
            raise ValueError(
                f"node name must be letters, digits and _, no digit first, got {node_name!r}"
            )
        if not _NAMESPACE.fullmatch(namespace):
            raise ValueError(f"namespace must be such as / or /textseg, got {namespace!r}")
        self.types = TypeStore(distro)
        self._node_name, self._namespace = node_name, namespace
        self._settings = settings
        self._on_error = on_error
        self._lock = threading.RLock()
        self._closed = threading.Event()
        open_domain(settings)
        try:
            with dds_faults(f"node {self.name} cannot join DDS domain {settings.domain_id}"):
                self._open()
        except BaseException:
            close_domain(settings)
            raise

    def _open(self) -> None:
        enclave = Qos(Policy.Userdata(b"enclave=/;"))
        self._participant: Any = DomainParticipant(self._settings.domain_id, enclave)
        self.gid: bytes = self._participant.guid.bytes
        self._waitset: Any = WaitSet(self._participant)
        self._wake: Any = GuardCondition(self._participant)
        self._waitset.attach(self._wake)
        self._graph = Graph(self._participant, self.gid)
        self._info = Publisher(
            self._participant, TOPIC, EndpointSettings(TOPIC, TYPE_NAME, True, 1, True), self.types
        )
        self._subscriptions: list[Subscription] = []
        self._publishers: list[Publisher] = []
        self._foreign_readers: list[bytes] = []
        self._foreign_writers: list[bytes] = []
        # All participants write one instance: depth 1 would forget all but one.
        others = EndpointSettings(TOPIC, TYPE_NAME, True, _OTHERS_DEPTH, True)
        self._others = self._attach(TOPIC, others, self._graph.on_info)
        self._announce()
        self._thread = threading.Thread(target=self._run, name=f"dds {self.name}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Full name of the node."""
        return full_name(self._namespace, self._node_name)

    @property
    def domain_id(self) -> int:
        """DDS domain."""
        return self._settings.domain_id

    @property
    def namespace(self) -> str:
        """Namespace of the node."""
        return self._namespace

    @property
    def on_error(self) -> ErrorCallback:
        """What is called with a topic and what went wrong there."""
        return self._on_error

    @property
    def settings(self) -> DdsSettings:
        """Domain and discovery."""
        return self._settings

    def publisher(
        self,
        topic: str,
        type_name: str,
        *,
        reliable: bool = True,
        depth: int = 10,
        transient_local: bool = False,
    ) -> Publisher:
        """Add a publisher.

        Args:
            topic: Absolute name.
            type_name: `package/msg/Type`.
            reliable: Reliable, else best-effort.
            depth: Samples kept (keep-last).
            transient_local: Late subscriptions get the last samples, else volatile.

        Raises:
            ValueError: If topic, type or depth is not valid.
            RuntimeError: If the participant is closed.
        """
        return self.open_publisher(
            EndpointSettings(topic, type_name, reliable, depth, transient_local)
        )

    def open_publisher(self, settings: EndpointSettings) -> Publisher:
        """Add a publisher; as `publisher`, which is for topics."""
        with self._lock:
            self._check_open()
            publisher = Publisher(self._participant, settings.dds_topic, settings, self.types)
            self._publishers.append(publisher)
            self._announce()
        return publisher

    def subscription(
        self,
        topic: str,
        type_name: str,
        callback: MessageCallback,
        *,
        reliable: bool = True,
        depth: int = 10,
        transient_local: bool = False,
        on_error: ErrorCallback | None = None,
    ) -> Subscription:
        """Add a subscription.

        Args:
            topic: Absolute name.
            type_name: `package/msg/Type`.
            callback: Called with each message, in the participant's thread.
            reliable: Demand a reliable publisher; best-effort takes both kinds.
            depth: Samples kept (keep-last): what a slow callback misses is the oldest.
            transient_local: Demand the last samples of earlier publishing.
            on_error: Replaces the participant's for this topic.

        Raises:
            ValueError: If topic, type or depth is not valid.
            RuntimeError: If the participant is closed.
        """
        settings = EndpointSettings(topic, type_name, reliable, depth, transient_local)
        return self.open_subscription(settings, callback, on_error)

    def open_subscription(
        self,
        settings: EndpointSettings,
        callback: MessageCallback,
        on_error: ErrorCallback | None = None,
    ) -> Subscription:
        """Add a subscription; as `subscription`, which is for topics."""
        with self._lock:
            self._check_open()
            subscription = self._attach(settings.dds_topic, settings, callback, on_error)
            self._subscriptions.append(subscription)
            self._announce()
        return subscription

    def remove(self, end: Publisher | Subscription) -> None:
        """End a publisher or a subscription; nothing happens if it has ended.

        A callback under way is not waited for, as it may be the one that calls this.
        """
        with self._lock:
            if self._closed.is_set():
                return
            if isinstance(end, Publisher):
                if end not in self._publishers:
                    return
                self._publishers.remove(end)
            else:
                if end not in self._subscriptions:
                    return
                self._subscriptions.remove(end)
                self._waitset.detach(end.condition)
            end.close()
            self._announce()

    def add_foreign(self, readers: Iterable[bytes], writers: Iterable[bytes]) -> None:
        """Show endpoints of another participant of this process as this node's in the graph."""
        with self._lock:
            self._foreign_readers += readers
            self._foreign_writers += writers
            if not self._closed.is_set():
                self._announce()

    def remove_foreign(self, guids: Iterable[bytes]) -> None:
        """Take back what `add_foreign` showed."""
        gone = set(guids)
        with self._lock:
            self._foreign_readers = [g for g in self._foreign_readers if g not in gone]
            self._foreign_writers = [g for g in self._foreign_writers if g not in gone]
            if not self._closed.is_set():
                self._announce()

    def all_reliable(self, topic: str) -> bool:
        """Return whether no publisher of a topic is best effort now; see `Graph`."""
        with self._lock:
            return not self._closed.is_set() and self._graph.all_reliable(topic)

    def peers(self) -> tuple[str, ...]:
        """Return the full names of the other nodes, sorted; a name twice if two bear it."""
        with self._lock:
            return () if self._closed.is_set() else self._graph.nodes()

    def publisher_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return how many publishers each topic has in the domain, this node's included."""
        with self._lock:
            if self._closed.is_set():
                return dict.fromkeys(topics, 0)
            return self._graph.publisher_counts(topics)

    def incompatible(self) -> dict[str, str]:
        """Return topic -> what keeps an endpoint of another node from ours, a policy or a type."""
        with self._lock:
            if self._closed.is_set():
                return {}
            ends: list[Publisher | Subscription] = [*self._publishers, *self._subscriptions]
            endpoints = [end for end in ends if end.settings.role == "topic"]
            found = {end.settings.topic: end.incompatible() for end in endpoints}
            types = {end.settings.topic: end.settings.type_name for end in endpoints}
            found |= {
                topic: f"message type {other}"
                for topic, other in self._graph.other_types(types).items()
            }
            return {topic: policy for topic, policy in found.items() if policy}

    def close(self) -> None:
        """Leave the domain and end the thread; callbacks under way are waited for."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._wake.set(True)
        if threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            # cyclonedds deletes an entity with its last reference: the waitset
            # before what it watches, endpoints before their participant.
            self._waitset = self._wake = None
            self._graph.close()
            for subscription in (self._others, *self._subscriptions):
                subscription.close()
            for publisher in (self._info, *self._publishers):
                publisher.close()
            self._participant = None
            close_domain(self._settings)

    def __enter__(self) -> "Participant":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _attach(
        self,
        dds_topic: str,
        settings: EndpointSettings,
        callback: MessageCallback,
        on_error: ErrorCallback | None = None,
    ) -> Subscription:
        on_error = on_error or self._on_error
        subscription = Subscription(
            self._participant, dds_topic, settings, self.types, callback, on_error
        )
        self._waitset.attach(subscription.condition)
        return subscription

    def _announce(self) -> None:
        self._info.publish(
            entities_info(
                self.types,
                self.gid,
                self._namespace,
                self._node_name,
                [*(end.gid for end in self._subscriptions), *self._foreign_readers],
                [*(end.gid for end in self._publishers), *self._foreign_writers],
            )
        )

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError(f"node {self.name} is closed")

    def _run(self) -> None:
        """Deliver until closed. It outlives every error: nothing else would tell of its end."""
        waitset = self._waitset
        retry_s = _RETRY_S
        while not self._closed.is_set():
            wait = partial(waitset.wait, dds_infinity)
            good = [self._tried(wait, self._on_error, self.name)]
            for end in (self._others, *self._subscriptions):
                deliver = partial(end.deliver, self._closed)
                good.append(self._tried(deliver, end.on_error, end.settings.topic))
            if all(good):
                retry_s = _RETRY_S
            else:
                self._closed.wait(retry_s)
                retry_s = min(2 * retry_s, _RETRY_MOST_S)

    def _tried(self, action: Callable[[], object], on_error: ErrorCallback, topic: str) -> bool:
        """Return whether an action went well; tell of it if not."""
        try:
            action()
        except Exception as error:
            try:
                on_error(topic, error)
            except Exception as second:
                _LOGGER.error("%s: %s; telling of it failed: %s", topic, error, second)
            return False
        return True
