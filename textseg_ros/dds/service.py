"""Servers and clients of services over plain DDS."""

import threading
import time
from collections.abc import Callable
from typing import Any

from textseg_ros.dds.channels import ChannelMaker, ClientChannel, RequestId, ServerChannel
from textseg_ros.dds.typestore import TypeStore
from textseg_ros.rpc import BoundedWorkers, ServiceHandler

_WAITING = 8
_POLL_S = 0.005
TellError = Callable[[str, Exception], None]
"""Called with the name of a service and what went wrong there."""


class ServiceServer:
    """Answers requests, one at a time, in a thread of its own.

    Args:
        channels: What carries requests and replies.
        types: Message classes.
        name: Absolute name of the service.
        type_name: `package/srv/Type`.
        handler: Request -> response.
        on_error: Told of what a handler raises and of requests that cannot be read; ROS has no
            reply for those, the client waits in vain.
        busy: Answers while `waiting` requests wait; None to leave them unanswered.
        waiting: Requests that may wait; 0 calls the handler in the receiving thread, which is for
            handlers that return at once.
        tell: Told of a client that frames its requests otherwise.
    """

    def __init__(
        self,
        channels: ChannelMaker,
        types: TypeStore,
        name: str,
        type_name: str,
        handler: ServiceHandler,
        on_error: TellError,
        *,
        busy: ServiceHandler | None = None,
        waiting: int = _WAITING,
        tell: Callable[[str], None],
    ) -> None:
        self._types, self._name, self._type_name = types, name, type_name
        self._handler, self._busy, self._on_error = handler, busy, on_error
        self._opened = threading.Event()
        self._workers = (
            BoundedWorkers(f"service {name}", 1, waiting, self._failed) if waiting else None
        )
        self._channel: ServerChannel = channels.server(name, type_name, self._on_request, tell)
        self._opened.set()

    def close(self) -> None:
        """Leave the graph and wait for the handler under way."""
        self._channel.close()
        if self._workers is not None:
            self._workers.close()

    def _failed(self, error: Exception) -> None:
        self._on_error(self._name, error)

    def _on_request(self, request_id: RequestId, data: bytes) -> None:
        try:
            request = self._types.deserialize(data, f"{self._type_name}_Request")
        except ValueError as error:
            self._failed(error)
            return
        if self._workers is None:
            self._answer(request_id, request, self._handler)
        elif not self._workers.submit(lambda: self._answer(request_id, request, self._handler)):
            if self._busy is not None:
                self._answer(request_id, request, self._busy)
            else:
                self._failed(RuntimeError("request not answered: too many wait"))

    def _answer(self, request_id: RequestId, request: Any, handler: ServiceHandler) -> None:
        try:
            response = handler(request)
            data = self._types.serialize(response, f"{self._type_name}_Response")
            self._opened.wait()  # a request may come before the channel is ours
            self._channel.reply(request_id, data)
        except Exception as error:  # a handler's failure ends its request, not the server
            self._failed(error)


class ServiceClient:
    """Calls a service; any thread may, but not the one that receives.

    Args:
        channels: What carries requests and replies.
        types: Message classes.
        name: Absolute name of the service.
        type_name: `package/srv/Type`.
    """

    def __init__(
        self, channels: ChannelMaker, types: TypeStore, name: str, type_name: str
    ) -> None:
        self._types, self._name, self._type_name = types, name, type_name
        self._changed = threading.Condition()
        self._replies: dict[int, bytes] = {}
        self._calling = 0
        self._channel: ClientChannel = channels.client(name, type_name, self._on_reply)

    def wait_for_service(self, timeout_s: float = 10.0) -> bool:
        """Wait until a server is there; return whether one is."""
        end_s = time.monotonic() + timeout_s
        while not self._channel.is_ready():
            if time.monotonic() >= end_s:
                return False
            time.sleep(_POLL_S)
        return True

    def call(self, request: Any, timeout_s: float = 10.0) -> Any:
        """Return the response to a request.

        Raises:
            ValueError: If the request does not fit the service's type, or the reply is damaged.
            RuntimeError: If the request cannot be sent, or no reply comes in time.
        """
        data = self._types.serialize(request, f"{self._type_name}_Request")
        with self._changed:
            self._calling += 1  # before sending: the reply may be faster than our bookkeeping
        number: int | None = None
        try:
            number = self._channel.request(data)
            with self._changed:
                came = self._changed.wait_for(lambda: number in self._replies, timeout_s)
                reply = self._replies.pop(number, b"")
        finally:
            with self._changed:
                self._calling -= 1
                if not self._calling:
                    self._replies.clear()
        if not came:
            raise RuntimeError(
                f"no reply from service {self._name} in {timeout_s} s; "
                "`ros2 service list -t` shows whether it is there, of this type"
            )
        return self._types.deserialize(reply, f"{self._type_name}_Response")

    def close(self) -> None:
        """Leave the graph."""
        self._channel.close()

    def _on_reply(self, number: int, data: bytes) -> None:
        with self._changed:
            if self._calling:  # a reply that nobody waits for any longer is dropped
                self._replies[number] = data
                self._changed.notify_all()
