"""Starts the segmenter on a camera, and rviz2 if asked for."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from textseg_ros.launching import first_camera, node_remaps, rviz_remaps
from textseg_ros.topics import logger_name

SHARE = Path(get_package_share_directory("textseg_ros"))

ARGUMENTS = {
    "camera": (
        "",
        "Topic of the first camera's sensor_msgs/Image; empty for /camera/image_raw, or where the "
        "parameter cameras names it left, for left/image",
    ),
    "camera_compressed": ("", "Topic of its CompressedImage; empty for <camera>/compressed"),
    "depth": (
        "",
        "Topic of its depth images, Image; heard only while someone receives what comes of it; "
        "empty for /camera/depth/image_raw, or for left/depth, likewise",
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
    "remaps": (
        "",
        "Further NAME:=TOPIC, several with spaces between them: for other cameras, /tf, services "
        "and the action",
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
    namespace = f"/{given['namespace'].strip('/')}".rstrip("/")
    full_name = f"{namespace}/{given['node_name']}"
    first = first_camera(given["config_file"], full_name)
    remaps = node_remaps(given, first, namespace)
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
        remappings=remaps,
        ros_arguments=["--log-level", f"{logger_name(full_name)}:={given['log_level']}"],
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
        remappings=rviz_remaps(remaps, first, namespace),
    )
    return [rviz, segmenter]  # without rviz2 nothing starts, rather than half of it


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and what they start."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
