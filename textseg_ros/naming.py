"""What the node's topics, services and action are called in a graph: its camera, its remaps."""

from collections.abc import Mapping, Sequence

from textseg_ros.tf_source import TF_STATIC_TOPIC, TF_TOPIC
from textseg_ros.topics import (
    CLOCK_TOPIC,
    camera_key,
    info_topic,
    resolve,
    topics_of,
)

SEGMENT, FIND, ENABLE = "segment", "find", "enable"
OTHERS = (TF_TOPIC, TF_STATIC_TOPIC, CLOCK_TOPIC, SEGMENT, ENABLE, FIND)
"""What can be remapped beside the topics of the table; the last is an action."""
ACTION_PARTS = ("send_goal", "cancel_goal", "get_result", "feedback", "status")


def camera_remaps(
    camera: str | None, depth: str | None = None, cameras: Sequence[str] = ("",)
) -> list[str]:
    """Return the remaps, `NAME:=TOPIC`, that give the first camera its topics.

    Args:
        camera: Of its images; `<camera>/compressed` and the CameraInfo beside it belong to it.
            None or "" to leave them as they are.
        depth: Of its depth images, with the CameraInfo beside them; likewise.
        cameras: Names of the cameras.
    """
    topics: dict[str, str] = {}
    if camera:
        topics["image"] = camera
        topics["image/compressed"] = f"{camera}/compressed"
        topics["camera_info"] = info_topic(camera)
    if depth:
        topics["depth"] = depth
        topics["depth/camera_info"] = info_topic(depth)
    return [f"{camera_key(cameras[0], name)}:={topic}" for name, topic in topics.items()]


def topic_names(
    namespace: str,
    camera: str | None,
    cameras: Sequence[str] = ("",),
    remaps: Sequence[str] = (),
    depth: str | None = None,
) -> dict[str, str]:
    """Return the absolute name of each topic by its key.

    Args:
        namespace: Of the node, absolute.
        camera: Topic of the first camera's images, see `camera_remaps`; None for its own name.
        cameras: Names of the cameras.
        remaps: `NAME:=TOPIC`, which come before what follows from `camera` and `depth`.
        depth: Topic of the first camera's depth images, likewise.

    Raises:
        ValueError: If a remap is wrong; names it.
    """
    rules = _rules(namespace, cameras, [*remaps, *camera_remaps(camera, depth, cameras)])
    names = {topic.key: resolve(topic.name, namespace) for topic in topics_of(cameras)}
    return {key: rules.get(name, name) for key, name in names.items()}


def other_names(
    namespace: str, remaps: Sequence[str] = (), cameras: Sequence[str] = ("",)
) -> dict[str, str]:
    """Return the absolute name of each of `OTHERS` by the absolute name it has without remaps.

    Raises:
        ValueError: If a remap is wrong; names it.
    """
    rules = _rules(namespace, cameras, remaps)
    names = [resolve(name, namespace) for name in OTHERS]
    return {name: rules.get(name, name) for name in names}


def with_action_parts(namespace: str, remaps: Sequence[str]) -> list[str]:
    """Return remaps in which the action is also remapped by its parts.

    rcl of Jazzy compares a remap with the names of an action's parts, never with its own.
    """
    words = list(remaps)
    for remap in remaps:
        name, _, new = remap.partition(":=")
        if resolve(name, namespace) == resolve(FIND, namespace):
            words += [f"{name}/_action/{part}:={new}/_action/{part}" for part in ACTION_PARTS]
    return words


def _rules(namespace: str, cameras: Sequence[str], remaps: Sequence[str]) -> Mapping[str, str]:
    """Return absolute name -> absolute name; the first remap of a name counts, as in rcl."""
    accepted = [*(topic.name for topic in topics_of(cameras)), *OTHERS]
    known = {resolve(name, namespace) for name in accepted}
    rules: dict[str, str] = {}
    for remap in remaps:
        name, _, new = remap.partition(":=")
        old = resolve(name, namespace)
        if not new or old not in known:
            raise ValueError(
                f"--remap must be NAME:=TOPIC with a NAME among {', '.join(sorted(accepted))}, "
                f"got {remap!r}"
            )
        rules.setdefault(old, resolve(new, namespace))
    return rules
