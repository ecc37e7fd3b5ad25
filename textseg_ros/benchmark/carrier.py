"""What carries a trial's messages, plain DDS or rclpy: how its node starts and how others join."""

import os
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textseg_ros.dds_process import parse_arguments
from textseg_ros.messages import MessageTypes
from textseg_ros.node_command import CARRIERS, NO_RCLPY, rclpy_is_there, ros_arguments
from textseg_ros.rmw_environment import read_environment

if TYPE_CHECKING:
    from textseg_ros.dds.channels import Framing


class Sender(Protocol):
    """A publisher."""

    @property
    def matched(self) -> int:
        """Number of subscriptions that receive from it."""
        ...

    def publish(self, message: Any) -> None:
        """Publish a message; for any thread."""
        ...


class Receiver(Protocol):
    """A subscription."""

    @property
    def matched(self) -> int:
        """Number of publishers that it receives from."""
        ...


class Peer(Protocol):
    """Somebody else in the node's graph, with one thread for all callbacks."""

    @property
    def types(self) -> MessageTypes:
        """Message classes."""
        ...

    @property
    def domain_id(self) -> int:
        """DDS domain."""
        ...

    def publisher(
        self, topic: str, type_name: str, *, reliable: bool = True, depth: int = 10
    ) -> Sender:
        """Add a publisher."""
        ...

    def subscription(
        self,
        topic: str,
        type_name: str,
        callback: Callable[[Any], None],
        *,
        reliable: bool = True,
        depth: int = 10,
    ) -> Receiver:
        """Add a subscription."""
        ...


class Caller(Protocol):
    """Uses services and actions; its calls wait, so they are for any thread but the peer's."""

    def call(self, name: str, type_name: str, request: Any, timeout_s: float = 10.0) -> Any:
        """Return a service's response.

        Args:
            name: Absolute name of the service.
            type_name: `package/srv/Type`.
            request: Its request.
            timeout_s: Longest wait, for the service and then for the response.

        Raises:
            RuntimeError: If there is none in time.
        """
        ...

    def pursue(
        self, name: str, type_name: str, goal: Any, timeout_s: float = 10.0
    ) -> tuple[int, Any]:
        """Return how a goal ended, of action_msgs/msg/GoalStatus, and its result.

        Args:
            name: Absolute name of the action.
            type_name: `package/action/Type`.
            goal: The goal.
            timeout_s: Longest wait, for the action, for its consent and then for the result.

        Raises:
            RuntimeError: If the goal was refused, or there is no result in time.
        """
        ...


Join = Callable[[str, Mapping[str, str]], AbstractContextManager[Peer]]
Call = Callable[[Any, "Framing"], AbstractContextManager[Caller]]
"""Takes a peer of the carrier, and how the node frames services where that is a choice."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries messages.

    Attributes:
        name: One of `CARRIERS`.
        starter: The node's command without arguments.
        join: Joins the graph under a node's name, with variables beside those of this process.
        call: Lets somebody who has joined use services and actions.
        run: Is the node, in this process: takes its arguments, returns the exit status.
        transport: Loads the class whose `now_ns` is the node's time.
        says: What it is, for a report.
        ros: Whether the node takes ROS's arguments.
    """

    name: str
    starter: tuple[str, ...]
    join: Join
    call: Call
    run: Callable[[Sequence[str]], int]
    transport: Callable[[], type[Any]]
    says: str
    ros: bool = False

    def node_command(
        self, params_file: Path | None, settings: Mapping[str, str], starter: Sequence[str] = ()
    ) -> list[str]:
        """Return the command of a node.

        Args:
            params_file: ROS 2 parameter file, None for the defaults.
            settings: Single ones after the file.
            starter: What starts the node in place of the carrier's own.
        """
        words = [] if params_file is None else ["--params-file", str(params_file)]
        for name, value in settings.items():
            words += ["--set", f"{name}={value}"]
        if self.ros:
            words = ros_arguments(parse_arguments(words))
        return [*(starter or self.starter), *words]


def carrier_of(name: str) -> Carrier:
    """Return what carries messages by its name.

    Raises:
        RuntimeError: If it is not installed here.
        ValueError: If there is none of this name.
    """
    if name not in CARRIERS:
        raise ValueError(f"messages are carried by one of {', '.join(CARRIERS)}, not by {name!r}")
    return _rclpy() if name == "rclpy" else _dds()


def _dds() -> Carrier:
    from textseg_ros.dds.participant import Participant

    def join(name: str, environment: Mapping[str, str]) -> Participant:
        return Participant(name, "/", read_environment(os.environ | environment, os.getpid()))

    def call(peer: Participant, framing: "Framing") -> AbstractContextManager[Caller]:
        from textseg_ros.benchmark.dds_caller import DdsCaller

        return DdsCaller(peer, framing)

    def run(arguments: Sequence[str]) -> int:
        from textseg_ros.dds_node import main

        return main(arguments)

    def transport() -> type[Any]:
        from textseg_ros.dds_transport import DdsTransport

        return DdsTransport

    starter = (sys.executable, "-m", "textseg_ros.dds_node")
    return Carrier("dds", starter, join, call, run, transport, "plain DDS")


def _rclpy() -> Carrier:
    if not rclpy_is_there():
        raise RuntimeError(NO_RCLPY)
    from textseg_ros.rclpy_peer import RclpyCaller, RclpyPeer, installed_node, ros_version

    executable = str(installed_node())

    def call(peer: RclpyPeer, _: "Framing") -> AbstractContextManager[Caller]:
        return nullcontext(RclpyCaller(peer))

    def run(arguments: Sequence[str]) -> int:
        sys.argv = [executable, *arguments]
        runpy.run_path(executable, run_name="__main__")  # ends the process itself
        return 0

    def transport() -> type[Any]:
        from textseg_ros.rclpy_transport import RclpyTransport

        return RclpyTransport

    starter = (executable,)
    return Carrier("rclpy", starter, RclpyPeer, call, run, transport, ros_version(), ros=True)
