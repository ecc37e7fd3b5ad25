"""The query process: asks about the picture that the camera shows, or each query in turn.

It knows the picture from the answers, whose headers are the camera's, and says its query again if
no answer comes.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textseg_ros.demo.plan import LIVE_FRAME, Question
from textseg_ros.signals import stop_on_signals, wait_until

_REPEAT_S = 2.0
_TURN_S = 5.0
_MATCH_TIMEOUT_S = 60.0


class Asker:
    """Decides when to say which query.

    Args:
        questions: Of the run.
        say: Publishes a query.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        say: Callable[[str], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._by_frame = {question.frame_id: question for question in questions}
        self._say, self._clock_s = say, clock_s
        self._lock = threading.Lock()
        self._current = questions[0].query
        self._turns = [q.query for q in questions if q.frame_id == LIVE_FRAME]
        self._turn = 0
        self._heard = False
        self._said_s = self._turn_s = clock_s()

    def start(self) -> None:
        """Say the first query."""
        self._turn_s = self._clock_s()
        self._ask(self._current)

    def on_objects(self, message: Any) -> None:
        """Take an answer: it tells which picture is on show, and that the node hears us."""
        with self._lock:
            self._heard = message.query == self._current
            question = self._by_frame.get(message.header.frame_id)
            if question is None or self._turns or question.query == self._current:
                return
            self._current = question.query
        self._ask(question.query)

    def on_tick(self) -> None:
        """Say the query again if nobody answers it, or the next one if its turn has come."""
        now_s = self._clock_s()
        with self._lock:
            due = not self._heard and now_s - self._said_s >= _REPEAT_S
            if len(self._turns) > 1 and now_s - self._turn_s >= _TURN_S:
                # Counted, not looked up: a query may stand in the list twice.
                self._turn = (self._turn + 1) % len(self._turns)
                self._current, self._turn_s = self._turns[self._turn], now_s
                due = True
            query = self._current
        if due:
            self._ask(query)

    def _ask(self, query: str) -> None:
        with self._lock:
            self._said_s, self._heard = self._clock_s(), False
        self._say(query)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask until a signal comes."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="questions, see plan.py")
    parser.add_argument("--ready", type=Path, help="file to make once the node is found")
    parsed = parser.parse_args(arguments)
    from textseg_ros.dds.participant import Participant
    from textseg_ros.demo.plan import read_plan
    from textseg_ros.rmw_environment import read_environment
    from textseg_ros.topics import BY_KEY, resolve

    query, objects = BY_KEY["query"], BY_KEY["objects"]
    with Participant("queries", "/", read_environment(os.environ, os.getpid())) as node:
        publisher = node.publisher(resolve(query.name), query.type_name, depth=query.depth)
        text = node.types.get(query.type_name)
        asker = Asker(read_plan(parsed.plan), lambda words: publisher.publish(text(data=words)))
        answers = node.subscription(
            resolve(objects.name), objects.type_name, asker.on_objects, depth=10
        )
        if not wait_until(
            lambda: bool(publisher.matched and answers.matched), stop, _MATCH_TIMEOUT_S
        ):
            if not stop.is_set():
                print(f"queries: nobody takes {resolve(query.name)}", file=sys.stderr)
            return 0 if stop.is_set() else 1
        asker.start()
        if parsed.ready is not None:
            parsed.ready.touch()
        while not stop.wait(0.1):
            asker.on_tick()
    return 0


if __name__ == "__main__":
    sys.exit(main())
