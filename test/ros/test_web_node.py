"""The page on a real node over real DDS: what it shows and asks, and that a node may be gone."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the page needs aiohttp: pip install 'textseg-ros[web]'")
pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from dds_peers import wait_until
from web_board import two_blocks
from web_robot import CAMERA, Robot
from web_stand import TIMEOUT_S, Stand, browsing

from textseg_ros.rmw_environment import free_domain_id, loopback_environment
from textseg_ros.web import node_source
from textseg_ros.web.dds_link import DdsLink
from textseg_ros.web.link import Place
from textseg_ros.web.node_source import NodeSource


@pytest.fixture(scope="module")
def robot() -> Iterator[Robot]:
    before = dict(os.environ)
    os.environ.update(loopback_environment(free_domain_id()))
    made = Robot(two_blocks())
    yield made
    made.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def page(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setattr(node_source, "SILENCE_S", TIMEOUT_S)  # nodes leave; a busy one is there
    robot.picture = two_blocks()
    stand = Stand(NodeSource(Place(camera=CAMERA), DdsLink))
    yield stand
    stand.close()
    robot.stop_node()


def link_is(link: str) -> Any:
    return lambda head: head["link"] == link


def test_a_node_is_asked_clicked_lost_and_regained(robot: Robot, page: Stand) -> None:
    async def look() -> None:
        async with browsing(page, "picture", "mask", "response") as browser:
            waiting = await browser.until("state", lambda head: head["detail"])
            assert waiting["link"] == "waiting"
            assert "start it with textseg-node" in waiting["detail"]
            await browser.say(type="ask", text="the red block")
            told = await browser.until("notice", lambda _: True)
            assert "/textseg/segmenter is not there" in told["text"]
            robot.start_node()
            await browser.until("state", link_is("live"))
            await browser.until("picture", lambda head: head["size"] == [192, 96])
            await browser.say(type="ask", text="the red block")
            # A picture of the answer that is late is left out, and comes with a later answer.
            whole = {"mask", "response"}
            asked = (
                await browser.until("answer", lambda h: h["answer"] and whole <= set(h["parts"]))
            )["answer"]
            assert asked["status"] == "ambiguous"
            assert asked["question"] == "two red blocks: left or right?"
            assert asked["size"] == [192, 96]
            assert set(browser.parts) == {"mask", "response"}
            await browser.until("state", lambda head: head["query"] == "the red block")
            for _ in range(20):  # a camera that stands still for 2 s makes the node forget a click
                await browser.say(type="click", u=47.5, v=47.5)
                found = await browser.until("answer", lambda head: head["answer"])
                if found["answer"]["status"] == "found":
                    break
            (thing,) = found["answer"]["things"]
            assert thing["centroid"] == pytest.approx([47.5, 47.5], abs=8)
            assert thing["id"] > 0
            robot.stop_node()
            await browser.until("answer", lambda head: head["answer"] is None)
            lost = await browser.until("state", link_is("lost"))
            assert "is gone" in lost["detail"]
            robot.start_node()
            assert (await browser.until("state", link_is("live")))["query"] == ""

    asyncio.run(look())


def test_nothing_is_received_for_a_page_that_nobody_looks_at(robot: Robot, page: Stand) -> None:
    async def look() -> None:
        async with browsing(page, "picture", "mask") as browser:
            robot.start_node()
            await browser.until("state", link_is("live"))
            for key, wanted in (("mask_compressed", 1), ("objects", 1), ("response", 0)):
                assert wait_until(lambda: robot.listeners(key) == wanted), key  # noqa: B023
            await browser.say(type="want", parts=["picture", "response"])
            for key, wanted in (("mask_compressed", 0), ("objects", 1), ("response", 1)):
                assert wait_until(lambda: robot.listeners(key) == wanted), key  # noqa: B023

    asyncio.run(look())
    for key in ("objects", "response"):
        assert wait_until(lambda: robot.listeners(key) == 0), key  # noqa: B023


def test_what_the_node_refuses_and_that_its_camera_is_silent_are_told(
    robot: Robot, page: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_source, "CAMERA_SILENCE_S", 0.3)
    robot.picture = None

    async def look() -> None:
        async with browsing(page, "picture") as browser:
            robot.start_node()
            silent = await browser.until("state", lambda head: "no pictures" in head["detail"])
            assert (silent["level"], CAMERA in silent["detail"]) == ("warning", True)
            await browser.say(type="ask", text="please")
            told = await browser.until("notice", lambda _: True)
            assert told["text"].startswith("the node: query refused")

    asyncio.run(look())


def test_a_camera_that_nobody_publishes_is_told_with_the_remedy(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_source, "CAMERA_SILENCE_S", 0.3)
    stand = Stand(NodeSource(Place(camera="/wrong"), DdsLink))

    async def look() -> None:
        async with browsing(stand, "picture") as browser:
            robot.start_node()
            told = await browser.until("state", lambda head: "nobody" in head["detail"])
            assert (
                told["detail"] == "nobody publishes /wrong; name the camera's topic with --camera"
            )

    try:
        asyncio.run(look())
    finally:
        stand.close()
        robot.stop_node()


def test_the_page_without_a_node_needs_no_dds() -> None:
    code = (
        "import sys; import textseg_ros.web.own_source, textseg_ros.web.server;"
        "sys.exit(bool({'cyclonedds', 'rosbags', 'rclpy'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], timeout=60.0).returncode == 0
