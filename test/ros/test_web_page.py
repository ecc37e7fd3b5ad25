"""The page in a real browser, on a real node: asked, clicked, lost and regained."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the page needs aiohttp: pip install 'textseg-ros[web]'")
pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")
pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from web_board import two_blocks
from web_robot import CAMERA, Robot
from web_stand import TIMEOUT_S, Stand

from textseg_ros.benchmark.browser import BROWSERS, find_browser, open_browser
from textseg_ros.rmw_environment import free_domain_id, loopback_environment
from textseg_ros.web import node_source
from textseg_ros.web.dds_link import DdsLink
from textseg_ros.web.link import Place
from textseg_ros.web.node_source import NodeSource

_EXECUTABLE = find_browser()
pytestmark = pytest.mark.skipif(
    _EXECUTABLE is None, reason=f"none of {', '.join(BROWSERS)} is installed: apt install chromium"
)
# Mean u of what the mask covers, as share of the picture's width; null if it covers nothing.
_MASK_U = """() => {
  const canvas = document.getElementById("mask");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0, count = 0;
  for (let at = 3; at < data.length; at += 4) {
    if (data[at]) { sum += ((at >> 2) % canvas.width) + 0.5; count++; }
  }
  return count ? sum / count / canvas.width : null;
}"""


@pytest.fixture(scope="module")
def robot() -> Iterator[Robot]:
    before = dict(os.environ)
    os.environ.update(loopback_environment(free_domain_id()))
    made = Robot(two_blocks(80, 80))
    yield made
    made.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    assert _EXECUTABLE is not None
    with open_browser(_EXECUTABLE) as opened:
        yield opened


@pytest.fixture
def stand(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setattr(node_source, "SILENCE_S", TIMEOUT_S)  # nodes leave; a busy one is there
    robot.picture = two_blocks(80, 80)
    made = Stand(NodeSource(Place(camera=CAMERA), DdsLink))
    yield made
    made.close()
    robot.stop_node()


@pytest.fixture
def page(browser: Any, stand: Stand) -> Iterator[Any]:
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_S * 1000)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(stand.origin)
    yield opened
    context.close()
    assert faults == []


def _shown(page: Any) -> int:
    """Return how many pictures were painted."""
    return int(page.locator("#stage").get_attribute("data-shown"))


def ask(page: Any, text: str) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def wait(page: Any, fits: Callable[[], bool]) -> None:
    """Wait for what a script tells; the page's policy forbids the browser's way of waiting."""
    end_s = time.monotonic() + TIMEOUT_S
    while not fits():
        assert time.monotonic() < end_s
        page.wait_for_timeout(20)


def wait_for_mask(page: Any, share: float | None) -> None:
    """Wait until the mask's middle is at a share of the picture's width; None for no mask."""

    def fits() -> bool:
        found = page.evaluate(_MASK_U)
        return found is share or (None not in (found, share) and abs(found - share) < 0.03)

    wait(page, fits)


def wait_for_badge(page: Any, text: str) -> None:
    wait(page, lambda: page.locator("#badge").inner_text() == text)


def wait_for_link(page: Any, link: str) -> None:
    page.wait_for_selector(f"#source[data-link={link}]")


def test_a_command_moves_the_mask_a_click_chooses_and_a_lost_node_comes_back(
    robot: Robot, page: Any
) -> None:
    wait_for_link(page, "waiting")
    robot.start_node()
    wait_for_link(page, "live")
    ask(page, "the red block")
    wait_for_badge(page, "Found")
    wait_for_mask(page, 96 / 192)
    robot.picture = two_blocks(128, 128)
    wait_for_mask(page, 144 / 192)

    robot.picture = two_blocks(32, 128)
    ask(page, "take the red block")
    wait_for_badge(page, "Which one?")
    wait_for_mask(page, 96 / 192)  # of both
    assert page.locator("#question").inner_text() == "Two red blocks: left or right?"
    assert page.locator("#candidates button span").all_inner_texts() == ["left", "right"]
    page.locator("#candidates button", has_text="left").click()
    wait_for_badge(page, "Found")
    wait_for_mask(page, 48 / 192)

    robot.stop_node()
    wait_for_link(page, "lost")
    assert "/textseg/segmenter is gone" in page.locator("#banner").inner_text()
    wait_for_mask(page, None)
    robot.start_node()
    wait_for_link(page, "live")
    assert "is back" in page.locator("#banner").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Enter")  # the text is still in the box
    wait_for_badge(page, "Which one?")
    page.locator("#marks button").nth(1).click()  # on the picture
    wait_for_mask(page, 144 / 192)


def test_keys_choose_switch_and_bring_back_what_was_asked(robot: Robot, page: Any) -> None:
    robot.picture = two_blocks(32, 128)
    robot.start_node()
    wait_for_link(page, "live")
    ask(page, "the red block")
    wait_for_badge(page, "Which one?")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    wait_for_badge(page, "Found")
    wait_for_mask(page, 144 / 192)
    page.keyboard.press("m")
    wait_for_mask(page, None)
    page.keyboard.press("r")
    wait(page, lambda: page.evaluate("document.getElementById('response').width") == 160)
    page.keyboard.press("t")
    dark = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("t")
    assert {dark, page.evaluate("document.documentElement.dataset.theme")} == {"dark", "light"}
    ask(page, "the block")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.locator("#text").input_value() == "the red block"
    page.keyboard.press("ArrowDown")
    assert page.locator("#text").input_value() == "the block"
    page.locator("#clear").click()
    wait_for_badge(page, "Nothing asked")


def test_the_page_opens_its_connection_again_by_itself(
    robot: Robot, stand: Stand, page: Any
) -> None:
    robot.start_node()
    wait_for_link(page, "live")
    port = stand.server.port
    stand.close()
    wait_for_link(page, "lost")
    assert page.locator("#link-words").inner_text() == "Disconnected"
    again = Stand(NodeSource(Place(camera=CAMERA), DdsLink), port=port)
    try:
        wait_for_link(page, "live")
        shown = _shown(page)
        wait(page, lambda: _shown(page) > shown)
    finally:
        again.close()


# What a browser offers that can hear: it is told "the red block" as soon as it listens.
_EAR = """
  window.SpeechRecognition = class {
    start() {
      const said = Object.assign([{ transcript: "the red block" }], { isFinal: true });
      setTimeout(() => { this.onresult({ results: [said] }); this.onend(); }, 0);
    }
  };
"""


def test_what_is_said_is_asked(robot: Robot, stand: Stand, browser: Any) -> None:
    robot.start_node()
    page = browser.new_page()
    page.add_init_script(_EAR)
    page.goto(stand.origin)
    wait_for_link(page, "live")
    page.locator("#speak").click()
    wait_for_badge(page, "Found")
    assert page.locator("#text").input_value() == "the red block"
    page.close()


def test_a_browser_that_cannot_hear_is_offered_no_microphone(stand: Stand, browser: Any) -> None:
    page = browser.new_page()
    page.add_init_script("delete window.SpeechRecognition; delete window.webkitSpeechRecognition")
    page.goto(stand.origin)
    page.wait_for_selector("#source[data-link=waiting]")
    assert page.locator("#ask button:visible").all_inner_texts() == ["Ask"]
    page.close()
