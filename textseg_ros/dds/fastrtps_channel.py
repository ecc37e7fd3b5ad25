"""Requests and replies framed as rmw_fastrtps_cpp does: identity in the inline QoS.

Source:
    ROS 2 Jazzy: rmw_fastrtps_shared_cpp/src/rmw_request.cpp and rmw_response.cpp. A request is
    known by its sequence number and by the reader that its client names in the request's inline
    QoS, else by its writer; a reply carries that identity in its own inline QoS.
"""

import threading
from abc import ABC, abstractmethod

from textseg_ros.dds.channels import (
    ReplyCallback,
    RequestCallback,
    RequestId,
    TellForeign,
    foreign_request,
)
from textseg_ros.dds.endpoint import EndpointSettings
from textseg_ros.dds.idl import dds_type_name
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rtps import parameters as pid
from textseg_ros.dds.rtps.participant import RtpsParticipant
from textseg_ros.dds.rtps.reader import Sample

_PREFIX = 12


class FastRtpsChannels:
    """Opens channels on an RTPS participant that stands beside the node's own.

    Args:
        participant: The node; its graph shows the endpoints as its own.
    """

    def __init__(self, participant: Participant) -> None:
        self._node = participant
        self._rtps = RtpsParticipant(participant.settings, participant.on_error)

    def server(
        self, name: str, type_name: str, on_request: RequestCallback, tell: TellForeign
    ) -> "FastRtpsServer":
        """Offer a service."""
        return FastRtpsServer(self._node, self._rtps, name, type_name, on_request, tell)

    def client(self, name: str, type_name: str, on_reply: ReplyCallback) -> "FastRtpsClient":
        """Use a service."""
        return FastRtpsClient(self._node, self._rtps, name, type_name, on_reply)

    def close(self) -> None:
        """End the RTPS participant."""
        self._rtps.close()


class _Ends(ABC):
    """The two endpoints of one side of a service."""

    def __init__(
        self,
        node: Participant,
        rtps: RtpsParticipant,
        written: EndpointSettings,
        read: EndpointSettings,
    ) -> None:
        self._node, self._rtps = node, rtps
        self._opened = threading.Event()
        self._writer = rtps.writer(
            written.dds_topic, dds_type_name(written.type_name), self._user_data(written)
        )
        self._reader = rtps.reader(
            read.dds_topic, dds_type_name(read.type_name), self._take, self._user_data(read)
        )
        self._opened.set()
        node.add_foreign([self._reader.guid], [self._writer.guid])

    def close(self) -> None:
        """Leave the graph."""
        self._node.remove_foreign([self._reader.guid, self._writer.guid])
        self._rtps.remove(self._reader, self._writer)

    def _user_data(self, settings: EndpointSettings) -> bytes:
        if self._node.types.distro == "humble":
            return b""
        return f"typehash={self._node.types.type_hash(settings.type_name)};".encode()

    def _take(self, sample: Sample) -> None:
        self._opened.wait()  # a sample may come before the constructor has its endpoints
        if not sample.is_key:
            self._on_sample(sample)

    @abstractmethod
    def _on_sample(self, sample: Sample) -> None:
        """Take what the other side sent."""


class FastRtpsServer(_Ends):
    """The server's end."""

    def __init__(
        self,
        node: Participant,
        rtps: RtpsParticipant,
        name: str,
        type_name: str,
        on_request: RequestCallback,
        tell: TellForeign,
    ) -> None:
        self._name, self._on_request, self._tell = name, on_request, tell
        request, reply = _settings(name, type_name)
        super().__init__(node, rtps, reply, request)

    def reply(self, request: RequestId, data: bytes) -> None:
        """Send a serialised reply, to the participant that asked."""
        identity = pid.write_identity(request.client, request.sequence)
        inline = {pid.RELATED_SAMPLE_IDENTITY: identity}
        self._writer.write(data, inline, only=request.client[:_PREFIX])

    def _on_sample(self, sample: Sample) -> None:
        for writer in self._reader.matched():
            if writer.guid == sample.writer_guid and b"clientid=" in writer.user_data:
                self._tell(foreign_request(self._name, "fastrtps"))
                return
        named = pid.read_identity(sample.inline)
        client = sample.writer_guid if named is None else named[0]
        self._on_request(RequestId(client, sample.sequence), sample.payload)


class FastRtpsClient(_Ends):
    """The client's end."""

    def __init__(
        self,
        node: Participant,
        rtps: RtpsParticipant,
        name: str,
        type_name: str,
        on_reply: ReplyCallback,
    ) -> None:
        self._on_reply = on_reply
        request, reply = _settings(name, type_name)
        super().__init__(node, rtps, request, reply)

    def request(self, data: bytes) -> int:
        """Send a serialised request; return its sequence number."""
        # The number is the sample's own, known once it is written; rmw_fastrtps_cpp leaves it out.
        identity = pid.write_identity(self._reader.guid, 0)
        return self._writer.write(data, {pid.RELATED_SAMPLE_IDENTITY: identity})

    def is_ready(self) -> bool:
        """Return whether a server's two endpoints are matched."""
        return bool(self._writer.matched()) and bool(self._reader.matched())

    def _on_sample(self, sample: Sample) -> None:
        named = pid.read_identity(sample.inline)
        if named is not None and named[0] in (self._reader.guid, self._writer.guid):
            self._on_reply(named[1], sample.payload)


def _settings(name: str, type_name: str) -> tuple[EndpointSettings, EndpointSettings]:
    return (
        EndpointSettings(name, f"{type_name}_Request", role="request"),
        EndpointSettings(name, f"{type_name}_Response", role="reply"),
    )
