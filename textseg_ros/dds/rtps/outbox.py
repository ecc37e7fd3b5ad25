"""Packs submessages into packets and sends them."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from textseg_ros.dds.rtps.parameters import Locator
from textseg_ros.dds.rtps.sockets import Sockets
from textseg_ros.dds.rtps.wire import Submessage, write_packet, write_submessage

Outgoing: TypeAlias = list[tuple[bytes, list[Submessage]]]
"""GUIDs of endpoints, and the submessages for each."""
Packets: TypeAlias = list[tuple[bytes, tuple[Locator, ...]]]
"""Packets, and where each goes."""

_PACKET_BYTES = 14_720  # as Cyclone DDS packs them
_BURST_BYTES, _BURST_PAUSE_S = 128 << 10, 0.001


class Outbox:
    """Sends what one participant has for others.

    Args:
        prefix: First bytes of the participant's GUIDs.
        sockets: What sends.
        locate: Where an endpoint listens.
    """

    def __init__(
        self,
        prefix: bytes,
        sockets: Sockets,
        locate: Callable[[bytes], tuple[Locator, ...]],
    ) -> None:
        self._prefix, self._sockets, self._locate = prefix, sockets, locate

    def packed(self, outgoing: Outgoing) -> Packets:
        """Return packets and where they go; submessages that fit go together."""
        packets: Packets = []
        for guid, messages in outgoing:
            locators = self._sockets.reachable(self._locate(guid))
            if messages and locators:
                packets += [
                    (write_packet(self._prefix, guid[:12], group), locators)
                    for group in _grouped(write_submessage(message) for message in messages)
                ]
        return packets

    def send(self, packets: Sequence[tuple[bytes, tuple[Locator, ...]]]) -> None:
        """Send packets, no faster than a receiver's buffer can bear."""
        sent = 0
        for packet, locators in packets:
            self._sockets.send(packet, locators)
            sent += len(packet)
            if sent > _BURST_BYTES:
                time.sleep(_BURST_PAUSE_S)
                sent = 0

    def post(self, outgoing: Outgoing) -> None:
        """Pack and send."""
        self.send(self.packed(outgoing))


def _grouped(submessages: Iterable[bytes]) -> Iterable[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for each in submessages:
        if group and size + len(each) > _PACKET_BYTES:
            yield group
            group, size = [], 0
        group.append(each)
        size += len(each)
    if group:
        yield group
