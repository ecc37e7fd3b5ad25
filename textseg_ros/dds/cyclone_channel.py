"""Requests and replies framed as rmw_cyclonedds_cpp does: identity ahead of the message.

Source:
    ROS 2 Jazzy: rmw_cyclonedds_cpp/src/rmw_node.cpp, cdds_request_header_t (8 bytes that name the
    client, then a 64-bit number), rmw_init_cs() and check_for_service_reader_writer().
"""

import itertools
import os
import struct
import threading

from textseg_ros.dds.channels import (
    ReplyCallback,
    RequestCallback,
    RequestId,
    TellForeign,
    foreign_request,
)
from textseg_ros.dds.endpoint import EndpointSettings, RawSample
from textseg_ros.dds.participant import Participant

_CDR_HEADER = 4
_MOST_SPEAKERS = 1000
_IDENTITY = struct.Struct("<8sq")
_BIG_IDENTITY = struct.Struct(">8sq")
_BEHIND = _CDR_HEADER + _IDENTITY.size


class CycloneChannels:
    """Opens channels on the endpoints of a participant."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant

    def server(
        self, name: str, type_name: str, on_request: RequestCallback, tell: TellForeign
    ) -> "CycloneServer":
        """Offer a service."""
        return CycloneServer(self._participant, name, type_name, on_request, tell)

    def client(self, name: str, type_name: str, on_reply: ReplyCallback) -> "CycloneClient":
        """Use a service."""
        return CycloneClient(self._participant, name, type_name, on_reply)

    def close(self) -> None:
        """Do nothing: the endpoints are the participant's."""


class CycloneServer:
    """The server's end."""

    def __init__(
        self,
        participant: Participant,
        name: str,
        type_name: str,
        on_request: RequestCallback,
        tell: TellForeign,
    ) -> None:
        self._participant, self._name = participant, name
        self._on_request, self._tell = on_request, tell
        self._speakers: dict[int, bool] = {}
        request, reply = _settings(name, type_name, "serviceid")
        self._replies = participant.open_publisher(reply)
        self._opened = threading.Event()
        self._requests = participant.open_subscription(request, self._on_sample)
        self._opened.set()

    def reply(self, request: RequestId, data: bytes) -> None:
        """Send a serialised reply."""
        self._replies.publish_cdr(_framed(request.client, request.sequence, data))

    def close(self) -> None:
        """Leave the graph."""
        self._participant.remove(self._requests)
        self._participant.remove(self._replies)

    def _on_sample(self, sample: RawSample) -> None:
        self._opened.wait()  # a request may come before the constructor has its endpoint
        if not self._speaks(sample.publisher):
            self._tell(foreign_request(self._name, "cyclonedds"))
            return
        client, sequence, data = _unframed(sample.data)
        self._on_request(RequestId(client, sequence), data)

    def _speaks(self, publisher: int) -> bool:
        """Return whether a client frames like us: rmw_cyclonedds_cpp's say who they are."""
        known = self._speakers.get(publisher)
        if known is None:
            user_data = self._requests.publisher_user_data(publisher)
            if user_data is None:  # it asked and has gone
                return True
            known = b"clientid=" in user_data
            if len(self._speakers) >= _MOST_SPEAKERS:
                self._speakers.clear()
            self._speakers[publisher] = known
        return known


class CycloneClient:
    """The client's end."""

    def __init__(
        self, participant: Participant, name: str, type_name: str, on_reply: ReplyCallback
    ) -> None:
        self._participant, self._on_reply = participant, on_reply
        self._identity = os.urandom(8)
        self._numbers = itertools.count(1)
        request, reply = _settings(name, type_name, "clientid")
        self._replies = participant.open_subscription(reply, self._on_sample)
        self._requests = participant.open_publisher(request)

    def request(self, data: bytes) -> int:
        """Send a serialised request; return its sequence number."""
        number = next(self._numbers)
        self._requests.publish_cdr(_framed(self._identity, number, data))
        return number

    def is_ready(self) -> bool:
        """Return whether a server's two endpoints are matched."""
        return self._requests.matched > 0 and self._replies.matched > 0

    def close(self) -> None:
        """Leave the graph."""
        self._participant.remove(self._replies)
        self._participant.remove(self._requests)

    def _on_sample(self, sample: RawSample) -> None:
        client, sequence, data = _unframed(sample.data)
        if client == self._identity:
            self._on_reply(sequence, data)


def _settings(
    name: str, type_name: str, identity: str
) -> tuple[EndpointSettings, EndpointSettings]:
    """Return the endpoints of a service, which bear one identity so that peers can pair them."""
    user_data = f"{identity}={'.'.join(f'{octet:x}' for octet in os.urandom(16))};"
    return (
        EndpointSettings(name, f"{type_name}_Request", role="request", user_data=user_data),
        EndpointSettings(name, f"{type_name}_Response", role="reply", user_data=user_data),
    )


def _framed(client: bytes, sequence: int, data: bytes) -> bytes:
    """Put the identity, two multiples of eight bytes, between header and message."""
    return data[:_CDR_HEADER] + _IDENTITY.pack(client, sequence) + data[_CDR_HEADER:]


def _unframed(data: bytes) -> tuple[bytes, int, bytes]:
    """Return client, sequence number and message.

    Raises:
        ValueError: If the data is too short to hold them.
    """
    if len(data) < _BEHIND:
        raise ValueError(f"service message of {len(data)} bytes has no room for its identity")
    identity = _IDENTITY if data[1] & 1 else _BIG_IDENTITY
    client, sequence = identity.unpack_from(data, _CDR_HEADER)
    return client, sequence, data[:_CDR_HEADER] + data[_BEHIND:]
