"""The UDP sockets of a participant: ports, interfaces and where discovery goes.

Source:
    OMG DDSI-RTPS 2.3, 9.6.1.1 (ports) and 9.6.1.4 (multicast address).
"""

import contextlib
import socket
from collections.abc import Sequence

from textseg_ros.dds.rtps.parameters import Locator
from textseg_ros.host_network import own_addresses
from textseg_ros.rmw_environment import DdsSettings

_GROUP = "239.255.0.1"
_PORT_BASE, _DOMAIN_GAIN, _PARTICIPANT_GAIN = 7400, 250, 2
_DISCOVERY_OFFSET = 10
_PARTICIPANTS = 120
_PINGED = 33  # indices that Cyclone DDS and rmw_fastrtps use under LOCALHOST
_RECEIVE_BYTES = 4 << 20
_LOOPBACK = "127.0.0.1"


class Sockets:
    """One socket for everything sent to this participant alone, one for multicast.

    Attributes:
        locators: Where others reach this participant.
        receivers: Sockets to read from.
        announced_to: Where it is announced.
    """

    def __init__(self, settings: DdsSettings) -> None:
        """Open the sockets.

        Raises:
            RuntimeError: If no port of the domain is free.
        """
        self._domain_port = _PORT_BASE + _DOMAIN_GAIN * settings.domain_id
        on_network = settings.discovery in ("SUBNET", "SYSTEM_DEFAULT")
        addresses = own_addresses() if on_network else ()
        self._addresses = addresses or (_LOOPBACK,)
        self._unicast, port = self._open_unicast()
        self.receivers: list[socket.socket] = [self._unicast]
        self.locators = tuple(Locator(address, port) for address in self._addresses)
        targets: list[Locator] = []
        if addresses:
            self.receivers.append(self._open_multicast())
            targets.append(Locator(_GROUP, self._domain_port))
        if settings.discovery != "OFF":
            hosts = settings.peers if addresses else (_LOOPBACK, *settings.peers)
            targets += self._unicast_targets(hosts)
        self.announced_to = tuple(dict.fromkeys(targets))

    def send(self, packet: bytes, locators: Sequence[Locator]) -> None:
        """Send a packet to each place; what cannot be reached is like what gets lost."""
        for locator in locators:
            if locator.address == _GROUP:
                for address in self._addresses:
                    interface = socket.inet_aton(address)
                    self._unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
                    self._send(packet, locator)
            else:
                self._send(packet, locator)

    def reachable(self, locators: Sequence[Locator]) -> tuple[Locator, ...]:
        """Return where to send: one place if the peer is on this host, else all of them."""
        own = {*self._addresses, _LOOPBACK}
        for locator in locators:
            if locator.address in own:
                return (locator,)
        return tuple(locators)

    def close(self) -> None:
        """Close the sockets."""
        for each in self.receivers:
            each.close()

    def _send(self, packet: bytes, locator: Locator) -> None:
        with contextlib.suppress(OSError):
            self._unicast.sendto(packet, (locator.address, locator.port))

    def _open_unicast(self) -> tuple[socket.socket, int]:
        for index in range(_PARTICIPANTS):
            port = self._domain_port + _DISCOVERY_OFFSET + _PARTICIPANT_GAIN * index
            opened = _udp()
            try:
                opened.bind(("", port))
            except OSError:
                opened.close()
            else:
                return opened, port
        raise RuntimeError(
            f"no discovery port of the domain is free (from {self._domain_port}); end "
            "participants on this host, or take another ROS_DOMAIN_ID"
        )

    def _open_multicast(self) -> socket.socket:
        opened = _udp()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            opened.bind(("", self._domain_port))
        except OSError:  # another implementation shares by address alone
            opened.close()
            opened = _udp()
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(("", self._domain_port))
        for address in self._addresses:
            member = socket.inet_aton(_GROUP) + socket.inet_aton(address)
            try:
                opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            except OSError:  # an interface without multicast
                continue
        return opened

    def _unicast_targets(self, hosts: Sequence[str]) -> list[Locator]:
        targets = []
        for host in hosts:
            try:
                address = socket.gethostbyname(host)
            except OSError:
                continue
            for index in range(_PINGED):
                port = self._domain_port + _DISCOVERY_OFFSET + _PARTICIPANT_GAIN * index
                targets.append(Locator(address, port))
        return targets


def _udp() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    return opened
