"""`textseg doctor` names faults of middleware, network and camera that are planted for real."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doctored import fault, look

from textseg_ros.doctor.finding import Finding
from textseg_ros.messages import byte_sequence, make_header
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment

CAMERA = "/camera/image_raw"
IMAGE = "sensor_msgs/msg/Image"


@pytest.fixture(scope="module")
def domain() -> dict[str, str]:
    """Variables of a DDS domain on loopback that nobody else uses."""
    pytest.importorskip("cyclonedds", reason="needs cyclonedds: pip install 'textseg-ros[dds]'")
    return loopback_environment(free_domain_id())


@pytest.fixture
def camera(domain: dict[str, str]) -> Iterator[Any]:
    """A real camera of another node in that domain; call it to publish an image of some age."""
    from textseg_ros.dds.participant import Participant

    with Participant("camera", "/camera", read_environment(domain, os.getpid())) as node:
        image_class = node.types.get(IMAGE)
        publisher = node.publisher(CAMERA, IMAGE, reliable=False, depth=1)

        def publish(age_s: float, encoding: str = "rgb8") -> None:
            assert publisher.wait_for_matches()
            stamp_ns = 0 if age_s < 0 else time.time_ns() - round(age_s * 1e9)
            pixels = np.zeros((48, 64, 3), np.uint8)
            message = image_class(
                header=make_header(node.types, stamp_ns, "camera"),
                height=48,
                width=64,
                encoding=encoding,
                is_bigendian=0,
                step=192,
                data=byte_sequence(image_class, pixels),
            )
            publisher.publish(message)

        yield publish


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"RMW_IMPLEMENTATION": "rmw_fastdds"}, "no middleware of ROS 2"),
        ({"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"}, "neither sees nor hears"),
        (
            {"RMW_IMPLEMENTATION": "rmw_connextdds", "AMENT_PREFIX_PATH": "/tmp"},
            "librmw_connextdds.so is in no sourced installation",
        ),
    ],
)
def test_a_middleware_that_is_missing_or_no_dds_is_named(
    environment: dict[str, str], said: str
) -> None:
    assert said in fault("rmw", environment).found


def test_a_middleware_that_is_there_is_well(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "librmw_cyclonedds_cpp.so").write_text("")
    environment = {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp", "AMENT_PREFIX_PATH": str(tmp_path)}

    (framing,) = look("rmw", environment)
    (well,) = look("rmw", environment, assignments=["service_framing=cyclonedds"])

    assert (framing.verdict, well.verdict) == ("note", "ok")
    assert "service_framing" in framing.do


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ROS_DOMAIN_ID": "300"}, "ROS_DOMAIN_ID must be"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "HOUSE"}, "ROS_AUTOMATIC_DISCOVERY_RANGE must be"),
        ({"ROS_STATIC_PEERS": "10.0.0.1; 10.0.0.2"}, "ROS_STATIC_PEERS must be"),
    ],
)
def test_a_wrong_domain_is_named(environment: dict[str, str], said: str) -> None:
    assert said in fault("domain", environment).found


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("<CycloneDDS><Domain>", "cannot be read"),
        ("file:///nowhere/cyclonedds.xml", "/nowhere/cyclonedds.xml cannot be read"),
        ("http://host/cyclonedds.xml", "expected XML, file:// or a path"),
        (
            "<CycloneDDS><Domain><General><Interfaces><NetworkInterface name='wlan77'/>"
            "</Interfaces></General></Domain></CycloneDDS>",
            "no interface is named wlan77",
        ),
        (
            "<CycloneDDS><Domain><General><Interfaces><NetworkInterface address='203.0.113.9'/>"
            "</Interfaces></General></Domain></CycloneDDS>",
            "203.0.113.9 is no address of this host",
        ),
        (
            "<CycloneDDS><Domain><General><Speed>3</Speed></General></Domain></CycloneDDS>",
            "cannot be opened",
        ),
    ],
)
def test_a_wrong_cyclonedds_uri_is_named(uri: str, said: str, domain: dict[str, str]) -> None:
    assert said in fault("cyclonedds", domain | {"CYCLONEDDS_URI": uri}).found


def test_a_good_cyclonedds_uri_opens_the_domain(domain: dict[str, str]) -> None:
    (found,) = look("cyclonedds", domain)

    assert found == Finding("ok", "Cyclone DDS opens the domain with CYCLONEDDS_URI")


def test_a_network_without_multicast_is_named() -> None:
    """In a network of its own, whose only interface has an address but no multicast."""
    program = (
        "ip link add dummy0 type dummy && ip addr add 198.51.100.7/24 dev dummy0 && "
        "ip link set dummy0 up multicast off && "
        f"{sys.executable} -m textseg_core doctor --json --only multicast"
    )
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    may = "ip link add dummy0 type dummy"
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("needs unshare and ip")
    if subprocess.run([*apart, "sh", "-c", may], capture_output=True, check=False).returncode:
        pytest.skip("this host allows no network of one's own")

    ran = subprocess.run(
        [*apart, "sh", "-c", program], capture_output=True, text=True, check=False
    )

    (found,) = json.loads(ran.stdout)["findings"]
    assert (ran.returncode, found["verdict"]) == (1, "broken")
    assert "multicast through 198.51.100.7 does not come back" in found["found"]


def test_a_camera_whose_qos_does_not_fit_is_named(domain: dict[str, str], camera: Any) -> None:
    found = fault("camera", domain, camera=CAMERA, assignments=["image_qos=reliable"], wait_s=10.0)

    assert f"{CAMERA}: a publisher does not fit" in found.found
    assert "reliability" in found.found
    assert "set image_qos to sensor_data" in found.do


def test_a_camera_of_another_type_is_named(domain: dict[str, str], camera: Any) -> None:
    found = fault("camera", domain, remaps=[f"query:={CAMERA}"], wait_s=1.0)

    assert f"message type {IMAGE}" in found.found


@pytest.mark.parametrize(
    ("age_s", "encoding", "verdict", "said"),
    [
        (0.0, "rgb8", "ok", "sends 64 x 48 images"),
        (3600.0, "rgb8", "broken", "s old, and max_age_s is 60"),
        (-1.0, "rgb8", "broken", "stamp of zero"),
        (0.0, "32FC7", "broken", "are refused"),
    ],
)
def test_what_a_camera_sends_is_looked_at(
    domain: dict[str, str], camera: Any, age_s: float, encoding: str, verdict: str, said: str
) -> None:
    sender = threading.Thread(target=camera, args=(age_s, encoding))
    sender.start()
    fresh = ["max_age_s=60.0"]  # what a busy machine may take
    (found,) = look("camera", domain, camera=CAMERA, assignments=fresh, wait_s=20.0)
    sender.join()

    assert found.verdict == verdict
    assert said in found.found


def test_simulated_time_that_nobody_publishes_is_a_fault(
    domain: dict[str, str], camera: Any
) -> None:
    def seen() -> Finding:
        sender = threading.Thread(target=camera, args=(3600.0, "rgb8"))
        sender.start()
        simulated = ["use_sim_time=true"]
        (found,) = look("camera", domain, camera=CAMERA, assignments=simulated, wait_s=20.0)
        sender.join()
        return found

    from textseg_ros.dds.participant import Participant

    alone = seen()
    with Participant("simulator", "/", read_environment(domain, os.getpid())) as simulator:
        simulator.publisher("/clock", "rosgraph_msgs/msg/Clock", depth=1)
        beside_a_clock = seen()

    assert (alone.verdict, beside_a_clock.verdict) == ("broken", "note")
    assert "nobody publishes /clock" in alone.found
    assert "sends 64 x 48 images" in beside_a_clock.found


def test_a_camera_that_nobody_publishes_is_a_fault_if_it_was_named(domain: dict[str, str]) -> None:
    found = fault("camera", domain, camera="/none", wait_s=0.2)

    assert "nobody publishes /none" in found.found
    (unnamed,) = look("camera", domain, wait_s=0.2)
    assert unnamed.verdict == "note"
