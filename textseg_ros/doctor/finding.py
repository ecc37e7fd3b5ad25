"""What a check is told, and what it says."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from textseg_ros.settings import NodeSettings

Verdict = Literal["ok", "note", "broken"]
"""All is well; something to know, which may be as it should; what keeps the node from working."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        verdict: How it is.
        found: What was found, one sentence.
        do: What to do; "" where nothing is to be done.
    """

    verdict: Verdict
    found: str
    do: str = ""


def ok(found: str) -> Finding:
    """Return a finding that all is well."""
    return Finding("ok", found)


def note(found: str, do: str = "") -> Finding:
    """Return a finding that may be as it should."""
    return Finding("note", found, do)


def broken(found: str, do: str) -> Finding:
    """Return a finding that keeps the node from working."""
    return Finding("broken", found, do)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where and how the node is to run.

    Attributes:
        environment: Variables.
        params_file: ROS 2 parameter file of the node.
        assignments: `NAME=VALUE` after it.
        namespace: Of the node.
        camera: Image topic, if one was named.
        depth: Topic of depth images, likewise.
        remaps: `NAME:=TOPIC`.
        domain: In place of ROS_DOMAIN_ID.
        wait_s: How long to listen for publishers and images.
        cache_bytes: Room that TensorRT's engines should have.
        now_s: The clock of the machine, seconds since 1970.
    """

    environment: Mapping[str, str]
    params_file: Path | None = None
    assignments: Sequence[str] = ()
    namespace: str = "/textseg"
    camera: str | None = None
    depth: str | None = None
    remaps: Sequence[str] = ()
    domain: int | None = None
    wait_s: float = 2.0
    cache_bytes: int = 500_000_000
    now_s: Callable[[], float] = time.time

    def read_settings(self) -> "NodeSettings":
        """Return the settings of the node.

        Raises:
            ValueError: If a file, a name or a value is wrong.
        """
        from textseg_ros.settings import read_settings
        from textseg_ros.topics import NODE_NAME

        node = f"{self.namespace.rstrip('/')}/{NODE_NAME}"
        return read_settings(self.params_file, self.assignments, node)

    @property
    def settings(self) -> "NodeSettings":
        """The settings, or the defaults where they are wrong, which a check of its own tells."""
        from textseg_ros.settings import NodeSettings

        try:
            return self.read_settings()
        except ValueError:
            return NodeSettings()


Check = Callable[[Surroundings], list[Finding]]


def python_version() -> str:
    """Return "3.11" or the like."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
