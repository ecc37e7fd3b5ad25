import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import pytest
from dds_peers import loopback_settings  # noqa: F401  # skips where cyclonedds is missing

from textseg_ros import rmw_environment
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment

_AUTO = (
    "<ParticipantIndex>auto</ParticipantIndex>"
    "<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
)
_NO_MULTICAST = "<General><AllowMulticast>false</AllowMulticast></General>"
_OF_OURS = (  # what our newer Cyclone needs besides
    "<Internal><ExtendedPacketInfo>false</ExtendedPacketInfo></Internal>",
    "<Internal><GenerateKeyhash>true</GenerateKeyhash></Internal>",
    "<MaxMessageSize>65500B</MaxMessageSize><FragmentSize>63000B</FragmentSize>",
)


def _discovery(environment: dict[str, str]) -> str:
    """Return the part of the configuration that Jazzy would write too."""
    config = read_environment(environment, process_id=4711).config
    for ours in _OF_OURS:
        assert config.count(ours) == 1
        config = config.replace(ours, "")
    return config.replace("<General></General>", "")


@pytest.mark.parametrize(
    ("environment", "inside"),
    [
        ({}, f"<Discovery>{_AUTO}</Discovery>"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, f"<Discovery>{_AUTO}</Discovery>"),
        (
            {"ROS_STATIC_PEERS": ";10.0.0.5;;robot.local;"},
            f"<Discovery>{_AUTO}<Peers>"
            '<Peer address="10.0.0.5"/><Peer address="robot.local"/></Peers></Discovery>',
        ),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
            f"{_NO_MULTICAST}<Discovery>{_AUTO}"
            '<Peers><Peer address="localhost"/></Peers></Discovery>',
        ),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_STATIC_PEERS": "10.0.0.5"},
            f"{_NO_MULTICAST}<Discovery>{_AUTO}"
            '<Peers><Peer address="localhost"/><Peer address="10.0.0.5"/></Peers></Discovery>',
        ),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF", "ROS_STATIC_PEERS": "10.0.0.5"},
            f"{_NO_MULTICAST}<Discovery><ParticipantIndex>none</ParticipantIndex>"
            "<Tag>ros_discovery_off_4711</Tag></Discovery>",
        ),
        (
            {"ROS_LOCALHOST_ONLY": "1", "ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"},
            f"{_NO_MULTICAST}<Discovery>{_AUTO}"
            '<Peers><Peer address="localhost"/></Peers></Discovery>',
        ),
        ({"ROS_LOCALHOST_ONLY": "0"}, f"<Discovery>{_AUTO}</Discovery>"),
        (
            {"ROS_STATIC_PEERS": '"/><x y="'},
            f"<Discovery>{_AUTO}<Peers><Peer address='\"/&gt;&lt;x y=\"'/></Peers></Discovery>",
        ),
    ],
)
def test_the_variables_give_the_configuration_that_jazzy_gives_cyclone(
    environment: dict[str, str], inside: str
) -> None:
    assert _discovery(environment) == f"<CycloneDDS><Domain>{inside}</Domain></CycloneDDS>,"


def test_system_default_leaves_discovery_to_cyclonedds_uri() -> None:
    environment = {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT",
        "CYCLONEDDS_URI": "file:///etc/cyclone.xml",
    }

    assert read_environment(environment, 1).config == (
        f"<CycloneDDS><Domain><General>{_OF_OURS[2]}</General>{_OF_OURS[1]}</Domain>"
        "</CycloneDDS>,file:///etc/cyclone.xml"
    )


def test_cyclonedds_uri_comes_last_so_that_it_overrides() -> None:
    config = read_environment({"CYCLONEDDS_URI": "<CycloneDDS/>"}, 1).config

    assert config.endswith("</CycloneDDS>,<CycloneDDS/>")


@pytest.mark.parametrize("range_", ["OFF", "SYSTEM_DEFAULT"])
def test_static_peers_that_are_ignored_are_warned_of(range_: str) -> None:
    environment = {"ROS_AUTOMATIC_DISCOVERY_RANGE": range_, "ROS_STATIC_PEERS": "10.0.0.5"}

    (warning,) = read_environment(environment, 1).warnings

    assert "ROS_STATIC_PEERS is ignored" in warning
    assert range_ in warning


@pytest.mark.parametrize(
    ("text", "domain_id"), [("", 0), ("0", 0), ("42", 42), ("0x10", 16), ("010", 8), ("232", 232)]
)
def test_the_domain_id_is_read_as_strtoul_reads_it(text: str, domain_id: int) -> None:
    assert read_environment({"ROS_DOMAIN_ID": text}, 1).domain_id == domain_id


def test_an_explicit_domain_id_replaces_the_variable() -> None:
    assert read_environment({"ROS_DOMAIN_ID": "x"}, 1, domain_id=5).domain_id == 5


@pytest.mark.parametrize(
    ("environment", "accepted"),
    [
        ({"ROS_DOMAIN_ID": "233"}, "0 to 232"),
        ({"ROS_DOMAIN_ID": "-1"}, "0 to 232"),
        ({"ROS_DOMAIN_ID": "12abc"}, "0 to 232"),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"},
            "SUBNET, LOCALHOST, OFF, SYSTEM_DEFAULT",
        ),
        ({"ROS_LOCALHOST_ONLY": "yes"}, "0, 1 or unset"),
        ({"ROS_STATIC_PEERS": "10.0.0.5; 10.0.0.6"}, "separated by ';'"),
        ({"ROS_STATIC_PEERS": "a" * 256}, "at most 255 characters"),
        ({"CYCLONEDDS_URI": "<é/>"}, "ASCII"),
    ],
)
def test_a_wrong_value_is_refused_and_the_accepted_ones_are_named(
    environment: dict[str, str], accepted: str
) -> None:
    with pytest.raises(ValueError, match=accepted) as caught:
        read_environment(environment, 1)

    assert next(iter(environment)) in str(caught.value)


def test_the_loopback_environment_uses_neither_multicast_nor_another_interface() -> None:
    settings = read_environment(loopback_environment(33), 1)

    assert settings.domain_id == 33
    assert "<AllowMulticast>false</AllowMulticast>" in settings.config
    assert '<NetworkInterface address="127.0.0.1"/>' in settings.config
    assert settings.warnings == ()


# Of no other test's, which may run at the same time.
_DOMAINS = range(202, 219)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Sequence[int]], None]]:
    """Let domains be chosen among these; claims of the test end with it."""
    claims: deque[socket.socket] = deque()
    monkeypatch.setattr(rmw_environment, "_claims", claims)
    yield lambda among: monkeypatch.setattr(rmw_environment, "_FREE_DOMAINS", among)
    for claim in claims:
        claim.close()


def test_a_domain_whose_discovery_port_is_bound_is_not_called_free(
    choose: Callable[[Sequence[int]], None],
) -> None:
    choose(_DOMAINS[:1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 7400 + 250 * _DOMAINS[0] + 10))

        with pytest.raises(RuntimeError, match="in use"):
            free_domain_id()

    assert free_domain_id() == _DOMAINS[0]


def test_a_domain_is_given_to_one_asker_until_sixteen_more_have_asked(
    choose: Callable[[Sequence[int]], None],
) -> None:
    first = _DOMAINS[0]
    code = (
        "from textseg_ros import rmw_environment as chosen\n"
        f"chosen._FREE_DOMAINS = [{first}]\n"
        "print(chosen.free_domain_id())"
    )

    def asked_elsewhere() -> str:
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        return run.stdout.strip() or run.stderr

    choose([first])
    assert free_domain_id() == first
    with pytest.raises(RuntimeError, match="in use"):
        free_domain_id()
    assert "in use" in asked_elsewhere()
    choose(_DOMAINS)
    assert {free_domain_id() for _ in range(16)} == set(_DOMAINS[1:])
    assert asked_elsewhere() == str(first)
