"""What ROS 2 reads from the environment: middleware, domain and discovery."""

import os
from pathlib import Path

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok

_OF_DDS = ("rmw_fastrtps_cpp", "rmw_fastrtps_dynamic_cpp", "rmw_cyclonedds_cpp", "rmw_connextdds")
RECEIVE_BYTES = 8_388_608
"""What docs/ros2.md measured to do for 640 x 480 images."""
_ZENOH = "rmw_zenoh_cpp"
_CYCLONE = "rmw_cyclonedds_cpp"


def check_rmw(given: Surroundings) -> list[Finding]:
    """Look whether the middleware that RMW_IMPLEMENTATION names is there and speaks DDS."""
    name = given.environment.get("RMW_IMPLEMENTATION", "")
    if not name:
        return [ok("RMW_IMPLEMENTATION is unset: ROS 2 takes rmw_fastrtps_cpp")]
    known = f"{', '.join(_OF_DDS)}"
    if name not in (*_OF_DDS, _ZENOH):
        return [
            broken(
                f"RMW_IMPLEMENTATION is {name!r}, which is no middleware of ROS 2",
                f"unset it, or set one of {known}",
            )
        ]
    findings: list[Finding] = []
    if name == _ZENOH:
        findings.append(
            broken(
                "RMW_IMPLEMENTATION is rmw_zenoh_cpp, which plain DDS neither sees nor hears",
                "run the rclpy node (textseg node --transport rclpy), or let all nodes use DDS "
                "(unset RMW_IMPLEMENTATION)",
            )
        )
    if given.environment.get("AMENT_PREFIX_PATH") and not _is_installed(name, given):
        distro = given.environment.get("ROS_DISTRO", "$ROS_DISTRO")
        findings.append(
            broken(
                f"RMW_IMPLEMENTATION is {name}, but lib{name}.so is in no sourced installation",
                f"apt install ros-{distro}-{name.replace('_', '-')}, or unset RMW_IMPLEMENTATION",
            )
        )
    framing = given.settings.service_framing
    if (name == _CYCLONE) != (framing == "cyclonedds"):
        wanted = "cyclonedds" if name == _CYCLONE else "fastrtps"
        findings.append(
            note(
                f"RMW_IMPLEMENTATION is {name}, but the node frames services as {framing} does",
                f"set service_framing to {wanted}, if services are called from ROS 2 nodes",
            )
        )
    return findings or [ok(f"RMW_IMPLEMENTATION is {name}")]


def check_domain(given: Surroundings) -> list[Finding]:
    """Read domain and discovery as ROS 2 does."""
    from textseg_ros.rmw_environment import read_environment

    try:
        settings = read_environment(given.environment, os.getpid(), given.domain)
    except ValueError as error:
        return [broken(str(error), "set a value that is accepted, or unset the variable")]
    findings = [note(warning) for warning in settings.warnings]
    ephemeral = _first_ephemeral_port()
    last_port = 7400 + 250 * settings.domain_id + 249
    if last_port >= ephemeral:
        findings.append(
            note(
                f"the UDP ports of domain {settings.domain_id} reach {last_port}, and the system "
                f"gives ports from {ephemeral} on to any program",
                "take a domain up to 101",
            )
        )
    peers = f", peers {', '.join(settings.peers)}" if settings.peers else ""
    found = f"domain {settings.domain_id}, discovery {settings.discovery}{peers}"
    return [ok(found), *findings]


def check_buffers(_: Surroundings) -> list[Finding]:
    """Ask the kernel how much of a burst of packets it keeps."""
    try:
        most = int(Path("/proc/sys/net/core/rmem_max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return [note("the receive buffers of the network cannot be read")]
    found = f"receive buffers of the network: at most {most / 1e6:.1f} MB"
    if most >= RECEIVE_BYTES:
        return [ok(found)]
    return [
        note(
            f"{found}, less than a large image with its burst needs",
            f"sudo sysctl -w net.core.rmem_max={RECEIVE_BYTES} "
            f"net.core.rmem_default={RECEIVE_BYTES}, if images come slowly",
        )
    ]


def _is_installed(name: str, given: Surroundings) -> bool:
    folders = [
        *(
            Path(entry) / "lib"
            for entry in given.environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
            if entry
        ),
        *map(Path, filter(None, given.environment.get("LD_LIBRARY_PATH", "").split(os.pathsep))),
    ]
    return any((folder / f"lib{name}.so").exists() for folder in folders)


def _first_ephemeral_port() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        return int(text.split()[0])
    except (OSError, ValueError, IndexError):
        return 32768  # Linux's own default
