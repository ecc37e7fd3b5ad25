"""Starts the segmenter on a camera, and rviz2 if asked for."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("textseg_ros"))

ARGUMENTS = {
    "camera": ("/camera/image_raw", "Topic of the camera's sensor_msgs/Image"),
    "camera_compressed": ("", "Topic of its CompressedImage; empty for <camera>/compressed"),
    "config_file": (str(SHARE / "config" / "segmenter.yaml"), "ROS 2 parameter file"),
    "namespace": ("textseg", "Namespace of the node and its topics"),
    "node_name": ("segmenter", "Name of the node"),
    "weights": ("", "Model directory; empty for the one of config_file"),
    "use_sim_time": ("false", "true to take the time from /clock"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
    "rviz": ("false", "true to open rviz2 (if installed) with image, overlay, response, centroid"),
    "rviz_frame": ("camera_color_optical_frame", "Fixed frame of rviz2: the images' frame_id"),
}


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the processes that the launch arguments ask for."""
    given = context.launch_configurations
    compressed = given["camera_compressed"] or f"{given['camera']}/compressed"
    namespace = f"/{given['namespace'].strip('/')}".rstrip("/")
    overrides: dict[str, str | bool] = {}
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
        remappings=[("image", given["camera"]), ("image/compressed", compressed)],
        ros_arguments=["--log-level", f"{namespace}/{given['node_name']}:={given['log_level']}"],
        output="both",
        emulate_tty=True,
    )
    if given["rviz"].lower() != "true":
        return [segmenter]
    shown = ("overlay", "response", "centroid")
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        name="textseg_rviz",
        arguments=["-d", str(SHARE / "config" / "segment.rviz"), "-f", given["rviz_frame"]],
        remappings=[
            ("/textseg/image", given["camera"]),
            *((f"/textseg/{topic}", f"{namespace}/{topic}") for topic in shown),
        ],
    )
    return [rviz, segmenter]  # without rviz2 nothing starts, rather than half of it


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
