"""Who publishes the node's inputs, whether the QoS fits, and what the camera sends."""

import importlib.util
from typing import TYPE_CHECKING

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok
from textseg_ros.doctor.listening import FORMS, NoTransport, Seen
from textseg_ros.messages import stamp_ns
from textseg_ros.topics import NODE_NAME, Topic, camera_key

if TYPE_CHECKING:
    from textseg_ros.settings import NodeSettings

_AHEAD_S = 0.1


def check_camera(given: Surroundings) -> list[Finding]:
    """Join the domain, find who publishes the inputs, and look at an image."""
    settings = given.settings
    try:
        seen = _listen(given, settings)
    except NoTransport as error:
        return [note(f"publishers were not looked for: {error}")]
    except ValueError as error:
        return [broken(str(error), "mend the topic, parameter or variable that it names")]
    except RuntimeError as error:
        return [broken(f"the DDS domain cannot be joined: {error}", "do what the message says")]
    findings = _misfits(seen)
    for camera in settings.cameras:
        findings += _camera(camera, given, seen, settings)
    full = f"{given.namespace.rstrip('/')}/{NODE_NAME}"
    if seen.nodes.count(full) > 1:
        text = f"{seen.nodes.count(full)} nodes are named {full}"
        findings.append(broken(text, "end one, or give it another --node-name or --namespace"))
    return findings


def _listen(given: Surroundings, settings: "NodeSettings") -> Seen:
    """Listen on plain DDS where it is installed, else on rclpy.

    Raises:
        NoTransport: If neither is there.
        ValueError: If a topic or a variable is wrong.
        RuntimeError: If the domain cannot be joined.
    """
    try:
        import textseg_ros.dds.participant  # noqa: F401
    except (RuntimeError, ImportError) as error:
        if importlib.util.find_spec("rclpy") is None:
            raise NoTransport(str(error)) from error
        from textseg_ros.rclpy_listening import listen
    else:
        from textseg_ros.doctor.dds_listening import listen
    return listen(given, settings)


def _misfits(seen: Seen) -> list[Finding]:
    """Return a finding for each input whose publishers do not fit."""
    by_name = {seen.names[key]: topic for key, topic in seen.topics.items()}
    return [
        broken(
            f"{name}: a publisher does not fit the node's subscription in its {policy}, so that "
            "nothing comes through",
            _remedy(by_name[name], name, policy),
        )
        for name, policy in seen.misfits.items()
        if name in by_name
    ]


def _remedy(topic: Topic, name: str, policy: str) -> str:
    if policy.startswith("message type"):
        return f"give the topic of {topic.type_name}: ros2 topic list -t shows all"
    choice = f"set {topic.qos_parameter} to sensor_data" if topic.qos_parameter else ""
    publisher = "let the publisher be reliable"
    ways = ", or ".join(filter(None, (choice, publisher)))
    return f"{ways}; ros2 topic info -v {name} shows both sides"


def _camera(
    camera: str, given: Surroundings, seen: Seen, settings: "NodeSettings"
) -> list[Finding]:
    keys = [camera_key(camera, form) for form in FORMS]
    names = [seen.names[key] for key in keys]
    if set(names) & set(seen.misfits):
        return []  # told of
    heard = next((key for key in keys if seen.heard[key].messages), None)
    if heard is None:
        errors = [error for key in keys for error in seen.heard[key].errors]
        if errors:
            text = f"an image on {names[0]} cannot be read: {errors[0]}"
            return [broken(text, "let both sides run the same ROS 2 distribution (--distro)")]
        there = [name for name in names if seen.counts[name]]
        if there:
            text = f"{there[0]} has a publisher, but no image came in {given.wait_s:g} s"
            remedy = "look whether the camera runs (ros2 topic hz), and at firewall and RMW"
            return [broken(text, remedy) if given.camera else note(text, remedy)]
        text = f"nobody publishes {' or '.join(names)}"
        remedy = "start the camera; name its topic with --camera; compare ROS_DOMAIN_ID and RMW"
        return [broken(text, remedy) if given.camera else note(text, remedy)]
    return _image(heard, seen, settings)


def _image(key: str, seen: Seen, settings: "NodeSettings") -> list[Finding]:
    """Look at an image that came: whether it can be decoded, and how old it is."""
    from textseg_ros.compressed import compressed_to_rgb
    from textseg_ros.conversions import image_to_rgb

    heard, name = seen.heard[key], seen.names[key]
    decode = compressed_to_rgb if key.endswith("compressed") else image_to_rgb
    try:
        height, width = decode(heard.last, settings.max_image_px).shape[:2]
    except ValueError as error:
        text = f"images on {name} are refused: {error}"
        return [broken(text, "let the camera send an encoding of docs/topics.md")]
    stamp = stamp_ns(heard.last.header)
    age_s = heard.came_s - stamp / 1e9
    found = f"{name} sends {width} x {height} images"
    if stamp == 0:
        return [broken(f"{found} with a stamp of zero", "let the driver stamp its images")]
    if settings.use_sim_time and not seen.counts[seen.clock]:
        text = f"use_sim_time is true and nobody publishes {seen.clock}: the node's time stands"
        return [broken(text, "start the simulation, `ros2 bag play --clock 100`, or set it false")]
    if settings.use_sim_time:
        return [note(f"{found}; their age in simulated time is not looked at")]
    if -_AHEAD_S <= age_s <= settings.max_age_s:
        return [ok(f"{found}, {age_s * 1e3:.0f} ms old when they come")]
    where = "in the future" if age_s < 0 else f"old, and max_age_s is {settings.max_age_s:g}"
    return [
        broken(
            f"{found} whose stamps are {abs(age_s):.2f} s {where}",
            "let the clocks of both hosts follow one server (chrony, ptp4l); for a bag or a "
            "simulation, set use_sim_time",
        )
    ]
