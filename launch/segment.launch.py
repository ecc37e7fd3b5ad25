"""Starts the segmenter on a camera, and rviz2 if asked for."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from textseg_ros.topics import TOPICS, info_topic, logger_name, resolve

SHARE = Path(get_package_share_directory("textseg_ros"))
OUTPUTS = [topic.name for topic in TOPICS if topic.direction == "out"]

ARGUMENTS = {
    "camera": ("/camera/image_raw", "Topic of the camera's sensor_msgs/Image"),
    "camera_compressed": ("", "Topic of its CompressedImage; empty for <camera>/compressed"),
    "depth": (
        "/camera/depth/image_raw",
        "Topic of its depth images, Image; heard only while someone receives what comes of it",
    ),
    "camera_info": (
        "",
        "Topic of the CameraInfo of the colour images; empty for <folder of camera>/camera_info",
    ),
    "depth_info": (
        "",
        "Topic of the CameraInfo of depth images that are not registered to the colour images; "
        "empty for <folder of depth>/camera_info",
    ),
    "target_frame": ("", "Frame of poses and points, such as base_link; empty for the camera's"),
    "autostart": ("true", "false to wait for `ros2 lifecycle set`"),
    "config_file": (str(SHARE / "config" / "segmenter.yaml"), "ROS 2 parameter file"),
    "namespace": ("textseg", "Namespace of the node and its topics"),
    "node_name": ("segmenter", "Name of the node"),
    "weights": ("", "Model directory; empty for the one of config_file"),
    "use_sim_time": ("false", "true to take the time from /clock"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
    "rviz": ("false", "true to open rviz2 (if installed) with every output that it shows"),
    "rviz_frame": ("camera_color_optical_frame", "Fixed frame of rviz2: the images' frame_id"),
}


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the processes that the launch arguments ask for."""
    given = context.launch_configurations
    compressed = given["camera_compressed"] or f"{given['camera']}/compressed"
    namespace = f"/{given['namespace'].strip('/')}".rstrip("/")
    camera_info = given["camera_info"] or info_topic(given["camera"])
    depth_info = given["depth_info"] or info_topic(given["depth"])
    logger = logger_name(f"{namespace}/{given['node_name']}")
    overrides: dict[str, str | bool] = {}
    if given["target_frame"]:
        overrides["target_frame"] = given["target_frame"]
    if given["autostart"].lower() == "false":
        overrides["autostart"] = False
    if given["weights"]:
        overrides["weights"] = given["weights"]
    if given["use_sim_time"].lower() == "true":
        overrides["use_sim_time"] = True
    segmenter = Node(
        package="textseg_ros",
        executable="segmenter",
        namespace=namespace,
        name=given["node_name"],
        parameters=[given["config_file"], *([overrides] if overrides else [])],
        remappings=[
            ("image", given["camera"]),
            ("image/compressed", compressed),
            ("depth", given["depth"]),
            ("camera_info", camera_info),
            ("depth/camera_info", depth_info),
        ],
        ros_arguments=["--log-level", f"{logger}:={given['log_level']}"],
        output="both",
        emulate_tty=True,
    )
    if given["rviz"].lower() != "true":
        return [segmenter]
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        name="textseg_rviz",
        arguments=["-d", str(SHARE / "config" / "segment.rviz"), "-f", given["rviz_frame"]],
        remappings=[
            ("/textseg/image", resolve(given["camera"], namespace)),
            *((resolve(name), resolve(name, namespace)) for name in OUTPUTS),
        ],
    )
    return [rviz, segmenter]  # without rviz2 nothing starts, rather than half of it


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and what they start."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
