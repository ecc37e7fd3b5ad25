"""The life of the node: unconfigured, inactive, active, finalized, and what leads from one on."""

import threading
from collections.abc import Callable
from typing import Literal, Protocol

from textseg_ros.report import Level

State = Literal["unconfigured", "inactive", "active", "finalized"]
Transition = Literal["configure", "activate", "deactivate", "cleanup", "shutdown"]
Outcome = Literal["done", "refused", "failed"]
"""Of a transition: done; refused, so that the state stays; failed, so that what was there has
been cleaned up."""

_LEADS: dict[Transition, tuple[tuple[State, ...], State]] = {
    "configure": (("unconfigured",), "inactive"),
    "activate": (("inactive",), "active"),
    "deactivate": (("active",), "inactive"),
    "cleanup": (("inactive",), "unconfigured"),
    "shutdown": (("unconfigured", "inactive", "active"), "finalized"),
}
_DONE: dict[Transition, str] = {
    "configure": "configured",
    "activate": "activated",
    "deactivate": "deactivated",
    "cleanup": "cleaned up",
    "shutdown": "shut down",
}


class Steps(Protocol):
    """What is done at each transition; each raises if it cannot."""

    def configure(self) -> None:
        """Load what is needed to answer."""
        ...

    def activate(self) -> None:
        """Begin to answer."""
        ...

    def deactivate(self) -> None:
        """Stop answering and give back the device's memory."""
        ...

    def cleanup(self) -> None:
        """Forget everything that `configure` and queries have brought."""
        ...

    def shutdown(self) -> None:
        """End for good, from any state."""
        ...


class Lifecycle:
    """Does the transitions of a ROS 2 managed node, one at a time, on any transport.

    A step that raises ValueError or RuntimeError while configuring or activating refuses the
    transition: the state stays, `fault` says why, and the step may be tried again. Anything else
    that raises is an error: the node is cleaned up and unconfigured, or finalized if even that
    fails.

    Source:
        https://design.ros2.org/articles/node_lifecycle.html

    Args:
        steps: What is done.
        tell: Takes one line for the operator about each transition that was done or failed.
    """

    def __init__(self, steps: Steps, tell: Callable[[Level, str], None]) -> None:
        self._steps = steps
        self._tell = tell
        self._lock = threading.RLock()
        self._state: State = "unconfigured"
        self._fault: Exception | None = None

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def fault(self) -> Exception | None:
        """What kept the last transition from being done; None if it was."""
        return self._fault

    def do(self, transition: Transition) -> Outcome:
        """Do a transition.

        Raises:
            ValueError: If it does not lead on from the present state.
        """
        with self._lock:
            starts, end = _LEADS[transition]
            if self._state not in starts:
                raise ValueError(
                    f"{transition} is possible from {' or '.join(starts)}, "
                    f"the node is {self._state}"
                )
            self._fault = None
            try:
                getattr(self._steps, transition)()
            except Exception as error:
                return self._end(transition, error)
            self._state = end
            self._tell("info", f"{_DONE[transition]}: the node is {end}")
            return "done"

    def finish(self) -> None:
        """Shut down from whatever state; may be called again."""
        with self._lock:
            if self._state != "finalized":
                self.do("shutdown")

    def recover(self) -> bool:
        """Clean up after an error; return whether the node is unconfigured, else finalized."""
        with self._lock:
            try:
                self._steps.cleanup()
            except Exception as error:
                self._fault = error
                self._state = "finalized"
                self._tell("error", f"cleaning up failed, the node is finalized: {_text(error)}")
                return False
            self._state = "unconfigured"
            return True

    def _end(self, transition: Transition, error: Exception) -> Outcome:
        self._fault = error
        expected = isinstance(error, (ValueError, RuntimeError))
        if expected and transition in ("configure", "activate"):
            return "refused"
        if transition == "shutdown":
            self._state = "finalized"
            self._tell("error", f"shutdown was not clean: {_text(error)}")
            return "failed"
        self._tell("error", f"{transition} failed, the node is cleaned up: {_text(error)}")
        self.recover()
        self._fault = error
        return "failed"


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
