"""The page's server in a thread of its own, with a source of the test's, as a client meets it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from textseg_ros.web.access import Access
from textseg_ros.web.encoding import unpacked
from textseg_ros.web.server import PageServer
from textseg_ros.web.source import Source

TIMEOUT_S = 60.0


class Stand:
    """Serves until it is closed.

    Args:
        source: What the page looks at.
        host: What `Access` is told that the server is bound to; it always is to 127.0.0.1.
        token: As for `Access`.
        port: 0 for a free one.
    """

    def __init__(
        self, source: Source, host: str = "127.0.0.1", token: str | None = None, port: int = 0
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

        async def serve() -> PageServer:
            server = PageServer(source, "127.0.0.1", port, Access(host, token))
            await server.start()
            return server

        self.server = self.run(serve())

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(TIMEOUT_S)

    def close(self) -> None:
        if self.loop.is_closed():
            return
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(TIMEOUT_S)
        self.loop.close()


class Browser:
    """One WebSocket as the page opens it; says that it has shown what it receives."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.parts: dict[str, bytes] = {}
        self._state: dict[str, Any] | None = None

    async def say(self, **message: Any) -> None:
        await self.socket.send_json(message)

    async def next(self, acknowledge: bool = True) -> dict[str, Any]:
        """Return the next message; its pictures are in `parts`."""
        message = await self.socket.receive(TIMEOUT_S)
        if message.type is aiohttp.WSMsgType.TEXT:
            told = dict(message.json())
            if told["type"] == "state":
                self._state = told
            return told
        assert message.type is aiohttp.WSMsgType.BINARY, message
        head, self.parts = unpacked(message.data)
        if acknowledge:
            await self.say(type="shown", what=head["type"])
        return head

    async def until(self, kind: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next message of a kind that fits.

        A state holds until the next one comes, which may have been before an answer that it is
        told with, so that the last one is returned if it fits.
        """
        if kind == "state" and self._state is not None and fits(self._state):
            return self._state
        end_s = time.monotonic() + TIMEOUT_S  # pictures come as long as the camera lives
        while time.monotonic() < end_s:
            message = await self.next()
            if message["type"] == kind and fits(message):
                return message
        raise AssertionError(f"no {kind} that fits in {TIMEOUT_S:g} s; state: {self._state}")


@asynccontextmanager
async def browsing(stand: Stand, *parts: str, **options: Any) -> AsyncIterator[Browser]:
    """Open the page's WebSocket and look at these parts."""
    options.setdefault("headers", {"Origin": stand.origin})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{stand.origin}/ws", **options) as socket,
    ):
        browser = Browser(socket)
        await browser.say(type="want", parts=parts)
        yield browser
