"""The page without a node: pictures of a folder, a video or a webcam, and our own segmenter.

Queries, answers and clicks are understood as the node understands them, by the same parts.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from textseg_core import Segmenter
from textseg_core.arrays import UInt8Array
from textseg_core.compound import CompoundTexts
from textseg_ros.asking import Asking
from textseg_ros.conversation import Conversations
from textseg_ros.query import Query
from textseg_ros.report import Level, Report
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.web.encoding import mask_png, response_png
from textseg_ros.web.media import Folder, Media
from textseg_ros.web.source import Board, State
from textseg_ros.web.view import answer_of_turn

_END_S = 10.0
_IDLE_S = 0.2


class _Told(Report):
    """Tells what became of a query but that it was taken, which the page shows."""

    def tell(self, kind: str, level: Level, text: str) -> None:
        """Pass a message on; see `Report`."""
        if kind != "query":
            super().tell(kind, level, text)


class OwnSource:
    """Shows pictures as they come and answers the newest one; see `Source`.

    One thread reads pictures, one answers; a picture that comes while the network works replaces
    the one that waits.

    Args:
        media: Where pictures come from.
        load: Makes what answers; called at the start.
    """

    def __init__(self, media: Media, load: Callable[[], Segmenter]) -> None:
        self._media = media
        self._load = load
        self._board: Board | None = None
        self._segmenter: Segmenter | None = None
        self._conversations = Conversations()
        self._report = _Told(self._tell, 0.0, time.monotonic)
        self._asking = Asking(
            self._report, LiveSettings(NodeSettings()), self._conversations, time.monotonic,
            lambda: None,
        )  # fmt: skip
        self._showing = threading.Lock()  # so that no answer comes after its query was cleared
        self._changed = threading.Condition()
        # Guarded by _changed:
        self._newest: tuple[UInt8Array, float] | None = None
        self._is_new = self._is_over = False
        self._wanted: frozenset[str] = frozenset()
        self._state = State(kind=media.kind, name=media.name)
        self._go_to: int | None = 0
        self._threads = [
            threading.Thread(target=work, name=f"web {name}", daemon=True)
            for name, work in (("reader", self._read), ("answers", self._answer))
        ]

    def start(self, board: Board) -> None:
        """Load the network and begin to show.

        Raises:
            ValueError: If weights or settings do not fit.
            RuntimeError: If weights or runtime are missing or damaged.
        """
        self._board = board
        self._update(detail="loading the network")
        self._segmenter = self._load()
        self._update(
            link="live", detail="", numbers={"engine": self._engine_text(self._segmenter)}
        )
        for thread in self._threads:
            thread.start()

    def ask(self, text: str) -> None:
        """Take a query, an answer or "" to clear; what is refused is told."""
        meant = self._asking.heard(text)
        with self._showing:
            if meant is not None:
                self._asking.ask(meant, "")
            query = self._asking.book.find()
            if query is None:
                self._show_no_answer()
        self._update(query="" if query is None else query.text)
        self._look_again()

    def click(self, u: float, v: float) -> None:
        """Take a click on the picture."""
        self._asking.click("", u, v)
        self._look_again()

    def want(self, parts: frozenset[str]) -> None:
        """Hear what somebody looks at; nothing is answered while nobody does."""
        with self._changed:
            self._wanted = parts
        self._look_again()

    def step(self, by: int) -> None:
        """Show another picture of a folder."""
        if isinstance(self._media, Folder):
            with self._changed:
                self._go_to = (self._state.position + by) % len(self._media.files)
                self._state = replace(self._state, position=self._go_to)
                self._changed.notify_all()

    def pause(self, on: bool) -> None:
        """Let a video stand still, or go on."""
        if self._media.kind == "video":
            self._update(paused=on)

    def close(self) -> None:
        """End both threads."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_END_S)
        self._media.close()
        if self._segmenter is not None and not self._threads[1].is_alive():
            self._segmenter.close()

    def _read(self) -> None:
        """Show pictures until the end: stills when another is chosen, streams as they run."""
        due_s = time.monotonic()
        while self._may_read():
            try:
                self._show_next()
            except ValueError as error:
                self._update(detail=str(error), level="error")
                self._tell("error", str(error))
                if not isinstance(self._media, Folder):
                    self._update(link="lost")
                    return
            # A late picture delays the next: two at once would be one too many.
            due_s = max(due_s + self._media.period_s, time.monotonic())
            with self._changed:
                self._changed.wait_for(lambda: self._is_over, due_s - time.monotonic())

    def _may_read(self) -> bool:
        """Wait until a picture is due; return False at the end."""
        with self._changed:
            while not self._is_over:
                if isinstance(self._media, Folder):
                    if self._go_to is not None:
                        return True
                elif self._media.kind == "camera" or (self._wanted and not self._state.paused):
                    return True  # a camera that is not read would give old pictures later
                self._changed.wait(_IDLE_S)
        return False

    def _show_next(self) -> None:
        media = self._media
        if isinstance(media, Folder):
            with self._changed:
                if self._go_to is not None:
                    media.position = self._go_to
                self._go_to = None
                self._newest = None
            self._conversations.forget()  # another picture is no later moment of the last
            self._show_no_answer()
            file = media.files[media.position]
            self._update(item=file.name, count=len(media.files), detail="", level="info")
        picture, stamp_s = media.read()
        with self._changed:
            self._newest, self._is_new = (picture, stamp_s), True
            self._changed.notify_all()
        if self._board is not None:
            self._board.show_picture(picture)

    def _answer(self) -> None:
        """Answer the newest picture until the end."""
        while (work := self._due()) is not None:
            picture, stamp_s = work
            query = self._asking.book.find()
            if query is None:
                continue
            try:
                self._show_answer(picture, stamp_s, query)
            except (ValueError, RuntimeError) as error:
                self._tell("error", f"not answered: {error}")

    def _due(self) -> tuple[UInt8Array, float] | None:
        """Wait for a picture to answer; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or (self._is_new and bool(self._wanted)))
            self._is_new = False
            return None if self._is_over else self._newest

    def _show_answer(self, picture: UInt8Array, stamp_s: float, query: Query) -> None:
        assert self._segmenter is not None
        assert self._board is not None
        started_s = time.perf_counter()
        with self._changed:
            wanted = self._wanted
        compound = CompoundTexts([query.text])
        (found,) = compound.join(self._segmenter.segment_many(picture, compound.texts))
        turn = self._conversations.observe("", query, found, picture, stamp_s)
        shown = turn.target.tracked.segmentation
        mask = mask_png(shown.mask) if "mask" in wanted else b""
        response = response_png(shown.response_map) if "response" in wanted else b""
        total_ms = (time.perf_counter() - started_s) * 1e3
        latency_ms = {**found.target.timings_ms, "total": total_ms}
        answer = answer_of_turn(query.text, turn, latency_ms, mask, response)
        with self._showing:
            if self._asking.book.standing(query) == "asked":
                self._board.show_answer(answer)

    def _look_again(self) -> None:
        """Answer the picture on show once more: what is asked of it has changed."""
        with self._changed:
            self._is_new = self._newest is not None
            self._changed.notify_all()

    def _update(self, **changes: object) -> None:
        with self._changed:
            self._state = state = replace(self._state, **changes)  # type: ignore[arg-type]
            self._changed.notify_all()
        if self._board is not None:
            self._board.show_state(state)

    def _show_no_answer(self) -> None:
        if self._board is not None:
            self._board.show_answer(None)

    def _tell(self, level: Level, text: str) -> None:
        if self._board is not None:
            self._board.tell(level, text)

    @staticmethod
    def _engine_text(segmenter: Segmenter) -> str:
        report = segmenter.report()
        return f"{report.name}, {report.device}, {report.precision}"
