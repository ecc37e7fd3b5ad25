"""Tells the ROS graph of this node's endpoints, and reads what others tell.

Source:
    rmw_dds_common 3.1.0, msg/ParticipantEntitiesInfo.msg and graph_cache.cpp.
"""

import ctypes
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import dds_c_t
from cyclonedds.qos import _CQos

from textseg_ros.dds.idl import dds_topic_name, dds_type_name, ros_type_name
from textseg_ros.typestore import GID_BYTES, TypeStore

TOPIC = "ros_discovery_info"
TYPE_NAME = "rmw_dds_common/msg/ParticipantEntitiesInfo"

_GUID_BYTES = 16
_AT_MOST = 10_000


def full_name(namespace: str, node_name: str) -> str:
    """Return a node's full name: ("/textseg", "segmenter") -> "/textseg/segmenter"."""
    return f"{namespace.rstrip('/')}/{node_name}"


def entities_info(
    types: TypeStore,
    participant_gid: bytes,
    namespace: str,
    node_name: str,
    reader_gids: Iterable[bytes],
    writer_gids: Iterable[bytes],
) -> Any:
    """Return the ParticipantEntitiesInfo of a participant with one node.

    Args:
        types: Decides the length of a gid: 16 bytes, 24 on Humble.
        participant_gid: GUID of the participant, 16 bytes; so are the others.
        namespace: Of the node, absolute.
        node_name: Without namespace.
        reader_gids: Of the node's subscriptions.
        writer_gids: Of the node's publishers.
    """
    gid_class = types.get("rmw_dds_common/msg/Gid")
    length = GID_BYTES[types.distro]

    def gid(guid: bytes) -> Any:
        return gid_class(data=np.frombuffer(guid.ljust(length, b"\0"), np.uint8))

    node = types.get("rmw_dds_common/msg/NodeEntitiesInfo")(
        node_namespace=namespace,
        node_name=node_name,
        reader_gid_seq=[gid(guid) for guid in reader_gids],
        writer_gid_seq=[gid(guid) for guid in writer_gids],
    )
    return types.get(TYPE_NAME)(gid=gid(participant_gid), node_entities_info_seq=[node])


class _GraphReader(BuiltinDataReader):
    """Reads who is in the domain; `qos` of a sample is whether the endpoint is reliable.

    The whole QoS, which cyclonedds would make, takes long, and cyclonedds 11.0.1 never frees the
    copy of USER_DATA in it: 80 bytes for each endpoint at each look.
    """

    def _make_constructors(self) -> None:
        super()._make_constructors()  # type: ignore[no-untyped-call]  # cyclonedds is untyped
        self._cqos_conv = _is_reliable


def _is_reliable(pointer: int) -> bool:
    """Return whether a dds_qos_t says reliable; that of a participant says nothing."""
    kind, blocking_ns = dds_c_t.reliability(), dds_c_t.duration()
    qos = ctypes.cast(pointer, dds_c_t.qos_p)
    known = _CQos._get_reliability(qos, ctypes.byref(kind), ctypes.byref(blocking_ns))
    return bool(known) and kind.value != 0


class Graph:
    """What other participants of the domain have told; safe in any thread."""

    def __init__(self, participant: DomainParticipant, gid: bytes) -> None:
        """Read a domain through one of its participants.

        Args:
            participant: Whose own node is left out.
            gid: GUID of `participant`, 16 bytes.
        """
        self._own_gid = gid
        self._lock = threading.Lock()
        self._nodes: dict[bytes, tuple[str, ...]] = {}
        self._participants: Any = _GraphReader(participant, BuiltinTopicDcpsParticipant)
        self._publications: Any = _GraphReader(participant, BuiltinTopicDcpsPublication)
        self._subscriptions: Any = _GraphReader(participant, BuiltinTopicDcpsSubscription)
        alive = SampleState.Any | ViewState.Any | InstanceState.Alive
        self._alive_participants: Any = ReadCondition(self._participants, alive)
        self._alive_publications: Any = ReadCondition(self._publications, alive)
        self._alive_subscriptions: Any = ReadCondition(self._subscriptions, alive)
        ended = InstanceState.NotAliveDisposed | InstanceState.NotAliveNoWriters
        gone = SampleState.Any | ViewState.Any | ended
        self._gone: list[tuple[Any, Any]] = [
            (reader, ReadCondition(reader, gone))
            for reader in (self._participants, self._publications, self._subscriptions)
        ]

    def on_info(self, info: Any) -> None:
        """Take in another participant's ParticipantEntitiesInfo."""
        gid = bytes(np.asarray(info.gid.data, np.uint8))[:_GUID_BYTES]
        names = tuple(
            full_name(node.node_namespace, node.node_name) for node in info.node_entities_info_seq
        )
        with self._lock:
            if gid != self._own_gid:
                self._nodes[gid] = names

    def nodes(self) -> tuple[str, ...]:
        """Return the full names of other nodes, sorted; a name twice if two bear it."""
        self._forget_gone()
        samples = self._participants.read(_AT_MOST, self._alive_participants)
        alive = {sample.key.bytes for sample in samples}
        with self._lock:
            for gid in self._nodes.keys() - alive:
                del self._nodes[gid]
            return tuple(sorted(name for names in self._nodes.values() for name in names))

    def _forget_gone(self) -> None:
        """Drop what is kept of ends that have left: a reader keeps all that nobody takes."""
        for reader, condition in self._gone:
            reader.take(_AT_MOST, condition)

    def publisher_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return the number of publishers of topics in the domain, this process included.

        Publishers whose type or QoS does not fit are counted too.
        """
        samples = self._publications.read(_AT_MOST, self._alive_publications)
        counts = Counter(sample.topic_name for sample in samples)
        return {topic: counts[dds_topic_name(topic)] for topic in topics}

    def all_reliable(self, topic: str) -> bool:
        """Return whether no publisher of a topic in the domain is best effort.

        So rmw chooses for `best_available`, also where there is no publisher yet.
        """
        name = dds_topic_name(topic)
        samples = self._publications.read(_AT_MOST, self._alive_publications)
        reliable = [sample.qos for sample in samples if sample.topic_name == name]
        return all(reliable)

    def other_types(self, types: Mapping[str, str]) -> dict[str, str]:
        """Return topic -> type where an endpoint of the domain has another than expected.

        DDS keeps such endpoints apart and says nothing.

        Args:
            types: ROS type by ROS topic.
        """
        expected = {dds_topic_name(topic): (topic, kind) for topic, kind in types.items()}
        endpoints = [
            *self._publications.read(_AT_MOST, self._alive_publications),
            *self._subscriptions.read(_AT_MOST, self._alive_subscriptions),
        ]
        found: dict[str, str] = {}
        for endpoint in endpoints:
            topic, kind = expected.get(endpoint.topic_name, ("", ""))
            if topic and endpoint.type_name != dds_type_name(kind):
                found[topic] = ros_type_name(endpoint.type_name)
        return found

    def close(self) -> None:
        """Let go of the participant. Nothing may be asked afterwards."""
        self._gone = []
        self._alive_participants = self._alive_publications = self._alive_subscriptions = None
        self._participants = self._publications = self._subscriptions = None
