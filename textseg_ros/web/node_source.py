"""The page on a running node: its camera, its answers, and whether it is still there."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from textseg_ros.compressed import compressed_to_rgb, quiet_pillow
from textseg_ros.conversions import image_to_rgb
from textseg_ros.query import check_query
from textseg_ros.report import Level, Report
from textseg_ros.web.assembling import Assembler, answer_of
from textseg_ros.web.link import Link, OpenLink, Place, Sight
from textseg_ros.web.source import Board, LinkState, State
from textseg_ros.web.vitals import read_vitals

#: The node tells how it is once a second; it is lost after so many seconds of silence.
SILENCE_S = 3.5
#: A camera that has not sent for so long is told of.
CAMERA_SILENCE_S = 2.0
MOST_QUERY_BYTES = 4096
_LOOK_S = 0.25
#: How long answers to a query that was cleared may still come.
_UNDER_WAY_S = 1.0
#: Pictures that come sooner after the last are left out; a camera of 30 a second has some haste.
_LEAST_PERIOD_S = 1.0 / 45.0
_END_S = 5.0
_LOG_PERIOD_S = 10.0
_PARTS = {"mask": "mask_compressed", "response": "response"}


class NodeSource:
    """Shows what a node sees and answers; see `Source`.

    Nothing is received but the node's diagnostics while nobody looks, so that the node draws
    nothing for the page then.

    Args:
        place: Where the node is.
        open_link: Joins the graph.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self, place: Place, open_link: OpenLink, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._place = place
        self._open_link = open_link
        self._clock_s = clock_s
        self._report = Report(self._tell, _LOG_PERIOD_S, clock_s)
        self._board: Board | None = None
        self._link: Link | None = None
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="web watch", daemon=True)
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._state = State(kind="node", name=place.full_name)
        self._wanted: frozenset[str] = frozenset()
        self._heard_s: float | None = None
        self._picture_s: float | None = None
        self._asked_for_pictures_s: float | None = None
        self._words: tuple[Level, str] = ("info", "")
        self._sight = Sight()
        self._was_seen = False
        self._picture_key = "image"
        # In the thread that receives, only:
        self._assembler = Assembler()
        self._last_error = ""
        # When the query was cleared here; None since another was asked. Replaced whole.
        self._cleared_s: float | None = None

    def start(self, board: Board) -> None:
        """Join the graph and begin to show.

        Raises:
            ValueError: If the place or the environment is wrong.
            RuntimeError: If the graph cannot be joined.
        """
        self._board = board
        quiet_pillow()  # before the threads: filters of warnings are the whole process's
        board.show_state(self._state)
        self._link = self._open_link(self._place, self._on_message, self._on_fault)
        self._receive()  # a browser may have come before the link
        self._watching.start()

    def ask(self, text: str) -> None:
        """Publish a query.

        Raises:
            ValueError: If the node would refuse it unread, or is not there.
        """
        check_query(text, MOST_QUERY_BYTES)
        self._link_to_node().ask(text)
        is_cleared = not text.strip()
        self._cleared_s = self._clock_s() if is_cleared else None
        if is_cleared and self._board is not None:
            self._board.show_answer(None)

    def click(self, u: float, v: float) -> None:
        """Publish a click.

        Raises:
            ValueError: If the node is not there.
        """
        self._link_to_node().click(u, v)

    def want(self, parts: frozenset[str]) -> None:
        """Hear what somebody looks at."""
        with self._lock:
            self._wanted = parts
        self._receive()

    def step(self, by: int) -> None:
        """Do nothing: a camera has no other picture."""

    def pause(self, on: bool) -> None:
        """Do nothing: a camera goes on."""

    def close(self) -> None:
        """Leave the graph."""
        self._over.set()
        if self._watching.is_alive():
            self._watching.join(_END_S)
        if self._link is not None:
            self._link.close()

    def _link_to_node(self) -> Link:
        with self._lock:
            link = self._state.link
        if self._link is None or link != "live":
            raise ValueError(f"{self._place.full_name} is not there, so nobody would hear that")
        return self._link

    def _on_message(self, key: str, message: Any) -> None:
        """Take a message of the node or its camera, in the link's thread."""
        if key == "diagnostics":
            self._on_diagnostics(message)
        elif key in ("image", "compressed"):
            self._on_picture(key, message)
        elif key != "objects" or not message.query_key:  # others answer standing queries
            found = self._assembler.take(key, message, self._clock_s())
            if found is not None:
                self._show(found)

    def _on_picture(self, key: str, message: Any) -> None:
        now_s = self._clock_s()
        with self._lock:
            if self._picture_s is not None and now_s - self._picture_s < _LEAST_PERIOD_S:
                return  # faster than anybody sees
            self._picture_s = now_s
        try:
            picture = image_to_rgb(message) if key == "image" else compressed_to_rgb(message)
        except ValueError as error:
            self._report.tell("picture", "warning", f"a picture cannot be shown: {error}")
            return
        if self._board is not None:
            self._board.show_picture(picture)

    def _show(self, found: Mapping[str, Any]) -> None:
        cleared_s = self._cleared_s
        if cleared_s is not None and self._clock_s() - cleared_s < _UNDER_WAY_S:
            return
        try:
            answer = answer_of(found)
        except ValueError as error:
            self._report.tell("answer", "warning", f"an answer cannot be shown: {error}")
            return
        if self._board is None:
            return
        with self._lock:  # so that it does not come behind what `_settle` shows of a lost node
            if self._state.link != "lost":
                self._board.show_answer(answer)

    def _on_diagnostics(self, message: Any) -> None:
        """Take how the node is."""
        found = read_vitals(message, self._place.full_name)
        if found is None:
            return
        with self._lock:
            cleared = not found.query and bool(self._state.query)
            self._heard_s = self._clock_s()
            self._words = found.level, found.text
            self._state = replace(self._state, query=found.query, numbers=found.numbers)
        if cleared and self._board is not None:  # by somebody else
            self._board.show_answer(None)
        # Told once while it is present: a refused query, for example.
        error = found.error if found.error_level != "info" else ""
        if error and error != self._last_error:
            self._tell(found.error_level, f"the node: {error}")
        self._last_error = error
        self._settle()

    def _on_fault(self, text: str) -> None:
        self._report.tell("link", "warning", text)

    def _receive(self) -> None:
        """Receive what is looked at, and no more."""
        if self._link is None:
            return
        with self._lock:
            wanted, pictures = self._wanted, self._picture_key
        keys = {_PARTS[part] for part in wanted if part in _PARTS}
        self._assembler.want(frozenset(keys))
        if wanted:
            keys.add("objects")
        if "picture" in wanted:
            keys.add(pictures)
        with self._lock:
            if not {"image", "compressed"} & keys:
                self._asked_for_pictures_s = self._picture_s = None
            elif self._asked_for_pictures_s is None:
                self._asked_for_pictures_s = self._clock_s()
        self._link.receive(frozenset(keys))

    def _watch(self) -> None:
        """Look whether the node and its camera are there, until the end."""
        assert self._link is not None
        while not self._over.wait(_LOOK_S):
            try:
                sight = self._link.look()
            except RuntimeError as error:
                self._on_fault(f"the graph cannot be looked at: {error}")
                continue
            # Compressed images cost the network less; a camera seldom sends them alone.
            key = "compressed" if sight.publishers.get("compressed") else "image"
            with self._lock:
                other, self._picture_key = key != self._picture_key, key
                self._sight = sight
            if other:
                self._receive()
            self._settle()

    def _settle(self) -> None:
        """Show whether the node is there, and what there is to say of it."""
        now_s = self._clock_s()
        with self._lock:
            seen = self._place.full_name in self._sight.nodes
            if self._was_seen and not seen:  # it has left; one that is killed only falls silent
                self._heard_s = None
            self._was_seen = seen
            heard = self._heard_s is not None and now_s - self._heard_s <= SILENCE_S
            before = self._state
            link: LinkState = (
                "live" if heard else "waiting" if before.link == "waiting" else "lost"
            )
            level, detail = self._detail(link, now_s)
            state = replace(before, link=link, level=level, detail=detail)
            if link != "live":
                state = replace(state, query=None, numbers={})
            self._state = state
            if self._board is None:
                return
            # Under the lock: of two threads, the one that is told later shows later.
            if link == "lost" and before.link == "live":
                self._board.show_answer(None)  # a mask of a node that is gone must not stay
            self._board.show_state(state)

    def _detail(self, link: LinkState, now_s: float) -> tuple[Level, str]:
        """Return what there is to say, and how bad it is; the lock is held."""
        if link == "waiting":
            return "info", f"waiting for {self._place.full_name}; start it with textseg-node"
        if link == "lost":
            return "error", f"{self._place.full_name} is gone; waiting for it to come back"
        since_s = self._picture_s or self._asked_for_pictures_s
        if since_s is not None and now_s - since_s > CAMERA_SILENCE_S:
            topic = self._place.topic("image")
            if self._sight.publishers.get(self._picture_key):
                return "warning", f"no pictures on {self._place.topic(self._picture_key)}"
            return "warning", f"nobody publishes {topic}; name the camera's topic with --camera"
        return self._words

    def _tell(self, level: Level, text: str) -> None:
        if self._board is not None:
            self._board.tell(level, text)
