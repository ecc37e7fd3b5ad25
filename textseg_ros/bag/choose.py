"""Which topics of a bag are camera, depth, camera descriptions and queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from textseg_ros.naming import other_names, topic_names
from textseg_ros.tf_source import TF_STATIC_TOPIC, TF_TOPIC
from textseg_ros.topics import BY_KEY, camera_key, info_topic, topics_of

_RAW, _COMPRESSED = BY_KEY["image"].type_name, BY_KEY["compressed"].type_name
_INFO = BY_KEY["camera_info"].type_name
ASKING = ("query", "standing_query", "click")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What of a bag is played into the node.

    Attributes:
        names: Absolute topic name by topic key, of all topics of the node.
        keys: Topic key by name, of the inputs that are in the bag.
        depth_cameras: Cameras that have depth images and a description.
        transforms: Topics of tf2 by name; whether their frames stay.
        notes: What was chosen without being asked for, or is missing; one line each.
    """

    names: Mapping[str, str]
    keys: Mapping[str, str]
    depth_cameras: tuple[str, ...]
    transforms: Mapping[str, bool]
    notes: tuple[str, ...]


def choose_inputs(
    there: Mapping[str, str],
    *,
    namespace: str,
    camera: str | None,
    cameras: Sequence[str],
    remaps: Sequence[str],
) -> Inputs:
    """Return what is played, by the given names and, for what is not named, by convention.

    Args:
        there: Type by name of the topics in the bag.
        namespace: Of the node.
        camera: Topic of the first camera's images.
        cameras: Names of the cameras.
        remaps: `NAME:=TOPIC`, of inputs and outputs.

    Raises:
        ValueError: If there is no camera, several could be meant, or a type is another.
    """
    names = topic_names(namespace, camera, cameras, remaps)
    notes: list[str] = []
    named = {remap.partition(":=")[0] for remap in remaps}
    if tuple(cameras) == ("",):
        if camera is None and not {"image", "image/compressed"} & named:
            notes += _find_camera(names, there, namespace)
        if "depth" not in named:
            notes += _find_depth(names, there)
        _find_infos(names, there, named)
    keys: dict[str, str] = {}
    for topic in topics_of(cameras):
        name = names[topic.key]
        if topic.direction != "in" or name not in there:
            continue
        if there[name] != topic.type_name:
            raise ValueError(
                f"topic {name} is of type {there[name]}, but {topic.key} must be "
                f"{topic.type_name}; name another topic"
            )
        keys[name] = topic.key
    for name in cameras:
        _choose_form(name, names, keys)
    depth_cameras = tuple(
        name
        for name in cameras
        if {camera_key(name, key) for key in ("depth", "camera_info")} <= set(keys.values())
    )
    others = other_names(namespace, remaps, cameras)
    transforms = {others[TF_TOPIC]: False, others[TF_STATIC_TOPIC]: True}
    return Inputs(names, keys, depth_cameras, transforms, tuple(notes))


def _choose_form(camera: str, names: Mapping[str, str], keys: dict[str, str]) -> None:
    """Let a camera have one form of its images; the raw one where both are there."""
    raw, compressed = (names[camera_key(camera, key)] for key in ("image", "compressed"))
    if raw not in keys and compressed not in keys:
        raise ValueError(
            f"the bag has neither {raw} nor {compressed}; name the topic of the camera with "
            "--camera; `ros2 bag info` and --list show what is there"
        )
    if raw in keys:
        keys.pop(compressed, None)


def _find_camera(names: dict[str, str], there: Mapping[str, str], namespace: str) -> list[str]:
    if {names["image"], names["compressed"]} & set(there):
        return []
    own = {names[topic.key] for topic in topics_of(("",)) if topic.direction == "out"}
    found = sorted(
        {
            name.removesuffix("/compressed")
            for name, kind in there.items()
            if kind in (_RAW, _COMPRESSED) and name not in own and "depth" not in name.lower()
        }
    )
    if len(found) != 1:
        choice = f"several: {', '.join(found)}" if found else "none"
        raise ValueError(
            f"the bag has no {names['image']}, and of other topics with colour images {choice}; "
            "name one with --camera"
        )
    names["image"] = found[0]
    names["compressed"] = f"{found[0]}/compressed"
    return [f"camera: {found[0]}"]


def _find_depth(names: dict[str, str], there: Mapping[str, str]) -> list[str]:
    if names["depth"] in there:
        return []
    found = sorted(
        name for name, kind in there.items() if kind == _RAW and "depth" in name.lower()
    )
    if len(found) == 1:
        names["depth"] = found[0]
        return [f"depth: {found[0]}"]
    if found:
        return [
            f"nothing is placed in space: depth may be {' or '.join(found)}; choose by --depth"
        ]
    return []


def _find_infos(names: dict[str, str], there: Mapping[str, str], named: Collection[str]) -> None:
    images = {"camera_info": ("image", "compressed"), "depth_info": ("depth",)}
    for key, of in images.items():
        if names[key] in there or BY_KEY[key].name in named:
            continue
        if any(names[image] in there for image in of):
            beside = _info_of(names[of[0]], there)
            # Two cameras never share a description; the colour camera's comes first.
            if beside and beside not in (names["camera_info"], names["depth_info"]):
                names[key] = beside


def _info_of(image: str, there: Mapping[str, str]) -> str:
    """Return the CameraInfo topic that lies beside images by convention; "" if it is not there."""
    beside = info_topic(image)
    return beside if there.get(beside) == _INFO else ""
