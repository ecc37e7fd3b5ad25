"""Hands the newest picture, answer and state to each browser; nothing ever queues up.

A browser says when it has shown a picture. Until then at most `IN_FLIGHT` are under way to it,
and what comes meanwhile replaces what waits. So a slow browser sees fewer pictures, never older
ones, and the process holds one of each kind however many look.
"""

import asyncio
import json
import threading
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_ros.report import Level
from textseg_ros.web.encoding import packed, picture_jpeg
from textseg_ros.web.source import State
from textseg_ros.web.view import Answer

#: Messages of a kind that may be under way to a browser; the second hides the way to it and back.
IN_FLIGHT: Mapping[str, int] = {"picture": 2, "answer": 1}
_MOST_NOTICES = 16


class Viewer:
    """One browser; used in the event loop only.

    Attributes:
        parts: Which of `PARTS` it looks at.
        changed: Set when there may be something to send.
    """

    def __init__(self) -> None:
        self.parts: frozenset[str] = frozenset()
        self.changed = asyncio.Event()
        self.notices: deque[dict[str, Any]] = deque(maxlen=_MOST_NOTICES)
        self.sent: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()

    def look_at(self, parts: frozenset[str]) -> None:
        """Look at other parts of `PARTS`; the answer comes again if it has one more of them."""
        if parts - self.parts:
            self.sent["answer"] = 0
        self.parts = parts
        self.changed.set()

    def shown(self, what: str) -> None:
        """Take that a picture or an answer has arrived and been shown."""
        if self.in_flight[what] > 0:
            self.in_flight[what] -= 1
            self.changed.set()

    def tell(self, level: Level, text: str) -> None:
        """Tell this one alone."""
        self.notices.append({"type": "notice", "level": level, "text": text})
        self.changed.set()


class Hub:
    """The `Board` of a page: sources write from any thread, the event loop reads.

    Args:
        loop: The event loop that serves the browsers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        # Guarded by _lock: the newest of each kind, and how many of it there were.
        self._newest: dict[str, Any] = {}
        self._versions: Counter[str] = Counter()
        # In the event loop only:
        self._viewers: set[Viewer] = set()
        self._jpeg: tuple[int, bytes, tuple[int, int]] = (0, b"", (0, 0))
        self._encoding = asyncio.Lock()

    def show_picture(self, picture: UInt8Array) -> None:
        """Show an RGB picture, (H, W, 3), which must not change afterwards."""
        self._put("picture", picture)

    def show_answer(self, answer: Answer | None) -> None:
        """Show an answer; None takes the last one away."""
        self._put("answer", answer)

    def show_state(self, state: State) -> None:
        """Show a state, unless it is the one that is shown."""
        with self._lock:
            if self._newest.get("state") == state:
                return
        self._put("state", state)

    def tell(self, level: Level, text: str) -> None:
        """Tell everybody who looks."""
        self._in_loop(self._tell_all, level, text)

    def join(self) -> Viewer:
        """Return a new viewer; in the event loop."""
        viewer = Viewer()
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer; in the event loop."""
        self._viewers.discard(viewer)

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def wanted(self) -> frozenset[str]:
        """Return which of `PARTS` somebody looks at; in the event loop."""
        return frozenset().union(*(viewer.parts for viewer in self._viewers))

    async def next_message(self, viewer: Viewer) -> str | bytes:
        """Wait for the next message to a viewer: JSON as text, or bytes as of `packed`."""
        while True:
            viewer.changed.clear()
            message = await self._due(viewer)
            if message is not None:
                return message
            await viewer.changed.wait()

    async def _due(self, viewer: Viewer) -> str | bytes | None:
        """Return what is due to a viewer now; None if nothing is."""
        if viewer.notices:
            return json.dumps(viewer.notices.popleft())
        if self._is_new(viewer, "state"):
            version, state = self._take("state")
            viewer.sent["state"] = version
            return json.dumps({"type": "state", **state.as_json()})
        if self._is_new(viewer, "answer") and self._may_send(viewer, "answer"):
            version, answer = self._take("answer")
            viewer.sent["answer"] = version
            viewer.in_flight["answer"] += 1
            return _answer_message(answer, viewer.parts)
        if (
            "picture" in viewer.parts
            and self._is_new(viewer, "picture")
            and self._may_send(viewer, "picture")
        ):
            version, jpeg, size = await self._picture()
            viewer.sent["picture"] = version
            viewer.in_flight["picture"] += 1
            return packed({"type": "picture", "seq": version, "size": size}, {"jpeg": jpeg})
        return None

    def _is_new(self, viewer: Viewer, what: str) -> bool:
        return self._versions[what] > viewer.sent[what]

    def _may_send(self, viewer: Viewer, what: str) -> bool:
        return viewer.in_flight[what] < IN_FLIGHT[what]

    def _put(self, what: str, value: Any) -> None:
        with self._lock:
            self._newest[what] = value
            self._versions[what] += 1
        self._in_loop(self._wake)

    def _take(self, what: str) -> tuple[int, Any]:
        with self._lock:
            return self._versions[what], self._newest[what]

    async def _picture(self) -> tuple[int, bytes, tuple[int, int]]:
        """Return the newest picture's version, JPEG and size; one encoding serves all viewers."""
        async with self._encoding:
            version, picture = self._take("picture")
            if version != self._jpeg[0]:
                jpeg = await self._loop.run_in_executor(None, picture_jpeg, picture)
                self._jpeg = version, jpeg, (picture.shape[1], picture.shape[0])
            return self._jpeg

    def _wake(self) -> None:
        for viewer in self._viewers:
            viewer.changed.set()

    def _tell_all(self, level: Level, text: str) -> None:
        for viewer in self._viewers:
            viewer.tell(level, text)

    def _in_loop(self, call: Any, *arguments: Any) -> None:
        """Call in the event loop; nothing once that has ended."""
        with suppress(RuntimeError):  # it has been closed
            self._loop.call_soon_threadsafe(call, *arguments)


def _answer_message(answer: Answer | None, parts: frozenset[str]) -> bytes:
    if answer is None:
        return packed({"type": "answer", "answer": None}, {})
    pictures = {"mask": answer.mask, "response": answer.response}
    wanted = {name: data for name, data in pictures.items() if data and name in parts}
    return packed({"type": "answer", "answer": answer.as_json()}, wanted)
