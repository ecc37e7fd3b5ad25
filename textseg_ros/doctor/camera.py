"""Who publishes the node's inputs, whether the QoS fits, and what the camera sends."""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok
from textseg_ros.messages import stamp_ns
from textseg_ros.topics import NODE_NAME, Topic, camera_key, topic_names, topics_of

if TYPE_CHECKING:
    from textseg_ros.dds.participant import Participant
    from textseg_ros.settings import NodeSettings

_POLL_S = 0.05
_SETTLE_S = 0.3
_FORMS = ("image", "compressed")
_AHEAD_S = 0.1


@dataclass(slots=True)
class _Heard:
    """What came on one topic: the last message, and when it came."""

    messages: int = 0
    last: Any = None
    came_s: float = 0.0
    errors: list[str] = field(default_factory=list)


class Listener:
    """Subscribes to the node's inputs as the node does, and keeps what comes.

    Args:
        participant: What carries the messages.
        given: Where the node is to run.
        settings: Of the node.
    """

    def __init__(
        self, participant: "Participant", given: Surroundings, settings: "NodeSettings"
    ) -> None:
        self.names = topic_names(given.namespace, given.camera, settings.cameras, given.remaps)
        self.topics = {t.key: t for t in topics_of(settings.cameras) if t.direction == "in"}
        self.heard = {key: _Heard() for key in self.topics}
        self._participant = participant
        self._given = given
        self._lock = threading.Lock()
        for key, topic in self.topics.items():
            qos = "reliable" if topic.reliable else "sensor_data"
            if topic.qos_parameter:
                qos = getattr(settings, topic.qos_parameter)
            participant.subscription(
                self.names[key],
                topic.type_name,
                partial(self._take, key),
                # What is best available cannot be known before publishers are found: best effort
                # fits all of them.
                reliable=qos == "reliable",
                depth=topic.depth,
                on_error=partial(self._refuse, key),
            )

    def listen(self, wait_s: float, wanted: Iterable[str]) -> None:
        """Wait until something has come or is kept away on one of the topics, but no longer.

        Args:
            wait_s: Longest wait.
            wanted: Topic keys.
        """
        keys = list(wanted)
        end_s = time.monotonic() + wait_s
        while time.monotonic() < end_s:
            misfits = self._participant.incompatible()
            if any(self.heard[key].messages or self.names[key] in misfits for key in keys):
                time.sleep(min(_SETTLE_S, max(0.0, end_s - time.monotonic())))
                return
            time.sleep(_POLL_S)

    def _take(self, key: str, message: Any) -> None:
        with self._lock:
            heard = self.heard[key]
            heard.messages += 1
            heard.last, heard.came_s = message, self._given.now_s()

    def _refuse(self, key: str, _: str, error: Exception) -> None:
        with self._lock:
            self.heard[key].errors.append(str(error))


def check_camera(given: Surroundings) -> list[Finding]:
    """Join the domain, find who publishes the inputs, and look at an image."""
    from textseg_ros.rmw_environment import read_environment

    try:
        from textseg_ros.dds.participant import Participant
    except (RuntimeError, ImportError) as error:
        return [note(f"publishers were not looked for: {error}")]
    settings = given.settings
    try:
        discovery = read_environment(given.environment, os.getpid(), given.domain)
        name = f"textseg_doctor_{os.getpid()}"
        participant = Participant(name, given.namespace, discovery)
    except (ValueError, RuntimeError) as error:
        return [broken(f"the DDS domain cannot be joined: {error}", "do what the message says")]
    with participant:
        try:
            listener = Listener(participant, given, settings)
        except ValueError as error:
            return [broken(str(error), "name a topic such as /camera/image_raw")]
        images = [camera_key(camera, form) for camera in settings.cameras for form in _FORMS]
        listener.listen(given.wait_s, images)
        counts = participant.publisher_counts(listener.names.values())
        misfits = participant.incompatible()
        nodes = participant.peers()
    findings = _misfits(listener, misfits)
    for camera in settings.cameras:
        findings += _camera(camera, given, listener, counts, misfits, settings)
    full = f"{given.namespace.rstrip('/')}/{NODE_NAME}"
    if nodes.count(full) > 1:
        text = f"{nodes.count(full)} nodes are named {full}"
        findings.append(broken(text, "end one, or give it another --node-name or --namespace"))
    return findings


def _misfits(listener: Listener, misfits: dict[str, str]) -> list[Finding]:
    """Return a finding for each input whose publishers do not fit."""
    by_name = {listener.names[key]: topic for key, topic in listener.topics.items()}
    return [
        broken(
            f"{name}: a publisher does not fit the node's subscription in its {policy}, so that "
            "nothing comes through",
            _remedy(by_name[name], name, policy),
        )
        for name, policy in misfits.items()
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
    camera: str,
    given: Surroundings,
    listener: Listener,
    counts: dict[str, int],
    misfits: dict[str, str],
    settings: "NodeSettings",
) -> list[Finding]:
    keys = [camera_key(camera, form) for form in _FORMS]
    names = [listener.names[key] for key in keys]
    if set(names) & set(misfits):
        return []  # told of
    heard = next((key for key in keys if listener.heard[key].messages), None)
    if heard is None:
        errors = [error for key in keys for error in listener.heard[key].errors]
        if errors:
            text = f"an image on {names[0]} cannot be read: {errors[0]}"
            return [broken(text, "let both sides run the same ROS 2 distribution (--distro)")]
        there = [name for name in names if counts[name]]
        if there:
            text = f"{there[0]} has a publisher, but no image came in {given.wait_s:g} s"
            remedy = "look whether the camera runs (ros2 topic hz), and at firewall and RMW"
            return [broken(text, remedy) if given.camera else note(text, remedy)]
        text = f"nobody publishes {' or '.join(names)}"
        remedy = "start the camera; name its topic with --camera; compare ROS_DOMAIN_ID and RMW"
        return [broken(text, remedy) if given.camera else note(text, remedy)]
    return _image(heard, given, listener, settings)


def _image(
    key: str, given: Surroundings, listener: Listener, settings: "NodeSettings"
) -> list[Finding]:
    """Look at an image that came: whether it can be decoded, and how old it is."""
    from textseg_ros.compressed import compressed_to_rgb
    from textseg_ros.conversions import image_to_rgb

    heard, name = listener.heard[key], listener.names[key]
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
    if -_AHEAD_S <= age_s <= settings.max_age_s:
        return [ok(f"{found}, {age_s * 1e3:.0f} ms old when they come")]
    where = "in the future" if age_s < 0 else f"old, and max_age_s is {settings.max_age_s:g}"
    return [
        broken(
            f"{found} whose stamps are {abs(age_s):.2f} s {where}",
            "let the clocks of both hosts follow one server (chrony, ptp4l); for a bag or a "
            "simulation, set use_sim_time of the rclpy node",
        )
    ]
