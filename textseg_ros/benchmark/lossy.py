"""Two hosts that lose packets between them: network namespaces of this machine, joined by a cable.

Nothing outside the two namespaces is touched, and both go when the link is left.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_RANDOM = 0xFFFFF000 + 56
"""Where classic BPF reads a random number: SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h."""
_PASS, _DROP = 0, 2
_SPAN = 2**32


def drop_program(share: float) -> str:
    """Return a program of classic BPF, as `tc` reads it, that drops a share of all packets.

    `tc netem` would be the usual way, but is not in each kernel.
    """
    least = min(round(share * _SPAN), _SPAN - 1)
    load, jump, return_ = 0x20, 0x35, 0x06  # ld [k]; jge k; ret k
    lines = [
        (load, 0, 0, _RANDOM),
        (jump, 0, 1, least),
        (return_, 0, 0, _PASS),
        (return_, 0, 0, _DROP),
    ]
    return f"{len(lines)}," + ",".join(" ".join(map(str, line)) for line in lines)


class Link:
    """A cable between two hosts.

    Attributes:
        hosts: Names of the two namespaces.
    """

    def __init__(self, hosts: tuple[str, str]) -> None:
        self.hosts = hosts

    def lose(self, share: float) -> None:
        """Lose a share of the packets from now on, in both directions.

        Raises:
            RuntimeError: If the kernel cannot.
        """
        for number, host in enumerate(self.hosts):
            device = ["dev", _device(number), "ingress"]
            _run(["tc", "-n", host, "filter", "del", *device])
            if share > 0.0:
                program = ["bpf", "direct-action", "bytecode", drop_program(share)]
                _run(["tc", "-n", host, "filter", "add", *device, *program])


def missing() -> str:
    """Return why there can be no such link here; "" if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    tools = [tool for tool in ("ip", "tc") if shutil.which(tool) is None]
    if tools:
        return f"{' and '.join(tools)} of iproute2 missing: apt install iproute2"
    try:
        with lossy_link() as link:
            link.lose(0.1)
    except RuntimeError as error:
        return str(error)
    return ""


@contextmanager
def lossy_link() -> Iterator[Link]:
    """Make two hosts, 10.111.0.1 and 10.111.0.2, with a cable that loses nothing yet.

    Raises:
        RuntimeError: If namespaces or the cable cannot be made; says why.
    """
    hosts = (f"textseg-{os.getpid()}-a", f"textseg-{os.getpid()}-b")
    made: list[str] = []
    try:
        for host in hosts:
            _run(["ip", "netns", "add", host])
            made.append(host)
        _run(
            ["ip", "-n", hosts[0], "link", "add", "name", _device(0), "type", "veth"],
            ["peer", "name", _device(1), "netns", hosts[1]],
        )
        for number, host in enumerate(hosts):
            device = ["dev", _device(number)]
            _run(["ip", "-n", host, "link", "set", "dev", "lo", "up"])
            _run(["ip", "-n", host, "address", "add", f"10.111.0.{number + 1}/24", *device])
            _run(["ip", "-n", host, "link", "set", *device, "up"])
            _run(["tc", "-n", host, "qdisc", "add", *device, "clsact"])
        yield Link(hosts)
    finally:
        for host in made:
            _run(["ip", "netns", "delete", host])


def on_host(host: str, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one on a host."""
    return ["ip", "netns", "exec", host, *command]


def _device(number: int) -> str:
    return f"veth{number}"


def _run(*parts: Sequence[str]) -> None:
    """Run a command of these parts.

    Raises:
        RuntimeError: If it fails; with what it said.
    """
    command = [word for part in parts for word in part]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=20.0)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or error
        raise RuntimeError(f"{' '.join(command)} failed: {said}".strip()) from error
