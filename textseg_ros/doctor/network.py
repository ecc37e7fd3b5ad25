"""Whether DDS can use the network: CYCLONEDDS_URI, interfaces and multicast."""

import contextlib
import os
import select
import socket
import urllib.parse
import xml.etree.ElementTree as ET
from pathlib import Path

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok

_GROUP = "239.255.0.1"  # of DDS discovery: DDSI-RTPS 2.3, 9.6.1.4.1
_WAIT_S = 1.0
_WORD = b"textseg doctor "


def check_cyclonedds_uri(given: Surroundings) -> list[Finding]:
    """Read CYCLONEDDS_URI, look for what it names, and let Cyclone DDS open the domain with it."""
    uri = given.environment.get("CYCLONEDDS_URI", "")
    if not uri:
        return [ok("CYCLONEDDS_URI is unset")]
    try:
        documents = _documents(uri)
        for document in documents:
            _check_interfaces(document)
    except ValueError as error:
        return [broken(f"CYCLONEDDS_URI: {error}", "mend it, or unset CYCLONEDDS_URI")]
    return [_opened(given)]


def _documents(uri: str) -> list[ET.Element]:
    """Return the XML elements that the variable holds or names.

    Raises:
        ValueError: If one is no XML or its file cannot be read.
    """
    if uri.lstrip().startswith("<"):
        text = f"<all>{uri}</all>"  # fragments, separated by commas
        return [_parsed(text, "its XML")]
    found = []
    for part in filter(None, uri.split(",")):
        url = urllib.parse.urlparse(part)
        if url.scheme not in ("", "file"):
            raise ValueError(f"expected XML, file:// or a path, got {part!r}")
        path = Path(urllib.parse.unquote(url.path) if url.scheme else part)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        found.append(_parsed(text, str(path)))
    return found


def _parsed(text: str, what: str) -> ET.Element:
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"{what} cannot be read: {error}") from error


def _check_interfaces(document: ET.Element) -> None:
    """Refuse interfaces and addresses that this host does not have."""
    names = [name for _, name in socket.if_nameindex()]
    for interface in _elements(document, "NetworkInterface"):
        name, address = interface.get("name"), interface.get("address")
        if name and name not in names:
            raise ValueError(f"no interface is named {name}; there are {', '.join(names)}")
        if address and not _is_own(address):
            raise ValueError(f"{address} is no address of this host")
    for element in _elements(document, "NetworkInterfaceAddress"):
        text = (element.text or "").strip()
        if text and text != "auto" and text not in names and not _is_own(text):
            raise ValueError(f"{text} is neither an interface nor an address of this host")


def _elements(document: ET.Element, tag: str) -> list[ET.Element]:
    """Return elements of a name, in whatever namespace and case, as Cyclone DDS reads them."""
    return [one for one in document.iter() if one.tag.rpartition("}")[2].lower() == tag.lower()]


def _is_own(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _opened(given: Surroundings) -> Finding:
    """Open and close the domain, as the node would."""
    try:
        from textseg_ros.dds.domain import close_domain, open_domain
    except (RuntimeError, ImportError):
        return note("CYCLONEDDS_URI is XML; Cyclone DDS itself is not installed to try it")
    from textseg_ros.rmw_environment import read_environment

    try:
        settings = read_environment(given.environment, os.getpid(), given.domain)
        open_domain(settings)
    except (ValueError, RuntimeError) as error:
        return broken(f"CYCLONEDDS_URI: {error}", "mend it, or unset CYCLONEDDS_URI")
    close_domain(settings)
    return ok("Cyclone DDS opens the domain with CYCLONEDDS_URI")


def check_multicast(given: Surroundings) -> list[Finding]:
    """Send to DDS's multicast group through each interface in use, and receive it again."""
    from textseg_ros.host_network import own_addresses
    from textseg_ros.rmw_environment import read_environment

    try:
        settings = read_environment(given.environment, os.getpid(), given.domain)
    except ValueError:
        return [note("multicast was not tried: the domain settings are wrong")]
    if settings.discovery not in ("SUBNET", "SYSTEM_DEFAULT"):
        return [ok(f"discovery is {settings.discovery}: no multicast is needed")]
    addresses = _chosen_addresses(given) or own_addresses()
    if not addresses:
        return [
            note(
                "no network interface but loopback has an address",
                "for nodes on this host alone, set ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST",
            )
        ]
    findings = []
    for address in addresses:
        fault = multicast_fault(address)
        if fault:
            findings.append(
                broken(
                    f"multicast through {address} does not come back: {fault}",
                    "let the firewall pass UDP to 239.255.0.1 (ufw allow in proto udp to "
                    "224.0.0.0/4), switch the interface's multicast on (ip link set DEV multicast "
                    "on), or name the other hosts in ROS_STATIC_PEERS",
                )
            )
        else:
            findings.append(ok(f"multicast through {address} comes back"))
    return findings


def _chosen_addresses(given: Surroundings) -> tuple[str, ...]:
    """Return the IPv4 addresses of the interfaces that CYCLONEDDS_URI chooses."""
    from textseg_ros.host_network import address_of

    try:
        documents = _documents(given.environment.get("CYCLONEDDS_URI", ""))
    except ValueError:
        return ()
    found: list[str] = []
    for document in documents:
        for interface in _elements(document, "NetworkInterface"):
            address = interface.get("address") or address_of(interface.get("name", ""))
            if address:
                found.append(address)
    return tuple(found)


def multicast_fault(address: str) -> str:
    """Return why what is sent to DDS's group by an interface does not come back; "" if it does.

    Args:
        address: IPv4, of the interface.
    """
    word = _WORD + os.urandom(8)
    interface = socket.inet_aton(address)
    try:
        with contextlib.ExitStack() as stack:
            receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            receiver.bind(("", 0))
            member = socket.inet_aton(_GROUP) + interface
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)  # this host only
            sender.sendto(word, (_GROUP, receiver.getsockname()[1]))
            while select.select([receiver], [], [], _WAIT_S)[0]:
                if receiver.recv(64) == word:
                    return ""
    except OSError as error:
        return error.strerror or str(error)
    return f"nothing came within {_WAIT_S:g} s"
