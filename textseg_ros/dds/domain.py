"""Opens DDS domains, each once in a process however many participants use it."""

import socket
import threading
from dataclasses import dataclass

from cyclonedds.core import DDSException
from cyclonedds.domain import Domain

from textseg_ros.rmw_environment import DdsSettings


@dataclass(slots=True)
class _OpenDomain:
    settings: DdsSettings
    domain: Domain
    users: int = 0


_lock = threading.Lock()
_open_domains: dict[int, _OpenDomain] = {}


def open_domain(settings: DdsSettings) -> None:
    """Open a domain for one more participant.

    Raises:
        RuntimeError: If no network interface can be used, or another participant
            of this process has the domain open with other settings.
    """
    with _lock:
        opened = _open_domains.get(settings.domain_id)
        if opened is None:
            opened = _OpenDomain(settings, _create(settings))
            _open_domains[settings.domain_id] = opened
        elif opened.settings.config != settings.config:
            raise RuntimeError(
                f"domain {settings.domain_id} is open in this process with other discovery "
                "settings; give all its participants the same ones, or another domain id"
            )
        opened.users += 1


def close_domain(settings: DdsSettings) -> None:
    """Give a domain back; it ends with its last participant."""
    with _lock:
        opened = _open_domains[settings.domain_id]
        opened.users -= 1
        if opened.users == 0:
            del _open_domains[settings.domain_id]
            # The last reference: cyclonedds deletes the domain in its finaliser.
            del opened


def _create(settings: DdsSettings) -> Domain:
    try:
        return Domain(settings.domain_id, settings.config)
    except DDSException as error:
        interfaces = ", ".join(name for _, name in socket.if_nameindex()) or "none"
        raise RuntimeError(
            f"DDS domain {settings.domain_id} cannot be opened ({error}). Network interfaces "
            f"found: {interfaces}. Cyclone DDS said above what it could not use. Bring an "
            "interface up (`ip link set lo up` serves one host), or name one in CYCLONEDDS_URI: "
            '<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="eth0"/>'
            "</Interfaces></General></Domain></CycloneDDS>, or unset CYCLONEDDS_URI"
        ) from error
