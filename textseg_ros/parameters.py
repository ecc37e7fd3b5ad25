"""The node's parameters: one table of names, types, ranges and texts for all who need them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textseg_ros.conversions import MAX_IMAGE_PX

Value = str | bool | int | float | tuple[str, ...]
MODEL_DECIDES = -1.0
"""Threshold that stands for the model's own; ROS parameters know no null."""
QOS_CHOICES = ("sensor_data", "reliable", "best_available")
"""How an input is received: best effort; reliable, which only a reliable publisher satisfies; or
reliable if all publishers found are, else best effort."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ROS parameter.

    Attributes:
        name: As in the file.
        default: Its value if the file does not name it; the type is the parameter's type.
        description: One line, with the unit.
        least: Smallest value accepted.
        most: Largest value accepted.
        choices: Texts accepted; empty for any.
        live: Whether it may change while the node runs; else it is read at start only.
    """

    name: str
    default: Value
    description: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    @property
    def read_only(self) -> bool:
        """Whether it is read at start only."""
        return not self.live

    def checked(self, value: object) -> Value:
        """Return the value if it is of the parameter's own type, as ROS demands, and accepted.

        A list of texts becomes a tuple.

        Raises:
            ValueError: If not; says what was expected and what came.
        """
        if isinstance(self.default, tuple):
            return self._checked_texts(value, self.default)
        wanted = type(self.default)
        if type(value) is not wanted or not isinstance(value, (str, bool, int, float)):
            remedy = f"; write {value}.0" if wanted is float and type(value) is int else ""
            raise ValueError(
                f"{self.name} must be {TYPE_TEXTS[wanted]} such as {self.default!r}, "
                f"got {value!r} ({type(value).__name__}){remedy}"
            )
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            least = -math.inf if self.least is None else self.least
            most = math.inf if self.most is None else self.most
            if not (least <= value <= most and math.isfinite(value)):
                raise ValueError(f"{self.name} must lie in {least} to {most}, got {value}")
        if self.choices and value not in self.choices:
            raise ValueError(
                f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}"
            )
        return value

    def _checked_texts(self, value: object, example: tuple[str, ...]) -> tuple[str, ...]:
        if (
            isinstance(value, (str, bytes))
            or not isinstance(value, Sequence)
            or not all(isinstance(text, str) for text in value)
        ):
            raise ValueError(
                f"{self.name} must be {TYPE_TEXTS[tuple]} such as {list(example)!r}, "
                f"got {value!r} ({type(value).__name__})"
            )
        return tuple(value)


TYPE_TEXTS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list of texts",
}
"""Types of parameters in words."""

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "weights",
        "",
        "Model directory, or hub:NAME for a pretrained model (docs/open_vocabulary.md); empty for "
        "the weights shipped in the package",
    ),
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
        live=True,
    ),
    Parameter(
        "presence_threshold",
        MODEL_DECIDES,
        "Least probability of presence that counts as found, 0 to 1; -1.0 for the model's own",
        -1.0,
        1.0,
        live=True,
    ),
    Parameter(
        "min_area_px", 64, "Smallest object kept, in pixels of the camera image", 1, live=True
    ),
    Parameter("max_objects", 16, "Most objects in one result", 1, live=True),
    Parameter(
        "dense_crf", False, "Draw masks to the image's edges by a dense random field", live=True
    ),
    Parameter(
        "reasoner",
        False,
        "Weigh answers to relations, ranks and places against where the things lie",
        live=True,
    ),
    Parameter(
        "max_rate_hz",
        0.0,
        "Most images answered a second, of each camera; 0.0 for all",
        0.0,
        live=True,
    ),
    Parameter(
        "max_age_s",
        1.0,
        "Age of an image from which its result is marked stale, s",
        1e-3,
        live=True,
    ),
    Parameter(
        "camera_timeout_s", 10.0, "Time without an image before a warning, s", 0.1, live=True
    ),
    Parameter(
        "tracking", True, "Keep each query on its object over the frames of a camera", live=True
    ),
    Parameter("overlay", True, "Publish the overlay picture", live=True),
    Parameter("max_query_bytes", 4096, "Longest query accepted, bytes of UTF-8", 1, live=True),
    Parameter("max_image_px", MAX_IMAGE_PX, "Largest image accepted, pixels", 1, live=True),
    Parameter(
        "log_period_s", 5.0, "Least time between two log lines about one fault, s", 0.0, live=True
    ),
    Parameter(
        "image_qos",
        "sensor_data",
        "How images are received: sensor_data (best effort), reliable or best_available",
        choices=QOS_CHOICES,
    ),
    Parameter(
        "query_qos",
        "reliable",
        "How queries, standing ones too, are received: sensor_data (best effort), reliable or "
        "best_available",
        choices=QOS_CHOICES,
    ),
    Parameter(
        "click_qos",
        "reliable",
        "How clicks are received: sensor_data (best effort), reliable or best_available",
        choices=QOS_CHOICES,
    ),
    Parameter(
        "depth_qos",
        "sensor_data",
        "How depth images are received: sensor_data (best effort), reliable or best_available",
        choices=QOS_CHOICES,
    ),
    Parameter(
        "info_qos",
        "sensor_data",
        "How CameraInfo is received, of images and of depth images: sensor_data (best effort), "
        "reliable or best_available",
        choices=QOS_CHOICES,
    ),
    Parameter(
        "target_frame",
        "",
        "Frame of poses and points, z up; empty for the camera's own optical frame",
        live=True,
    ),
    Parameter(
        "transform_timeout_s",
        0.1,
        "Longest wait for the transform of an image's time, s",
        0.0,
        5.0,
        live=True,
    ),
    Parameter(
        "depth_timeout_s",
        0.1,
        "Longest wait for the depth image of an image's time, s",
        0.0,
        5.0,
        live=True,
    ),
    Parameter("rectified", False, "Images are rectified: P of their CameraInfo counts", live=True),
    Parameter("depth_rectified", False, "Depth images are rectified, likewise", live=True),
    Parameter("marker_lifetime_s", 1.0, "How long rviz shows a marker, s", 0.05, live=True),
    Parameter("max_queries", 16, "Most standing queries at a time", 1, 256, live=True),
    Parameter(
        "request_timeout_s",
        5.0,
        "Longest wait of the service segment for an image and its answer, s",
        0.01,
        live=True,
    ),
    Parameter(
        "cameras",
        ("",),
        "Names of the cameras: topics of one named left are left/image, left/mask and so on; the "
        "empty name is of the camera whose topics have no prefix",
    ),
    Parameter(
        "service_framing",
        "fastrtps",
        "How the other nodes frame services: as rmw_fastrtps or rmw_cyclonedds (DDS node only)",
        choices=("fastrtps", "cyclonedds"),
    ),
    Parameter(
        "autostart", True, "Configure and activate at start, else on request (rclpy node only)"
    ),
    Parameter("use_sim_time", False, "Take the time from /clock, for simulation and bags"),
)
"""Every parameter of the node, in the order of config/segmenter.yaml."""


def parameter_table() -> str:
    """Return the table of docs/parameters.md, in Markdown."""
    lines = [
        "| Parameter | Type | Default | Range | Live | Meaning |",
        "|---|---|---|---|---|---|",
    ]
    for entry in PARAMETERS:
        cells = (
            f"`{entry.name}`",
            TYPE_TEXTS[type(entry.default)],
            f"`{_shown(entry.default)}`",
            _range_text(entry),
            "yes" if entry.live else "no",
            entry.description,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _shown(value: Value) -> str:
    """Return a value as a parameter file has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range_text(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.least is None and parameter.most is None:
        return ""
    if parameter.most is None:
        return f"at least {parameter.least}"
    return f"{parameter.least} to {parameter.most}"


if __name__ == "__main__":
    print(parameter_table(), end="")
