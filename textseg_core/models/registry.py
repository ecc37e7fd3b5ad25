"""Network names and what builds them."""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from textseg_core.models.base import SegmentationNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of network.

    Attributes:
        module: Module that holds the class, imported when one is built.
        class_name: A `SegmentationNetwork` that takes its settings by keyword.
        tokenizer: How it splits an expression into words.
        padding: Side of the words on which an expression is padded.
    """

    module: str
    class_name: str
    tokenizer: Literal["words", "hu2016"]
    padding: Literal["left", "right"]

    def network_class(self) -> type[SegmentationNetwork]:
        """Import and return the class."""
        found: Any = getattr(importlib.import_module(self.module), self.class_name)
        if not (isinstance(found, type) and issubclass(found, SegmentationNetwork)):
            raise TypeError(f"{self.module}.{self.class_name} is no SegmentationNetwork")
        return found


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "chen2019": Entry(
            module="textseg_core.models.chen2019",
            class_name="Chen2019Network",
            tokenizer="words",
            padding="right",
        ),
        "compact": Entry(
            module="textseg_core.models.compact",
            class_name="CompactNetwork",
            tokenizer="words",
            padding="right",
        ),
        "grounder": Entry(
            module="textseg_core.models.grounder",
            class_name="GrounderNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
        "hu2016": Entry(
            module="textseg_core.models.hu2016",
            class_name="Hu2016Network",
            tokenizer="hu2016",
            padding="left",
        ),
        "hulanet": Entry(
            module="textseg_core.models.hulanet",
            class_name="HulaNetwork",
            tokenizer="words",
            padding="right",
        ),
        "mattnet": Entry(
            module="textseg_core.models.mattnet",
            class_name="MattNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
        "per_word": Entry(
            module="textseg_core.models.per_word",
            class_name="PerWordNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
        "rmi": Entry(
            module="textseg_core.models.rmi",
            class_name="RmiNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
        "scrc": Entry(
            module="textseg_core.models.scrc",
            class_name="ScrcNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
        "segment_proposals": Entry(
            module="textseg_core.models.segment_proposals",
            class_name="SegmentProposalsNetwork",
            tokenizer="hu2016",
            padding="left",
        ),
    }
)


def entry(name: str) -> Entry:
    """Return what is known of a network's name.

    Raises:
        ValueError: If no network has that name.
    """
    if name not in ENTRIES:
        raise ValueError(f"unknown network {name!r}; choose one of {', '.join(sorted(ENTRIES))}")
    return ENTRIES[name]


def build(name: str, **settings: Any) -> SegmentationNetwork:
    """Return a new network with random weights.

    Args:
        name: A key of `ENTRIES`.
        settings: Keyword arguments of the network's constructor.

    Raises:
        ValueError: If the name or a setting is unknown, a setting without a
            default is missing, or the network refuses a value.
    """
    network_class = entry(name).network_class()
    signature = inspect.signature(network_class)
    try:
        signature.bind(**settings)
    except TypeError as error:
        accepted = ", ".join(signature.parameters)
        raise ValueError(f"network {name!r}: {error}; its settings are {accepted}") from error
    return network_class(**settings)
