"""The node's settings: made from parameters, checked together, changed as a whole."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import yaml

from textseg_core.config import SegmenterConfig
from textseg_ros.conversions import MAX_IMAGE_PX
from textseg_ros.parameter_file import read_parameters
from textseg_ros.parameters import MODEL_DECIDES, PARAMETERS, Parameter, Value
from textseg_ros.topics import NAMESPACE, NODE_NAME

__all__ = [
    "PARAMETERS",
    "LiveSettings",
    "NodeSettings",
    "Parameter",
    "change",
    "load_settings",
    "read_parameters",
    "read_settings",
    "settings_from_values",
    "values_of",
]

_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
_CAMERA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_SEGMENTER = {entry.name for entry in fields(SegmenterConfig)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Settings of the node, as in config/segmenter.yaml.

    Attributes:
        segmenter: Settings of the segmenter.
        max_rate_hz: Most images answered a second, of each camera; 0 for all.
        max_age_s: Age of an image from which its result is marked stale.
        camera_timeout_s: Time without an image before a warning.
        tracking: Whether each query is kept on its object over the frames of a camera.
        overlay: Whether the overlay is drawn and published.
        max_query_bytes: Longest query accepted, bytes of UTF-8.
        max_image_px: Largest image accepted, pixels.
        log_period_s: Least time between two log lines about one fault.
        image_qos: How images are received, one of `parameters.QOS_CHOICES`.
        query_qos: How queries, standing ones too, are received, likewise.
        click_qos: How clicks are received, likewise.
        depth_qos: How depth images are received, likewise.
        info_qos: How CameraInfo is received, of images and of depth images, likewise.
        target_frame: Frame of poses and points; empty for the camera's own.
        transform_timeout_s: Longest wait for the transform of an image's time.
        depth_timeout_s: Longest wait for the depth image of an image's time.
        rectified: Whether images are rectified.
        depth_rectified: Whether depth images are.
        marker_lifetime_s: How long rviz shows a marker.
        max_queries: Most standing queries at a time.
        request_timeout_s: Longest wait of the service segment for an image and its answer.
        cameras: Names of the cameras, see `topics.topics_of`; at least one, no two alike.
        service_framing: How the other nodes of a DDS node frame services.
        autostart: Whether the node configures and activates itself at start.
        use_sim_time: Whether time comes from /clock.
    """

    segmenter: SegmenterConfig = field(default_factory=SegmenterConfig)
    max_rate_hz: float = 0.0
    max_age_s: float = 1.0
    camera_timeout_s: float = 10.0
    tracking: bool = True
    overlay: bool = True
    max_query_bytes: int = 4096
    max_image_px: int = MAX_IMAGE_PX
    log_period_s: float = 5.0
    image_qos: str = "sensor_data"
    query_qos: str = "reliable"
    click_qos: str = "reliable"
    depth_qos: str = "sensor_data"
    info_qos: str = "sensor_data"
    target_frame: str = ""
    transform_timeout_s: float = 0.1
    depth_timeout_s: float = 0.1
    rectified: bool = False
    depth_rectified: bool = False
    marker_lifetime_s: float = 1.0
    max_queries: int = 16
    request_timeout_s: float = 5.0
    cameras: tuple[str, ...] = ("",)
    service_framing: Literal["fastrtps", "cyclonedds"] = "fastrtps"
    autostart: bool = True
    use_sim_time: bool = False

    def __post_init__(self) -> None:
        wrong = [name for name in self.cameras if name and not _CAMERA_NAME.fullmatch(name)]
        if wrong or not self.cameras or len(set(self.cameras)) < len(self.cameras):
            raise ValueError(
                "cameras must be a list of different names of letters, digits and _, no digit "
                f"first ('' for the camera whose topics have no prefix), got {list(self.cameras)}"
            )


def settings_from_values(values: Mapping[str, object], source: str) -> NodeSettings:
    """Return settings from parameters; what is not named keeps its default.

    Args:
        values: Parameter name -> value.
        source: Where they came from, for messages.

    Raises:
        ValueError: If a name is unknown, or a value has the wrong type or lies outside its
            range; names source and parameter.
    """
    try:
        _refuse_unknown(values)
        return _settings({name: _BY_NAME[name].checked(value) for name, value in values.items()})
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def values_of(settings: NodeSettings) -> dict[str, Value]:
    """Return the value of every parameter, in the order of the table."""
    values: dict[str, Value] = {}
    for name in _BY_NAME:
        holder = settings.segmenter if name in _OF_SEGMENTER else settings
        value = getattr(holder, name)
        values[name] = MODEL_DECIDES if value is None else value
    return values


def change(settings: NodeSettings, changes: Mapping[str, object]) -> NodeSettings:
    """Return settings with some parameters changed, all of them or none.

    Args:
        settings: Those in force; they stay as they are.
        changes: Parameter name -> value.

    Raises:
        ValueError: If a name is unknown or read at start only, a value has the wrong type or
            lies outside its range, or the values do not fit each other.
    """
    _refuse_unknown(changes)
    fixed = [name for name in changes if _BY_NAME[name].read_only]
    if fixed:
        raise ValueError(
            f"{', '.join(fixed)} cannot change while the node runs; put it into the parameter "
            "file and start the node again"
        )
    checked = {name: _BY_NAME[name].checked(value) for name, value in changes.items()}
    return _settings(values_of(settings) | checked)


def _refuse_unknown(values: Mapping[str, object]) -> None:
    unknown = [name for name in values if name not in _BY_NAME]
    if unknown:
        raise ValueError(
            f"unknown parameter {', '.join(map(repr, unknown))}; accepted are "
            f"{', '.join(_BY_NAME)}"
        )


def _settings(values: Mapping[str, Value]) -> NodeSettings:
    """Return settings from checked values; what is not named keeps its default."""
    chosen: dict[str, Any] = {name: entry.default for name, entry in _BY_NAME.items()}
    chosen |= values
    for name in ("threshold", "presence_threshold"):
        chosen[name] = None if chosen[name] == MODEL_DECIDES else chosen[name]
    of_segmenter = {name: chosen.pop(name) for name in _OF_SEGMENTER}
    return NodeSettings(segmenter=SegmenterConfig(**of_segmenter), **chosen)


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


def read_settings(file: Path | None, assignments: Sequence[str], node_name: str) -> NodeSettings:
    """Return the settings of a parameter file and of `NAME=VALUE` assignments after it.

    Raises:
        ValueError: If a file, a name or a value is wrong.
    """
    values: dict[str, object] = {} if file is None else read_parameters(file, node_name)
    sources = [] if file is None else [str(file)]
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise ValueError(f"--set must be NAME=VALUE, got {assignment!r}")
        try:
            values[name] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"--set {name}: expected a YAML value, got {text!r}") from error
        sources.append(f"--set {assignment}")
    return settings_from_values(values, ", ".join(sources) or "defaults")


class LiveSettings:
    """The settings in force, for any thread: whoever works with them asks `now` each time.

    Args:
        settings: Those at start.
        apply: Called with new settings before they are in force; what it raises keeps the old
            ones.
    """

    def __init__(
        self, settings: NodeSettings, apply: Callable[[NodeSettings], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._apply = apply
        self._lock = threading.Lock()

    @property
    def now(self) -> NodeSettings:
        """The settings in force."""
        return self._settings

    def change(self, changes: Mapping[str, object]) -> NodeSettings:
        """Change some parameters, all of them or none; return the settings in force.

        Raises:
            ValueError: As `change`; the old settings stay.
        """
        with self._lock:
            changed = change(self._settings, changes)
            self._apply(changed)
            self._settings = changed
            return changed
