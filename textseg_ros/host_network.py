"""The network interfaces of this host and their IPv4 addresses."""

import fcntl
import socket
import struct

_SIOCGIFADDR = 0x8915


def address_of(interface: str) -> str | None:
    """Return the address of an interface by its name; None if it has none, or is not there."""
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def own_addresses() -> tuple[str, ...]:
    """Return the addresses of this host's interfaces, without loopback."""
    found = [address_of(name) for _, name in socket.if_nameindex()]
    outside = [address for address in found if address and not address.startswith("127.")]
    return tuple(dict.fromkeys(outside))
