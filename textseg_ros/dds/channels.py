"""What carries requests and replies, whatever their framing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Framing = Literal["fastrtps", "cyclonedds"]
"""How a reply names its request; each RMW has its own, and they do not understand each other."""


@dataclass(frozen=True, slots=True)
class RequestId:
    """What a reply must name.

    Attributes:
        client: Who asked.
        sequence: Which of its requests.
    """

    client: bytes
    sequence: int


RequestCallback = Callable[[RequestId, bytes], None]
"""Called with a request's identity and its serialised message, header included."""
ReplyCallback = Callable[[int, bytes], None]
"""Called with the sequence number of a request and the serialised reply to it."""
TellForeign = Callable[[str], None]
"""Called with a sentence about a request in the other framing."""


class ServerChannel(Protocol):
    """The server's end of a service."""

    def reply(self, request: RequestId, data: bytes) -> None:
        """Send a serialised reply.

        Raises:
            RuntimeError: If it cannot be sent.
        """
        ...

    def close(self) -> None:
        """Leave the graph."""
        ...


class ClientChannel(Protocol):
    """The client's end of a service."""

    def request(self, data: bytes) -> int:
        """Send a serialised request; return its sequence number.

        Raises:
            RuntimeError: If it cannot be sent.
        """
        ...

    def is_ready(self) -> bool:
        """Return whether a server's two endpoints are matched."""
        ...

    def close(self) -> None:
        """Leave the graph."""
        ...


class ChannelMaker(Protocol):
    """Opens channels of one framing."""

    def server(
        self, name: str, type_name: str, on_request: RequestCallback, tell: TellForeign
    ) -> ServerChannel:
        """Offer the service of an absolute name and a type `package/srv/Type`."""
        ...

    def client(self, name: str, type_name: str, on_reply: ReplyCallback) -> ClientChannel:
        """Use a service."""
        ...

    def close(self) -> None:
        """End what serves all channels."""
        ...


def check_framing(framing: str) -> None:
    """Check that a framing is one of those known.

    Raises:
        ValueError: If it is not.
    """
    if framing not in get_args(Framing):
        accepted = " or ".join(get_args(Framing))
        raise ValueError(
            f"service_framing must be {accepted}, as the RMW of the other nodes, got {framing!r}"
        )


def foreign_request(name: str, framing: Framing) -> str:
    """Return what to tell of a request that is framed otherwise."""
    other = "cyclonedds" if framing == "fastrtps" else "fastrtps"
    return (
        f"a client of service {name} frames its requests as rmw_{other}_cpp does, and they are "
        f"not answered: service_framing is {framing}; set it to {other}, or run the client with "
        f"RMW_IMPLEMENTATION=rmw_{framing}_cpp"
    )
