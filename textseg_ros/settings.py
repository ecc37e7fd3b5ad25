"""The node's settings: one table of parameters, read from a ROS 2 parameter file."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from textseg_core.config import SegmenterConfig, read_mapping
from textseg_ros.conversions import MAX_IMAGE_PX
from textseg_ros.topics import NAMESPACE, NODE_NAME

Value = str | bool | int | float
MODEL_DECIDES = -1.0
"""Threshold that stands for the model's own; ROS parameters know no null."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ROS parameter.

    Attributes:
        name: As in the file.
        default: Its value if the file does not name it; the type is the parameter's type.
        description: One line, with the unit.
        least: Smallest value accepted.
        most: Largest value accepted.
    """

    name: str
    default: Value
    description: str
    least: float | None = None
    most: float | None = None


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("weights", "", "Model directory; empty for the weights shipped in the package"),
    Parameter(
        "backend", "auto", "Runtime of the network: auto, onnx, torch, tensorrt or tensorrt_rtx"
    ),
    Parameter("device", "auto", "Where it runs: auto, cpu, cuda, or tensorrt (of backend onnx)"),
    Parameter("precision", "auto", "Arithmetic of the network: auto, fp32, fp16 or int8"),
    Parameter("threads", 0, "Threads per network; 0 for as many as there are cores", 0),
    Parameter("compile_torch", False, "Let torch compile the network (backend torch only)"),
    Parameter("engine_cache", "", "Folder of TensorRT's engines; empty for the user's own"),
    Parameter("wait_for_engines", False, "Wait at start until TensorRT's engines are built"),
    Parameter(
        "threshold",
        MODEL_DECIDES,
        "Least response counted as foreground, between 0 and 1; -1.0 for the model's own",
        -1.0,
        1.0,
    ),
    Parameter(
        "presence_threshold",
        MODEL_DECIDES,
        "Least probability of presence that counts as found, 0 to 1; -1.0 for the model's own",
        -1.0,
        1.0,
    ),
    Parameter("min_area_px", 64, "Smallest object kept, in pixels of the camera image", 1),
    Parameter("max_objects", 16, "Most objects in one result", 1),
    Parameter("max_age_s", 1.0, "Age of an image from which its result is marked stale, s", 1e-3),
    Parameter("camera_timeout_s", 10.0, "Time without an image before a warning, s", 0.1),
    Parameter("overlay", True, "Publish the overlay picture"),
    Parameter("max_query_bytes", 4096, "Longest query accepted, bytes of UTF-8", 1),
    Parameter("max_image_px", MAX_IMAGE_PX, "Largest image accepted, pixels", 1),
    Parameter("log_period_s", 5.0, "Least time between two log messages of one kind, s", 0.0),
    Parameter("use_sim_time", False, "Take the time from /clock (rclpy node only)"),
)
"""Every parameter of the node, in the order of config/segmenter.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Settings of the node, as in config/segmenter.yaml.

    Attributes:
        segmenter: Settings of the segmenter.
        max_age_s: Age of an image from which its result is marked stale.
        camera_timeout_s: Time without an image before a warning.
        overlay: Whether the overlay is drawn and published.
        max_query_bytes: Longest query accepted, bytes of UTF-8.
        max_image_px: Largest image accepted, pixels.
        log_period_s: Least time between two log messages of one kind.
        use_sim_time: Whether time comes from /clock.
    """

    segmenter: SegmenterConfig = field(default_factory=SegmenterConfig)
    max_age_s: float = 1.0
    camera_timeout_s: float = 10.0
    overlay: bool = True
    max_query_bytes: int = 4096
    max_image_px: int = MAX_IMAGE_PX
    log_period_s: float = 5.0
    use_sim_time: bool = False


def settings_from_values(values: Mapping[str, object], source: str) -> NodeSettings:
    """Return settings from parameters; what is not named keeps its default.

    Args:
        values: Parameter name -> value.
        source: Where they came from, for messages.

    Raises:
        ValueError: If a name is unknown, or a value has the wrong type or lies outside its
            range; names source and parameter.
    """
    known = {parameter.name: parameter for parameter in PARAMETERS}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ValueError(
            f"{source}: unknown parameter {', '.join(map(repr, unknown))}; "
            f"accepted are {', '.join(known)}"
        )
    chosen: dict[str, Any] = {name: parameter.default for name, parameter in known.items()}
    for name, value in values.items():
        chosen[name] = _checked(known[name], value, source)
    for name in ("threshold", "presence_threshold"):
        chosen[name] = None if chosen[name] == MODEL_DECIDES else chosen[name]
    of_segmenter = {entry.name: chosen.pop(entry.name) for entry in fields(SegmenterConfig)}
    try:
        return NodeSettings(segmenter=SegmenterConfig(**of_segmenter), **chosen)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def load_settings(path: Path | str, node_name: str = f"{NAMESPACE}/{NODE_NAME}") -> NodeSettings:
    """Read a ROS 2 parameter file.

    Args:
        path: YAML file with sections such as `/**:` or `/textseg/segmenter:`, each with
            `ros__parameters:`.
        node_name: Full name of the node; sections for other nodes are passed over.

    Raises:
        ValueError: If the file cannot be read or has no section for this node, or as
            `settings_from_values`; names the file.
    """
    path = Path(path)
    return settings_from_values(read_parameters(path, node_name), str(path))


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


def _checked(parameter: Parameter, value: object, source: str) -> Value:
    """Return the value if it is of the parameter's own type, as ROS demands, and in range."""
    wanted = type(parameter.default)
    if type(value) is not wanted:
        names = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
        remedy = f"; write {value}.0" if wanted is float and type(value) is int else ""
        raise ValueError(
            f"{source}: {parameter.name} must be {names[wanted]} such as "
            f"{parameter.default!r}, got {value!r} ({type(value).__name__}){remedy}"
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        least = -math.inf if parameter.least is None else parameter.least
        most = math.inf if parameter.most is None else parameter.most
        if not (least <= value <= most and math.isfinite(value)):
            raise ValueError(
                f"{source}: {parameter.name} must lie in {least} to {most}, got {value}"
            )
    return value
