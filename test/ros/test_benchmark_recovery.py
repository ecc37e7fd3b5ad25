import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from trials import over_each_transport, try_node

from textseg_ros.benchmark.lossy import drop_program, lossy_link, missing, on_host
from textseg_ros.benchmark.recovery import start_daemon, stop_daemon
from textseg_ros.benchmark.recovery_bench import Bench, Finding, longest_gap_s

S = 10**9
SO_RCVBUFFORCE = 33
needs_namespaces = pytest.mark.skipif(bool(missing()), reason=missing() or "there are namespaces")


def test_a_fault_that_keeps_answers_away_for_2_s_fails() -> None:
    assert Finding("fault", 1.99).passed
    assert not Finding("fault", 2.0).passed
    assert Finding("fault", 0.257).line() == "| fault | 0.26 |"


@pytest.mark.parametrize(
    ("times", "gap_s"),
    [
        ([1, 2, 5, 9], 4.0),
        ([3, 4, 5, 6, 7, 8, 9], 3.0),
        ([1, 2, 3], 7.0),
        ([], 10.0),
        ([11], 10.0),
    ],
)
def test_the_longest_gap_counts_from_start_and_to_the_end(times: list[int], gap_s: float) -> None:
    assert longest_gap_s([at * S for at in times], 0, 10 * S) == gap_s


def test_a_packet_is_dropped_if_a_random_number_of_32_bits_is_small() -> None:
    # 0.25 of 2 ** 32 is 1073741824; a jump over one line drops what is below.
    assert drop_program(0.25) == "4,32 0 0 4294963256,53 0 1 1073741824,6 0 0 0,6 0 0 2"
    assert "4294967295" in drop_program(1.0)


@needs_namespaces
@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.0, 2000, 2000), (0.1, 1700, 1900), (1.0, 0, 0)]
)
def test_the_link_loses_its_share_and_leaves_nothing_behind(
    share: float, least: int, most: int
) -> None:
    """0.1 of 2000 packets has a standard deviation of 13: 1700 to 1900 is more than 7 of them."""
    receive = (
        "import socket\n"
        "end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"end.setsockopt(socket.SOL_SOCKET, {SO_RCVBUFFORCE}, 2**23)\n"
        "end.bind(('10.111.0.1', 4000)); end.settimeout(0.3); count = 0\n"
        "print('ready', flush=True); input()\n"
        "try:\n"
        "    while end.recv(9): count += 1\n"
        "except TimeoutError: print(count)\n"
    )
    send = (
        "import socket, time\n"
        "end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for number in range(2000):\n"
        "    end.sendto(b'x', ('10.111.0.1', 4000))\n"
        "    if not number % 50: time.sleep(0.005)\n"
    )
    with lossy_link() as link:
        first, second = link.hosts
        link.lose(0.5)
        link.lose(share)
        with subprocess.Popen(
            on_host(first, [sys.executable, "-c", receive]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as receiver:
            assert receiver.stdout is not None
            assert receiver.stdout.readline() == "ready\n"
            # The first packet waits for the answer who has the address, which may be lost.
            subprocess.run(
                [
                    *("ip", "-n", second, "neighbour", "replace", "10.111.0.1"),
                    *("lladdr", _address(first), "dev", "veth1"),
                ],
                check=True,
            )
            subprocess.run(on_host(second, [sys.executable, "-c", send]), check=True)
            told, _ = receiver.communicate("\n", timeout=30.0)

    assert least <= int(told) <= most
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert not {first, second} & set(left.stdout.split())


def _address(host: str) -> str:
    """Return the Ethernet address of the first host's end."""
    shown = subprocess.run(
        ["ip", "-n", host, "-brief", "link", "show", "dev", "veth0"],
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.split()[2]


class Restless(Bench):
    """Watches a node that does not answer."""

    def __init__(self) -> None:
        pass

    def settle(self) -> None:
        raise RuntimeError("steady answers did not come")


def a_ros2(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """Put a command `ros2` on the PATH, alone, that is a line of the shell."""
    command = folder / "ros2"
    command.write_text(f"#!/bin/sh\n{does}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_daemon_that_cannot_be_started_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start_daemon({}) == "`ros2` is not on the PATH"
    a_ros2(tmp_path, monkeypatch, "echo Traceback >&2; echo no module rclpy >&2; exit 1")
    assert start_daemon({}) == "`ros2 daemon start` failed: no module rclpy"
    a_ros2(tmp_path, monkeypatch, '[ "$1 $2 $WHERE" = "daemon start here" ]')
    assert start_daemon({"WHERE": "here"}) == ""
    assert start_daemon({"WHERE": "there"}) == "`ros2 daemon start` failed: no reason"


@pytest.mark.parametrize("status", [0, 1])
def test_why_a_node_does_not_answer_is_told_even_if_the_daemon_does_not_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    asked = tmp_path / "asked"
    a_ros2(tmp_path, monkeypatch, f'echo "$@" >> "{asked}"; exit {status}')

    with pytest.raises(RuntimeError, match=r"^steady answers did not come$"):
        stop_daemon({}, Restless(), threading.Event())
    assert asked.read_text() == "daemon stop\n"


@over_each_transport
def test_the_node_recovers_from_restarts_of_the_camera_and_jumps_of_clocks(
    tmp_path: Path, transport: str
) -> None:
    run = try_node(tmp_path, "recovery", transport, "--only", "here")

    # A busy machine may miss the limit, which is status 1; coming back is no chance.
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert "| camera killed, started again | " in run.stdout
    assert "| the machine's clock jumps an hour back | " in run.stdout
    assert "| simulated time jumps an hour back | " in run.stdout
    if shutil.which("ros2"):
        assert "| `ros2 daemon stop`: longest time without an answer | " in run.stdout
    else:
        assert "- `ros2 daemon stop`: not measured: `ros2` is not on the PATH\n" in run.stdout
    assert run.stderr == ""


@needs_namespaces
@over_each_transport
def test_the_node_answers_while_packets_are_lost_and_recovers_from_a_cut(
    tmp_path: Path, transport: str
) -> None:
    run = try_node(tmp_path, "recovery", transport, "--only", "lossy", "--seconds", "3")

    # Chance and a busy machine may miss the limit, which is status 1; coming back is no chance.
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert "| all packets lost for 3 s, then 10% again | " in run.stdout, run.stderr
    assert run.stderr == ""
