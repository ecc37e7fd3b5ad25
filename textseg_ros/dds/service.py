"""Servers and clients of services over plain DDS."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from textseg_ros.dds.channels import ChannelMaker, ClientChannel, RequestId, ServerChannel
from textseg_ros.rpc import WAITING, ServiceHandler, ServiceWorkers, Waits
from textseg_ros.typestore import TypeStore

_POLL_S = 0.005
TellError = Callable[[str, Exception], None]
"""Called with the name of a service and what went wrong there."""


class DeferredService:
    """The server's end of a service, whose replies may come at any time.

    Args:
        channels: What carries requests and replies.
        types: Message classes.
        name: Absolute name of the service.
        type_name: `package/srv/Type`, or of an action's services `package/action/Type_Part`.
        on_request: Called with identity and message of a request, in the receiving thread.
        on_error: Told of requests that cannot be read.
        tell: Told of a client that frames its requests otherwise.
    """

    def __init__(
        self,
        channels: ChannelMaker,
        types: TypeStore,
        name: str,
        type_name: str,
        on_request: Callable[[RequestId, Any], None],
        on_error: TellError,
        tell: Callable[[str], None],
    ) -> None:
        self._types, self._name, self._type_name = types, name, type_name
        self._on_request, self._on_error = on_request, on_error
        self._opened = threading.Event()
        self._channel: ServerChannel = channels.server(name, type_name, self._take, tell)
        self._opened.set()

    def default_response(self) -> Any:
        """Return a response whose fields are zero, empty or false."""
        return self._types.default(f"{self._type_name}_Response")

    def reply(self, request_id: RequestId, response: Any) -> None:
        """Answer a request; one that does not fit is told of and answered with zeros.

        Safe in any thread; never raises.
        """
        kind = f"{self._type_name}_Response"
        try:
            data = self._types.serialize(response, kind)
        except ValueError as error:
            self._on_error(self._name, error)
            data = self._types.serialize(self.default_response(), kind)
        try:
            self._channel.reply(request_id, data)
        except RuntimeError as error:
            self._on_error(self._name, error)

    def close(self) -> None:
        """Leave the graph."""
        self._channel.close()

    def _take(self, request_id: RequestId, data: bytes) -> None:
        self._opened.wait()  # a request may come before the constructor has its channel
        try:
            request = self._types.deserialize(data, f"{self._type_name}_Request")
        except ValueError as error:
            self._on_error(self._name, error)
        else:
            self._on_request(request_id, request)


class ServiceServer:
    """Answers requests in threads of its own: one at a time, but for those that wait outside.

    ROS knows no reply that says that a request failed: one whose handler raises is answered with
    zeros, empty texts and false.

    Args:
        channels: What carries requests and replies.
        types: Message classes.
        name: Absolute name of the service.
        type_name: `package/srv/Type`.
        handler: Request -> response.
        on_error: Told of what a handler raises and of requests that cannot be read.
        tell: Told of a client that frames its requests otherwise.
        busy: Answers while `waiting` requests wait; None for zeros, empty texts and false.
        waits: Says which requests wait for something outside; None for none.
        waiting: Requests that may wait.
    """

    def __init__(
        self,
        channels: ChannelMaker,
        types: TypeStore,
        name: str,
        type_name: str,
        handler: ServiceHandler,
        on_error: TellError,
        tell: Callable[[str], None],
        *,
        busy: ServiceHandler | None = None,
        waits: Waits | None = None,
        waiting: int = WAITING,
    ) -> None:
        self._name, self._on_error = name, on_error
        self._handler, self._busy = handler, busy
        self._workers = ServiceWorkers(f"service {name}", waits, self._failed, waiting)
        try:
            self._opened = threading.Event()
            self._service = DeferredService(
                channels, types, name, type_name, self._on_request, on_error, tell
            )
        except BaseException:
            self._workers.close()
            raise
        self._opened.set()

    def close(self) -> None:
        """Wait for the handler under way and leave the graph; what waits is not answered."""
        self._workers.close()
        self._service.close()

    def _failed(self, error: Exception) -> None:
        self._on_error(self._name, error)

    def _on_request(self, request_id: RequestId, request: Any) -> None:
        self._opened.wait()
        answer = partial(self._answer, request_id, request, self._handler)
        if not self._workers.submit(request, answer):
            self._answer(request_id, request, self._busy)

    def _answer(self, request_id: RequestId, request: Any, handler: ServiceHandler | None) -> None:
        try:
            response = None if handler is None else handler(request)
        except Exception as error:  # a handler's failure ends its request, not the server
            self._failed(error)
            response = None
        self._service.reply(
            request_id, self._service.default_response() if response is None else response
        )


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
