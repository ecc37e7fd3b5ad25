"""Reads the ROS 2 environment variables into a Cyclone DDS configuration.

Source:
    ROS 2 Jazzy: rcl/src/rcl/{domain_id,localhost,discovery_options,init}.c and
    check_create_domain() of rmw_cyclonedds_cpp/src/rmw_node.cpp. Deviations: a value
    that Jazzy would replace by a guess is an error here, and fragments are larger.
"""

import random
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from xml.sax.saxutils import quoteattr

DiscoveryRange = Literal["SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT"]

DOMAIN_ID_MAX = 232
"""The greatest domain id whose UDP ports exist."""

_PEER_MAX_CHARACTERS = 255
_PORT_BASE, _PORTS_PER_DOMAIN = 7400, 250
# Above 101 the ports of a domain lie in Linux's range of ephemeral ports.
_FREE_DOMAINS = range(1, 102)
# A port of a domain that RTPS gives to nobody: multicast has 0 and 1, participants begin at 10.
_CLAIM_OFFSET = 5
# Claims that a process holds; by then those who asked for the older ones have joined or ended.
_MOST_CLAIMS = 16
_claims: deque[socket.socket] = deque()

# Cyclone 11 drops what arrives by an interface that it did not select, thus all
# that Jazzy's 0.10 sends to 127.0.0.1 under LOCALHOST; 0.10 has no such filter.
_LIKE_CYCLONE_0_10 = "<Internal><ExtendedPacketInfo>false</ExtendedPacketInfo></Internal>"
# Without a key hash, Fast DDS 2.14 does not understand that a reader of Cyclone 11 has left, and a
# camera on it goes on sending to every subscription that the node ever ended.
_KEY_HASHES = "<Internal><GenerateKeyhash>true</GenerateKeyhash></Internal>"
# Cyclone's fragments of 1344 B are too many for readers of Fast DDS, which lose a third of the
# images of 640 x 480 even when both sides are reliable. These are as large as Fast DDS's own.
_FEW_FRAGMENTS = "<MaxMessageSize>65500B</MaxMessageSize><FragmentSize>63000B</FragmentSize>"
_LOOPBACK_URI = (
    "<CycloneDDS><Domain><General><Interfaces>"
    '<NetworkInterface address="127.0.0.1"/>'
    "</Interfaces></General></Domain></CycloneDDS>"
)


@dataclass(frozen=True, slots=True)
class DdsSettings:
    """Where and how a participant is discovered.

    Attributes:
        domain_id: DDS domain, 0 to 232.
        config: Cyclone DDS configuration, XML fragments separated by commas.
        warnings: What the environment asks for and does not get, one sentence each.
        discovery: How far others are looked for.
        peers: Hosts that are looked for besides.
    """

    domain_id: int = 0
    config: str = ""
    warnings: tuple[str, ...] = ()
    discovery: DiscoveryRange = "SUBNET"
    peers: tuple[str, ...] = ()


def read_environment(
    environment: Mapping[str, str], process_id: int, domain_id: int | None = None
) -> DdsSettings:
    """Read ROS_DOMAIN_ID and the discovery variables as ROS 2 Jazzy on Cyclone DDS does.

    Args:
        environment: Variables; normally `os.environ`.
        process_id: Goes into the domain tag when discovery is OFF.
        domain_id: Replaces ROS_DOMAIN_ID if not None.

    Returns:
        The settings, with Jazzy's Cyclone configuration, larger fragments, and then
        CYCLONEDDS_URI, which thus has the last word.

    Raises:
        ValueError: If a value is not one of those accepted; the text names them.
    """
    if domain_id is None:
        domain_id = _parse_domain_id(environment.get("ROS_DOMAIN_ID", ""))
    elif not 0 <= domain_id <= DOMAIN_ID_MAX:
        raise ValueError(f"domain id must be 0 to {DOMAIN_ID_MAX}, got {domain_id}")
    warnings: list[str] = []
    if _is_localhost_only(environment.get("ROS_LOCALHOST_ONLY", "")):
        range_: DiscoveryRange = "LOCALHOST"
        peers: tuple[str, ...] = ()
        warnings.append(
            "ROS_LOCALHOST_ONLY is deprecated; while it is 1, ROS_AUTOMATIC_DISCOVERY_RANGE and "
            "ROS_STATIC_PEERS are ignored"
        )
    else:
        range_ = _parse_range(environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", ""))
        peers = _parse_peers(environment.get("ROS_STATIC_PEERS", ""))
        if peers and range_ in ("OFF", "SYSTEM_DEFAULT"):
            peers = ()
            warnings.append(
                f"ROS_STATIC_PEERS is ignored while ROS_AUTOMATIC_DISCOVERY_RANGE is {range_}"
            )
    uri = environment.get("CYCLONEDDS_URI", "")
    if not uri.isascii():
        raise ValueError("CYCLONEDDS_URI must be ASCII, XML or the URL of an XML file")
    config = _discovery_config(range_, peers, process_id) + uri
    return DdsSettings(domain_id, config, tuple(warnings), range_, peers)


def loopback_environment(domain_id: int) -> dict[str, str]:
    """Return the variables that keep a process on the loopback interface.

    Participants find each other there by unicast, so no multicast is needed.
    """
    return {
        "ROS_DOMAIN_ID": str(domain_id),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_STATIC_PEERS": "",
        "ROS_LOCALHOST_ONLY": "",
        "CYCLONEDDS_URI": _LOOPBACK_URI,
    }


def free_domain_id() -> int:
    """Return a domain id from 1 to 101 that nobody on this host uses, and claim it.

    No other call returns it, in this process or another, until this process has asked for 16 more
    or ends: whoever asked may take seconds to join the domain.

    Raises:
        RuntimeError: If all are in use.
    """
    # Not from the seed: two processes with the same one would try the same domain at one time.
    for domain_id in random.SystemRandom().sample(_FREE_DOMAINS, len(_FREE_DOMAINS)):
        first = _PORT_BASE + _PORTS_PER_DOMAIN * domain_id
        claim = _bound(first + _CLAIM_OFFSET)
        if claim is None:
            continue
        # Multicast discovery, then unicast discovery of the first participants.
        if all(_is_port_free(first + offset) for offset in (0, 10, 12, 14, 16)):
            _claims.append(claim)
            if len(_claims) > _MOST_CLAIMS:
                _claims.popleft().close()
            return domain_id
        claim.close()
    raise RuntimeError("every DDS domain from 1 to 101 is in use on this host; end a ROS process")


def _is_port_free(port: int) -> bool:
    probe = _bound(port)
    if probe is not None:
        probe.close()
    return probe is not None


def _bound(port: int) -> socket.socket | None:
    """Return a socket that holds a UDP port of this host; None if another does."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.bind(("", port))
    except OSError:
        probe.close()
        return None
    return probe


def _parse_domain_id(text: str) -> int:
    if not text:
        return 0
    try:
        # As strtoul() with base 0 reads it: 0x for hexadecimal, 0 for octal.
        octal = text.isdigit() and text.startswith("0")
        domain_id = int(text, 8 if octal else 0)
    except ValueError:
        domain_id = -1
    if not 0 <= domain_id <= DOMAIN_ID_MAX:
        raise ValueError(
            f"ROS_DOMAIN_ID must be a whole number from 0 to {DOMAIN_ID_MAX}, got {text!r}"
        )
    return domain_id


def _is_localhost_only(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise ValueError(f"ROS_LOCALHOST_ONLY must be 0, 1 or unset, got {text!r}")
    return text == "1"


def _parse_range(text: str) -> DiscoveryRange:
    for range_ in get_args(DiscoveryRange):
        if text == range_:
            return range_  # type: ignore[no-any-return]
    if not text:
        return "SUBNET"
    accepted = ", ".join(get_args(DiscoveryRange))
    raise ValueError(
        f"ROS_AUTOMATIC_DISCOVERY_RANGE must be one of {accepted}, or unset, got {text!r}"
    )


def _parse_peers(text: str) -> tuple[str, ...]:
    peers = tuple(peer for peer in text.split(";") if peer)
    for peer in peers:
        if len(peer) > _PEER_MAX_CHARACTERS or not peer.isascii() or peer != peer.strip():
            raise ValueError(
                "ROS_STATIC_PEERS must be addresses or host names separated by ';', each ASCII "
                f"without blanks and at most {_PEER_MAX_CHARACTERS} characters, got {peer!r}"
            )
    return peers


def _discovery_config(range_: DiscoveryRange, peers: tuple[str, ...], process_id: int) -> str:
    if range_ == "SYSTEM_DEFAULT":
        return (
            f"<CycloneDDS><Domain><General>{_FEW_FRAGMENTS}</General>{_KEY_HASHES}</Domain>"
            "</CycloneDDS>,"
        )
    multicast = "<AllowMulticast>false</AllowMulticast>"
    if range_ == "OFF":
        discovery = (
            f"<ParticipantIndex>none</ParticipantIndex><Tag>ros_discovery_off_{process_id}</Tag>"
        )
    else:
        discovery = (
            "<ParticipantIndex>auto</ParticipantIndex>"
            "<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
        )
    if range_ == "LOCALHOST":
        peers = ("localhost", *peers)
    elif range_ == "SUBNET":
        multicast = ""
    if peers:
        addresses = "".join(f"<Peer address={quoteattr(peer)}/>" for peer in peers)
        discovery += f"<Peers>{addresses}</Peers>"
    return (
        f"<CycloneDDS><Domain><General>{multicast}{_FEW_FRAGMENTS}</General>"
        f"<Discovery>{discovery}</Discovery>{_LIKE_CYCLONE_0_10}{_KEY_HASHES}</Domain>"
        "</CycloneDDS>,"
    )
