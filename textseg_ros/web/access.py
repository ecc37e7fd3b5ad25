"""Who may open the page: this machine alone, or whoever has the token."""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOCAL_NAMES = ("localhost",)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is of this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in _LOCAL_NAMES


class Access:
    """Decides on requests.

    Bound to the loopback interface, the page needs no token, but answers only requests that name
    this machine: a page of another site that had its own name resolve to 127.0.0.1 would else
    be let in. Bound to any other address, each request needs the token.

    Attributes:
        token: What a request must bring; "" if none is needed.

    Args:
        host: Address that the server is bound to.
        token: For all but loopback; None for a new one.
    """

    def __init__(self, host: str, token: str | None = None) -> None:
        self._is_local = is_loopback(host)
        self.token = "" if self._is_local else token or secrets.token_urlsafe(24)

    def fault(self, host_header: str, given: str) -> str | None:
        """Return why a request is refused; None if it is not.

        Args:
            host_header: Whom the browser thinks it talks to, `name[:port]`.
            given: Token that the request brings; "" if none.
        """
        if self._is_local:
            if is_loopback(_name_of(host_header)):
                return None
            return (
                f"this page is for this machine alone and was asked for as {host_header[:80]!r}; "
                "open it as http://127.0.0.1, or start it with --host"
            )
        if hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token.encode()):
            return None
        return "the token is missing or wrong; open the address that `textseg web` printed"

    @staticmethod
    def foreign_origin(headers: Mapping[str, str]) -> str | None:
        """Return why a WebSocket is refused that a page of another site opens; None if it is not.

        Browsers let any page open a WebSocket to any address, but say which page it was.

        Args:
            headers: Of the request.
        """
        origin = headers.get("Origin", "")
        host = headers.get("Host", "")
        parts = urlsplit(origin)
        if host and parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower():
            return None
        return f"a WebSocket must come from the page at {host[:80]!r}, not from {origin[:80]!r}"


def _name_of(host_header: str) -> str:
    """Return the name in `name:port`, `[address]:port` or either without port."""
    if host_header.startswith("["):
        return host_header.partition("]")[0] + "]"
    return host_header.partition(":")[0]
