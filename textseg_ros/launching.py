"""What segment.launch.py makes of its arguments: the remaps of the node and of rviz2."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from textseg_ros.naming import camera_remaps, with_action_parts
from textseg_ros.parameter_file import read_parameters
from textseg_ros.topics import TOPICS, camera_key, resolve

CAMERA, DEPTH = "/camera/image_raw", "/camera/depth/image_raw"
"""The images of a camera that has no name, unless arguments say otherwise."""


def first_camera(file: str, node_name: str) -> str:
    """Return the name of a node's first camera by its parameter file, "" for none.

    What is wrong in the file is for the node to say, which reads it too.
    """
    try:
        names = read_parameters(Path(file), node_name).get("cameras")
    except ValueError:
        return ""
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def node_remaps(given: Mapping[str, str], first: str, namespace: str) -> list[tuple[str, str]]:
    """Return the node's remaps, one for a name.

    Args:
        given: Launch arguments: `remaps` come before what is named singly, and that before what
            follows from `camera` and `depth`.
        first: Name of the first camera, which these are of.
        namespace: Of the node, absolute.

    Raises:
        ValueError: If one of `remaps` is wrong.
    """
    own = given["remaps"].split()
    wrong = [rule for rule in own if not all(rule.partition(":="))]
    if wrong:
        raise ValueError(
            f"remaps must be NAME:=TOPIC, several with spaces between them, got {wrong[0]!r}"
        )
    named = {
        "image/compressed": given["camera_compressed"],
        "camera_info": given["camera_info"],
        "depth/camera_info": given["depth_info"],
    }
    # A named camera has topics of its own without a remap, one without a name those of drivers.
    camera = given["camera"] or ("" if first else CAMERA)
    depth = given["depth"] or ("" if first else DEPTH)
    rules = [
        *with_action_parts(namespace, own),
        *(f"{camera_key(first, name)}:={topic}" for name, topic in named.items() if topic),
        *camera_remaps(camera, depth, [first]),
    ]
    remaps: dict[str, str] = {}
    for rule in rules:
        name, _, topic = rule.partition(":=")
        remaps.setdefault(name, topic)
    return list(remaps.items())


def rviz_remaps(
    remaps: Sequence[tuple[str, str]], first: str, namespace: str
) -> list[tuple[str, str]]:
    """Return the remaps of rviz2, whose file has the names of a camera without a name."""
    rules = {resolve(name, namespace): resolve(new, namespace) for name, new in remaps}
    pairs = []
    for topic in TOPICS:
        if topic.direction == "out" or topic.key == "image":
            own = topic.name if topic.shared else camera_key(first, topic.name)
            name = resolve(own, namespace)
            pairs.append((resolve(topic.name), rules.get(name, name)))
    return pairs
