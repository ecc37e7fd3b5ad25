"""Listens to the node's inputs on rclpy, for `textseg doctor` where plain DDS is not installed."""

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from textseg_ros.doctor.finding import Surroundings
from textseg_ros.doctor.listening import FORMS, POLL_S, SETTLE_S, Ear, Seen
from textseg_ros.messages import InstalledMessages

if TYPE_CHECKING:
    from textseg_ros.settings import NodeSettings


def listen(given: Surroundings, settings: "NodeSettings") -> Seen:
    """Subscribe as the node would, and return what is seen.

    The variables are those of this process, which rcl reads by itself.

    Raises:
        ValueError: If a remap is wrong.
        RuntimeError: If rclpy does not start.
    """
    ear = Ear(given, settings)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=given.domain)
    try:
        node = rclpy.create_node(
            f"textseg_doctor_{os.getpid()}", namespace=given.namespace, context=context
        )
        for key in ear.topics:
            _subscribe(node, ear, key)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        end_s = time.monotonic() + given.wait_s
        images = {ear.names[key] for key in ear.topics if key.rpartition("/")[2] in FORMS}
        while time.monotonic() < end_s:
            executor.spin_once(timeout_sec=POLL_S)
            if ear.has_images() or images & set(_misfits(node, ear)):
                end_s = min(end_s, time.monotonic() + SETTLE_S)
        seen = Seen(
            ear.names,
            ear.topics,
            ear.heard,
            {name: node.count_publishers(name) for name in (*ear.names.values(), ear.clock)},
            _misfits(node, ear),
            [
                f"{space.rstrip('/')}/{name}"
                for name, space in node.get_node_names_and_namespaces()
                if name != node.get_name()
            ],
            ear.clock,
        )
        executor.shutdown()
        node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)
    return seen


def _subscribe(node: Any, ear: Ear, key: str) -> None:
    topic = ear.topics[key]
    try:
        message_class = InstalledMessages().get(topic.type_name)
    except RuntimeError as error:  # our own, where the workspace is not sourced
        ear.refuse(key, topic.name, error)
        return
    profile = QoSProfile(
        depth=topic.depth,
        reliability=QoSReliabilityPolicy.RELIABLE
        if ear.reliable(key)
        else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.VOLATILE,
    )
    node.create_subscription(message_class, ear.names[key], partial(ear.take, key), profile)


def _misfits(node: Any, ear: Ear) -> dict[str, str]:
    """Return topic -> what keeps a publisher from the node's subscription."""
    found: dict[str, str] = {}
    for key, topic in ear.topics.items():
        name = ear.names[key]
        for publisher in node.get_publishers_info_by_topic(name):
            best_effort = publisher.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT
            if publisher.topic_type != topic.type_name:
                found[name] = f"message type {publisher.topic_type}"
            elif ear.reliable(key) and best_effort:
                found[name] = "reliability"
    return found
