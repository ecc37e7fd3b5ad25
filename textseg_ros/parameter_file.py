"""Reads the parameters of one node from a ROS 2 parameter file, as rcl does."""

import re
from collections.abc import Mapping
from pathlib import Path

from textseg_core.config import read_mapping


def read_parameters(path: Path, node_name: str) -> dict[str, object]:
    """Return the parameters that a ROS 2 parameter file gives one node.

    Sections that match are taken in the order of the file, the later value wins; `*` stands for
    one part of a name, `**` for any number of them, as in rcl.

    Raises:
        ValueError: If the file cannot be read, is no parameter file, or has no section for the
            node; names the file.
    """
    sections: list[tuple[str, Mapping[str, object]]] = []
    for key, content in read_mapping(path).items():
        _collect_sections(f"/{str(key).strip('/')}", content, path, sections)
    matching = [values for name, values in sections if _matches(name, node_name)]
    if not matching:
        found = ", ".join(name for name, _ in sections) or "none"
        raise ValueError(
            f"{path}: no section for node {node_name}, sections are: {found}; "
            f"put its parameters under '/**: ros__parameters:' or '{node_name}: ros__parameters:'"
        )
    return {name: value for values in matching for name, value in values.items()}


def _collect_sections(
    name: str, content: object, path: Path, sections: list[tuple[str, Mapping[str, object]]]
) -> None:
    """Append (node name, parameters) of every section below `name`."""
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: expected 'ros__parameters:' below {name!r}, got {content!r}; "
            "write '/**:', then 'ros__parameters:', then the parameters, each level indented"
        )
    for key, below in content.items():
        if key != "ros__parameters":
            _collect_sections(f"{name}/{str(key).strip('/')}", below, path, sections)
        elif below is None:
            sections.append((name, {}))
        elif isinstance(below, dict):
            sections.append((name, {str(parameter): value for parameter, value in below.items()}))
        else:
            raise ValueError(
                f"{path}: expected lines 'name: value' in ros__parameters of {name!r}, "
                f"got {below!r}"
            )


def _matches(pattern: str, node_name: str) -> bool:
    parts = {"**": "(/[^/]+)*", "*": "/[^/]+"}
    expression = "".join(
        parts.get(part, f"/{re.escape(part)}") for part in pattern.split("/") if part
    )
    return re.fullmatch(expression, node_name) is not None
