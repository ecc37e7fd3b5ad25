"""The other participants of a domain and their endpoints, as far as they have told."""

from dataclasses import dataclass

from textseg_ros.dds.rtps.discovery import FAST_DDS, EndpointData, ParticipantData
from textseg_ros.dds.rtps.parameters import Locator

_BUILT_IN = 0xC0  # of an entity id's last byte


@dataclass(slots=True)
class _Peer:
    data: ParticipantData
    heard_s: float


class Peers:
    """What is known of the others; its user guards it."""

    def __init__(self) -> None:
        self._participants: dict[bytes, _Peer] = {}
        self._endpoints: dict[bytes, EndpointData] = {}

    @property
    def endpoints(self) -> tuple[EndpointData, ...]:
        """Endpoints of the others."""
        return tuple(self._endpoints.values())

    def greet(self, data: ParticipantData, now_s: float) -> bool:
        """Take what a participant tells of itself; return whether it is a new one."""
        is_new = data.prefix not in self._participants
        self._participants[data.prefix] = _Peer(data, now_s)
        return is_new

    def hear(self, prefix: bytes, now_s: float) -> None:
        """Take note that a participant sent something."""
        peer = self._participants.get(prefix)
        if peer is not None:
            peer.heard_s = now_s

    def silent(self, now_s: float) -> tuple[bytes, ...]:
        """Return the participants that have been silent for longer than they said."""
        return tuple(
            prefix
            for prefix, peer in self._participants.items()
            if now_s - peer.heard_s > peer.data.lease_s
        )

    def is_fast_dds(self, guid: bytes) -> bool:
        """Return whether an endpoint's participant is one of Fast DDS."""
        peer = self._participants.get(guid[:12])
        return peer is not None and peer.data.vendor == FAST_DDS

    def add(self, endpoint: EndpointData) -> None:
        """Remember an endpoint."""
        self._endpoints[endpoint.guid] = endpoint

    def drop(self, guid: bytes) -> None:
        """Forget an endpoint."""
        self._endpoints.pop(guid, None)

    def forget(self, prefix: bytes) -> tuple[bytes, ...]:
        """Forget a participant; return the GUIDs of its endpoints, which are still known."""
        self._participants.pop(prefix, None)
        return tuple(guid for guid in self._endpoints if guid.startswith(prefix))

    def discovery_locators(self) -> tuple[Locator, ...]:
        """Return where the discovery of every participant listens."""
        return tuple(
            locator for peer in self._participants.values() for locator in peer.data.discovery
        )

    def locators(self, guid: bytes) -> tuple[Locator, ...]:
        """Return where an endpoint listens; nowhere if it is unknown."""
        peer = self._participants.get(guid[:12])
        if peer is None:
            return ()
        if guid[15] & _BUILT_IN == _BUILT_IN:
            return peer.data.discovery
        endpoint = self._endpoints.get(guid)
        own = () if endpoint is None else endpoint.locators
        return own or peer.data.traffic or peer.data.discovery
