"""Segments what words describe in an image; knows nothing of ROS and needs no torch to run."""

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
