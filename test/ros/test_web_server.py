"""The page's real server, met by a real client: who is let in, and what comes through."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="the page needs aiohttp: pip install 'textseg-ros[web]'")

import aiohttp
from PIL import Image
from recording import RednessBackend, make_segmenter, until
from web_board import two_blocks
from web_stand import Stand, browsing

from textseg_ros.web.command import main
from textseg_ros.web.media import Folder
from textseg_ros.web.own_source import OwnSource
from textseg_ros.web.server import MOST_VIEWERS, STATIC
from textseg_ros.web.source import Board, State

TOKEN = "a token that is long enough"


class Drawn:
    """A source that shows what the test tells it to."""

    def __init__(self) -> None:
        self.board: Any = None
        self.wanted: list[frozenset[str]] = []
        self.asked: list[str] = []

    def start(self, board: Board) -> None:
        self.board = board
        board.show_state(State(kind="camera", name="drawn", link="live"))

    def ask(self, text: str) -> None:
        if text == "fly":
            raise ValueError("nothing to segment in 'fly'")
        self.asked.append(text)

    def want(self, parts: frozenset[str]) -> None:
        self.wanted.append(parts)

    def click(self, u: float, v: float) -> None: ...
    def step(self, by: int) -> None: ...
    def pause(self, on: bool) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
def drawn() -> Iterator[tuple[Drawn, Stand]]:
    source = Drawn()
    stand = Stand(source)
    yield source, stand
    stand.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The page on a folder: two red blocks, then one, then nothing red."""
    pictures = tmp_path_factory.mktemp("pictures")
    Image.fromarray(two_blocks()).save(pictures / "1_two.png")
    Image.fromarray(two_blocks(80, 80)).save(pictures / "2_one.png")
    Image.fromarray(np.zeros((96, 192, 3), np.uint8)).save(pictures / "3_none.png")
    stand = Stand(OwnSource(Folder(pictures), lambda: make_segmenter(RednessBackend())))
    yield stand
    stand.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Stand]:
    stand = Stand(Drawn(), "0.0.0.0", TOKEN)
    yield stand
    stand.close()


async def fetch(stand: Stand, path: str, **options: Any) -> tuple[int, Any, str]:
    options.setdefault("allow_redirects", False)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(f"{stand.origin}{path}", **options) as response,
    ):
        return response.status, response.headers, await response.text()


def levels(png: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_the_page_and_each_file_that_it_names_are_served(folder: Stand) -> None:
    async def look() -> None:
        status, headers, text = await fetch(folder, "/")
        assert status == 200
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "://" not in text  # nothing from elsewhere
        for file in STATIC.iterdir():
            assert (await fetch(folder, f"/static/{file.name}"))[0] == 200

    asyncio.run(look())


def test_without_a_token_only_the_names_of_this_machine_are_answered(folder: Stand) -> None:
    async def look() -> None:
        for name, status in (("localhost:1", 200), ("[::1]", 200), ("evil.example", 403)):
            assert (await fetch(folder, "/", headers={"Host": name}))[0] == status, name

    asyncio.run(look())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_websocket_of_another_site_is_refused(folder: Stand, origin: str) -> None:
    async def look() -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            async with browsing(folder, headers={"Origin": origin}):
                pass
        assert raised.value.status == 403

    asyncio.run(look())


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/ws"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%FF"])
def test_with_a_token_nothing_is_served_without_it(guarded: Stand, path: str, query: str) -> None:
    status, _, text = asyncio.run(fetch(guarded, path + query))

    assert status == 403
    assert "token" in text
    assert TOKEN not in text


def test_the_right_token_goes_into_a_cookie_that_opens_the_websocket(guarded: Stand) -> None:
    async def look() -> None:
        status, headers, _ = await fetch(guarded, "/", params={"token": TOKEN})
        assert (status, headers["Location"]) == (303, "/")
        cookie = headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        kept = {"Cookie": cookie.split(";")[0]}
        assert (await fetch(guarded, "/", headers=kept))[0] == 200
        async with browsing(guarded, headers={"Origin": guarded.origin, **kept}) as browser:
            assert (await browser.next())["type"] == "state"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with browsing(guarded, headers={"Origin": "http://evil.example", **kept}):
                pass

    asyncio.run(look())


def test_the_address_that_is_printed_has_the_token(guarded: Stand) -> None:
    assert guarded.server.url.endswith(f"/?token={TOKEN}")


def test_asked_for_one_of_two_the_candidates_come_and_a_click_settles_it(folder: Stand) -> None:
    async def look() -> None:
        async with browsing(folder, "picture", "mask", "response") as browser:
            picture = await browser.until("picture", lambda _: True)
            assert picture["size"] == [192, 96]
            assert browser.parts["jpeg"].startswith(b"\xff\xd8")
            await browser.say(type="ask", text="pick up the red block")
            asked = (await browser.until("answer", lambda head: head["answer"]))["answer"]
            assert asked["status"] == "ambiguous"
            assert {thing["label"] for thing in asked["things"]} == {"left", "right"}
            assert levels(browser.parts["mask"]).shape == (96, 192)
            assert levels(browser.parts["response"]).max() > 200
            await browser.say(type="click", u=143.5, v=47.5)
            found = (
                await browser.until(
                    "answer", lambda h: h["answer"] and h["answer"]["status"] == "found"
                )
            )["answer"]
            (thing,) = found["things"]
            assert thing["centroid"] == pytest.approx([143.5, 47.5], abs=8)
            columns = np.nonzero(levels(browser.parts["mask"]))[1]
            assert columns.mean() == pytest.approx(143.5, abs=8)
            await browser.say(type="ask", text="")
            await browser.until("answer", lambda head: head["answer"] is None)

    asyncio.run(look())


def test_the_question_is_answered_in_words_and_another_picture_asks_anew(folder: Stand) -> None:
    async def look() -> None:
        async with browsing(folder, "picture", "mask") as browser:
            await browser.say(type="ask", text="the red block")
            await browser.until("answer", lambda h: h["answer"] and h["answer"]["question"])
            await browser.say(type="ask", text="the left one")
            await browser.until(
                "answer", lambda h: h["answer"] and h["answer"]["things"][0]["centroid"][0] < 64
                and h["answer"]["status"] == "found",
            )  # fmt: skip
            for name, status in (("2_one.png", "found"), ("3_none.png", "not_found")):
                await browser.say(type="step", by=1)
                await browser.until("state", lambda head: head["item"] == name)  # noqa: B023
                await browser.until(
                    "answer",
                    lambda h: h["answer"] and h["answer"]["status"] == status,  # noqa: B023
                )
            await browser.say(type="step", by=1)
            await browser.until("state", lambda head: head["position"] == 0)
            await browser.say(type="ask", text="")

    asyncio.run(look())


@pytest.mark.parametrize("text", ["please", "\x07", "x" * 5000])
def test_a_query_that_names_nothing_is_refused_with_the_reason(folder: Stand, text: str) -> None:
    async def look() -> None:
        async with browsing(folder) as browser:
            await browser.say(type="ask", text=text)
            told = await browser.until("notice", lambda _: True)
            assert told["level"] == "warning"
            assert "refused" in told["text"]

    asyncio.run(look())


def test_a_refusal_is_told_to_whoever_asked_alone(drawn: tuple[Drawn, Stand]) -> None:
    _, stand = drawn

    async def look() -> None:
        async with browsing(stand) as one, browsing(stand) as other:
            await one.say(type="ask", text="fly")
            assert "fly" in (await one.until("notice", lambda _: True))["text"]
            await other.say(type="nonsense")
            told = await other.until("notice", lambda _: True)
            assert "type must be" in told["text"]

    asyncio.run(look())


def test_a_browser_that_shows_nothing_gets_two_pictures_and_then_the_newest(
    drawn: tuple[Drawn, Stand],
) -> None:
    source, stand = drawn

    async def look() -> None:
        async with browsing(stand, "picture") as browser:
            await browser.until("state", lambda _: True)
            seen = []
            for shade in range(100):
                source.board.show_picture(np.full((8, 8, 3), shade, np.uint8))
                if shade < 2:
                    seen.append((await browser.next(acknowledge=False))["seq"])
            with pytest.raises(asyncio.TimeoutError):
                await browser.socket.receive(0.2)
            await browser.say(type="shown", what="picture")
            seen.append((await browser.next())["seq"])
            assert seen == [1, 2, 100]
            assert abs(int(levels(browser.parts["jpeg"]).mean()) - 99) <= 2

    asyncio.run(look())


def test_a_slow_browser_does_not_slow_another_down(drawn: tuple[Drawn, Stand]) -> None:
    source, stand = drawn

    async def look() -> None:
        async with browsing(stand, "picture"), browsing(stand, "picture") as quick:
            for shade in range(20):
                source.board.show_picture(np.full((8, 8, 3), shade, np.uint8))
                picture = await quick.until("picture", lambda _: True)
                assert picture["seq"] == shade + 1

    asyncio.run(look())


def test_the_source_hears_what_is_looked_at_and_that_nobody_looks_any_more(
    drawn: tuple[Drawn, Stand],
) -> None:
    source, stand = drawn

    async def look() -> None:
        async with browsing(stand, "picture"), browsing(stand, "mask") as other:
            await other.until("state", lambda _: True)
            await other.say(type="nonsense")
            await other.until("notice", lambda _: True)
            assert source.wanted[-1] == {"picture", "mask"}

    asyncio.run(look())
    until(lambda: not source.wanted[-1])


def test_one_browser_too_many_is_told_so(drawn: tuple[Drawn, Stand]) -> None:
    _, stand = drawn

    async def look() -> None:
        async with aiohttp.ClientSession() as session:
            options: dict[str, Any] = {"headers": {"Origin": stand.origin}}
            opened = [
                await session.ws_connect(f"{stand.origin}/ws", **options)
                for _ in range(MOST_VIEWERS)
            ]
            with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
                await session.ws_connect(f"{stand.origin}/ws", **options)
            assert raised.value.status == 503
            assert len(opened) == MOST_VIEWERS

    asyncio.run(look())


def test_a_port_that_is_taken_is_said(
    folder: Stand, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept_signals: None
) -> None:
    Image.fromarray(two_blocks()).save(tmp_path / "two.png")
    port = str(folder.server.port)

    assert main(["--images", str(tmp_path), "--port", port]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"textseg web: cannot serve on 127.0.0.1 port {port}")
    assert "choose another with --port" in line


def test_an_address_that_is_not_of_this_machine_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept_signals: None
) -> None:
    Image.fromarray(two_blocks()).save(tmp_path / "two.png")

    # An address for documentation, which no machine has: RFC 5737.
    assert main(["--images", str(tmp_path), "--host", "192.0.2.1", "--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("textseg web: cannot serve on 192.0.2.1 port 0")
    assert "choose another with --host" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_page_quietly(tmp_path: Path, number: signal.Signals) -> None:
    Image.fromarray(two_blocks()).save(tmp_path / "two.png")
    command = [sys.executable, "-m", "textseg_core", "web", "--images", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(address) as page:
            assert b"textseg" in page.read()
        process.send_signal(number)
        _, errors = process.communicate(timeout=60.0)

    assert (process.returncode, errors) == (0, "")
