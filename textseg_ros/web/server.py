"""The web server of the page: static files, one WebSocket a browser, and who may use them.

aiohttp serves both in one package, without a second server process, and is long established.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import WSMsgType, web

from textseg_ros.web.access import Access
from textseg_ros.web.hub import Hub, Viewer
from textseg_ros.web.requests import (
    MOST_BYTES,
    Ask,
    Click,
    Pause,
    Request,
    Shown,
    Step,
    Want,
    read_request,
)
from textseg_ros.web.source import Source

STATIC = Path(__file__).parent / "static"
#: Browsers that may look at a time.
MOST_VIEWERS = 16
_HEARTBEAT_S = 10.0
_END_S = 2.0
_EVERYWHERE = ("0.0.0.0", "::")
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves the page of one source; made and used in an event loop.

    Attributes:
        hub: Where the source shows what it has.

    Args:
        source: What the page looks at; `start` and `stop` begin and end it too.
        host: Address to bind to.
        port: Port; 0 for a free one.
        access: Who may use it.
    """

    def __init__(self, source: Source, host: str, port: int, access: Access) -> None:
        self._source = source
        self._host, self._port = host, port
        self._access = access
        self.hub = Hub(asyncio.get_running_loop())
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner = web.AppRunner(self._application(), access_log=None)

    async def start(self) -> None:
        """Begin to serve, then to show.

        Raises:
            OSError: If the address cannot be bound to.
            ValueError: As `Source.start`.
            RuntimeError: As `Source.start`.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._source.start, self.hub)
        except BaseException:
            await self._runner.cleanup()
            raise

    async def stop(self) -> None:
        """Close the browsers' connections, the server and the source."""
        closing = [asyncio.create_task(open_.close()) for open_ in self._sockets]
        if closing:
            _, late = await asyncio.wait(closing, timeout=_END_S)
            for task in late:
                task.cancel()
        # Not aiohttp's own limit: until 3.8 (Ubuntu 22.04) the site has it, later the runner.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._runner.cleanup(), _END_S)
        await asyncio.get_running_loop().run_in_executor(None, self._source.close)

    @property
    def port(self) -> int:
        """The port that is bound to."""
        return int(self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """What to open; with the token if one is needed."""
        # Bound to every address, the machine's name is what others can open.
        host = socket.gethostname() if self._host in _EVERYWHERE else self._host
        host = f"[{host}]" if ":" in host else host
        token = f"?token={self._access.token}" if self._access.token else ""
        return f"http://{host}:{self.port}/{token}"

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._guard])
        application.router.add_get("/", self._index)
        application.router.add_get("/ws", self._socket)
        application.router.add_static("/static/", STATIC)
        application.on_response_prepare.append(_add_headers)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let in who may use the page; keep a token that is right in a cookie."""
        from_address = request.query.get("token", "")
        given = from_address or request.cookies.get(self._cookie, "")
        fault = self._access.fault(request.headers.get("Host", ""), given)
        if fault is not None:
            raise web.HTTPForbidden(text=f"textseg: {fault}\n")
        if from_address and self._access.token and request.path == "/":
            # Out of the address bar, the history and what is copied from either.
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(self._cookie, from_address, httponly=True, samesite="Strict")
            raise answer
        return await handler(request)

    @property
    def _cookie(self) -> str:
        """Name of the cookie; browsers keep those of all ports of a host together."""
        return f"textseg_{self.port}"

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        foreign = self._access.foreign_origin(request.headers)
        if foreign is not None:
            raise web.HTTPForbidden(text=f"textseg: {foreign}\n")
        if self.hub.viewers >= MOST_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"textseg: {MOST_VIEWERS} browsers look already; close one\n"
            )
        opened = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S, max_msg_size=MOST_BYTES, compress=False
        )
        await opened.prepare(request)
        viewer = self.hub.join()
        self._sockets.add(opened)
        feeding = asyncio.create_task(self._feed(opened, viewer))
        try:
            async for message in opened:
                if message.type is WSMsgType.TEXT:
                    self._take(viewer, message.data)
                elif message.type is WSMsgType.BINARY:
                    viewer.tell("error", "expected messages as text, got bytes; reload the page")
        finally:
            feeding.cancel()
            self._sockets.discard(opened)
            self.hub.leave(viewer)
            self._source.want(self.hub.wanted())
        return opened

    async def _feed(self, opened: web.WebSocketResponse, viewer: Viewer) -> None:
        """Send what is due until the browser is gone."""
        with suppress(ConnectionError):
            while not opened.closed:
                message = await self.hub.next_message(viewer)
                if isinstance(message, str):
                    await opened.send_str(message)
                else:
                    await opened.send_bytes(message)

    def _take(self, viewer: Viewer, text: str) -> None:
        """Do what a browser says; tell it why not, if so."""
        try:
            self._do(viewer, read_request(text))
        except (ValueError, RuntimeError) as error:
            viewer.tell("warning", str(error))

    def _do(self, viewer: Viewer, request: Request) -> None:
        match request:
            case Shown(what):
                viewer.shown(what)
            case Want(parts):
                viewer.look_at(parts)
                self._source.want(self.hub.wanted())
            case Ask(text):
                self._source.ask(text)
            case Click(u, v):
                self._source.click(u, v)
            case Step(by):
                self._source.step(by)
            case Pause(on):
                self._source.pause(on)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
