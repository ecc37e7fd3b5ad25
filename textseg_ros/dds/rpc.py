"""Services and actions of a DDS participant, in the framing that the other nodes speak."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from textseg_ros.dds.action import ActionServer
from textseg_ros.dds.action_client import ActionClient
from textseg_ros.dds.channels import ChannelMaker, Framing, check_framing
from textseg_ros.dds.cyclone_channel import CycloneChannels
from textseg_ros.dds.fastrtps_channel import FastRtpsChannels
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.service import ServiceClient, ServiceServer, TellError
from textseg_ros.rpc import ActionHandler, Closeable, GoalCheck, ServiceHandler, Waits
from textseg_ros.topics import resolve


class DdsRpc:
    """The RpcTransport of a participant; close it before the participant.

    Handlers run in threads of their own, so that one that waits for an image does not keep the
    image from coming. A client made here does not reach the services offered here: a node calls
    its own functions.

    Args:
        participant: The node.
        framing: How the other nodes frame services.
        on_error: Called with a service's name and what went wrong there.
        tell: Called with a sentence about a client that frames its requests otherwise, for every
            request.
        now_ns: The node's time, nanoseconds.
        names: Other absolute names of services and actions, by absolute name, where they are
            remapped.

    Raises:
        ValueError: If the framing is unknown.
        RuntimeError: If no port of the domain is free.
    """

    def __init__(
        self,
        participant: Participant,
        framing: Framing,
        on_error: TellError,
        tell: Callable[[str], None],
        now_ns: Callable[[], int] = time.time_ns,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        check_framing(framing)
        self._now_ns, self._names = now_ns, names
        self._participant, self._on_error, self._tell = participant, on_error, tell
        self.channels: ChannelMaker = (
            FastRtpsChannels(participant)
            if framing == "fastrtps"
            else CycloneChannels(participant)
        )
        self._open: list[Closeable] = []

    def add_service(
        self,
        name: str,
        type_name: str,
        handler: ServiceHandler,
        *,
        busy: ServiceHandler | None = None,
        waits: Waits | None = None,
    ) -> ServiceServer:
        """Offer a service; see `RpcTransport`."""
        server = ServiceServer(
            self.channels,
            self._participant.types,
            self._absolute(name),
            type_name,
            handler,
            self._on_error,
            self._tell,
            busy=busy,
            waits=waits,
        )
        self._open.append(server)
        return server

    def add_action(
        self,
        name: str,
        type_name: str,
        execute: ActionHandler,
        *,
        accept: GoalCheck | None = None,
    ) -> ActionServer:
        """Offer an action; see `RpcTransport`."""
        server = ActionServer(
            self._participant,
            self.channels,
            self._absolute(name),
            type_name,
            execute,
            self._on_error,
            self._tell,
            accept=accept,
            now_ns=self._now_ns,
        )
        self._open.append(server)
        return server

    def client(self, name: str, type_name: str) -> ServiceClient:
        """Use a service."""
        client = ServiceClient(
            self.channels, self._participant.types, self._absolute(name), type_name
        )
        self._open.append(client)
        return client

    def action_client(self, name: str, type_name: str) -> ActionClient:
        """Use an action."""
        client = ActionClient(self._participant, self.channels, self._absolute(name), type_name)
        self._open.append(client)
        return client

    def close(self) -> None:
        """Wait for the handlers under way and leave the graph."""
        for each in self._open:
            each.close()
        self._open.clear()
        self.channels.close()

    def _absolute(self, name: str) -> str:
        if name.startswith("~/"):
            absolute = f"{self._participant.name}/{name[2:]}"
        else:
            absolute = resolve(name, self._participant.namespace)
        return self._names.get(absolute, absolute)
