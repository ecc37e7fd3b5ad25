"""Asks `textseg doctor` for one check."""

from collections.abc import Mapping
from typing import Any

from textseg_ros.doctor.examine import examine
from textseg_ros.doctor.finding import Finding, Surroundings


def look(check: str, environment: Mapping[str, str] | None = None, **more: Any) -> list[Finding]:
    given = Surroundings(environment=environment or {}, **more)
    return [finding for _, finding in examine(given, [check])]


def fault(check: str, environment: Mapping[str, str] | None = None, **more: Any) -> Finding:
    """Return the one thing that is broken; it must say what to do."""
    (found,) = [one for one in look(check, environment, **more) if one.verdict == "broken"]
    assert found.do
    assert "check itself failed" not in found.found
    return found
