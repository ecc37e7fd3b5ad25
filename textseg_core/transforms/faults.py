"""Why a transform cannot be had."""

from typing import Literal, TypeAlias

Fault: TypeAlias = Literal[
    "unknown frame",
    "not connected",
    "not yet",
    "too old",
    "parent changed",
    "loop",
    "no frame",
    "no stamp",
    "closed",
]
"""Kinds of reasons, for counting."""


class TransformUnavailable(Exception):  # noqa: N818 - often no error
    """There is no transform between two frames at a time, and none is made up.

    Attributes:
        fault: Kind of reason.
    """

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault: Fault = fault


class TransformPending(TransformUnavailable):
    """The time asked for lies after the newest transform; waiting may help."""

    def __init__(self, reason: str) -> None:
        super().__init__("not yet", reason)
