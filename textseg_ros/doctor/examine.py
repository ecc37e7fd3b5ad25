"""All checks in their order, and what each finds; a check that fails is a finding too."""

import importlib
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from textseg_ros.doctor.finding import Check, Finding, Surroundings, broken

#: Name -> module and function, imported when the check is run: a broken package must not keep the
#: others from being looked at.
CHECKS = MappingProxyType(
    {
        "python": ("packages", "check_python"),
        "packages": ("packages", "check_packages"),
        "paths": ("packages", "check_paths"),
        "settings": ("model", "check_settings"),
        "weights": ("model", "check_weights"),
        "vocabulary": ("model", "check_vocabulary"),
        "answer": ("model", "check_answer"),
        "gpu": ("gpu", "check_gpu"),
        "tensorrt": ("gpu", "check_tensorrt"),
        "cache": ("gpu", "check_cache"),
        "rmw": ("ros", "check_rmw"),
        "domain": ("ros", "check_domain"),
        "cyclonedds": ("network", "check_cyclonedds_uri"),
        "multicast": ("network", "check_multicast"),
        "buffers": ("ros", "check_buffers"),
        "camera": ("camera", "check_camera"),
        "clock": ("clock", "check_clock"),
    }
)


def examine(given: Surroundings, only: Iterable[str] = ()) -> Iterator[tuple[str, Finding]]:
    """Yield the name of each check with each of its findings.

    Args:
        given: Where the node is to run.
        only: Names of the checks to make; none for all.
    """
    chosen = set(only) or set(CHECKS)
    for name in CHECKS:
        if name in chosen:
            for finding in _run(name, given):
                yield name, finding


def _run(name: str, given: Surroundings) -> list[Finding]:
    module, function = CHECKS[name]
    try:
        check: Check = getattr(importlib.import_module(f"textseg_ros.doctor.{module}"), function)
        return check(given)
    except Exception as error:  # what is broken may break a check as well
        text = f"the check itself failed: {type(error).__name__}: {error}"
        return [broken(text, "mend what is named above first; if nothing is, report this")]
