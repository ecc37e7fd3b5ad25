"""Segments what words describe in an image; knows nothing of ROS and needs no torch to run.

The public names are imported when they are first asked for, so that what needs none of them, such
as the help of the command line, does not wait for NumPy and OpenCV.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textseg_core.command import Command, parse_command
    from textseg_core.config import SegmenterConfig, load_config
    from textseg_core.geometry import Axis
    from textseg_core.segmentation import Segmentation, SegmentedObject, Status
    from textseg_core.segmenter import Segmenter

__all__ = [
    "Axis",
    "Command",
    "Segmentation",
    "SegmentedObject",
    "Segmenter",
    "SegmenterConfig",
    "Status",
    "load_config",
    "parse_command",
]

_HOMES = {
    "Axis": "geometry",
    "Command": "command",
    "Segmentation": "segmentation",
    "SegmentedObject": "segmentation",
    "Segmenter": "segmenter",
    "SegmenterConfig": "config",
    "Status": "segmentation",
    "load_config": "config",
    "parse_command": "command",
}

if not TYPE_CHECKING:  # for a type checker, an unknown name stays one

    def __getattr__(name: str) -> object:
        """Import a public name."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """Return the names, the public ones among them."""
        return sorted({*globals(), *__all__})
