"""Turns what Cyclone DDS raises into what callers catch."""

from collections.abc import Iterator
from contextlib import contextmanager

from cyclonedds.core import DDSException


@contextmanager
def dds_faults(what: str) -> Iterator[None]:
    """Raise RuntimeError for a DDSException inside the block.

    Args:
        what: Was tried, as the beginning of the error's text.
    """
    try:
        yield
    except DDSException as error:
        raise RuntimeError(f"{what}: {error}") from error
