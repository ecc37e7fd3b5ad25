"""Who calls the node's services and its action over plain DDS."""

import logging
from types import TracebackType
from typing import Any

from textseg_ros.dds.action_client import ActionClient
from textseg_ros.dds.channels import Framing
from textseg_ros.dds.participant import Participant, log_error
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.dds.service import ServiceClient

_LOGGER = logging.getLogger(__name__)


class DdsCaller:
    """Uses services and actions; a client once made lasts until this is left.

    Args:
        participant: The node that calls; to be closed later.
        framing: How the other node frames services.

    Raises:
        RuntimeError: If no port of the domain is free.
    """

    def __init__(self, participant: Participant, framing: Framing) -> None:
        self._rpc = DdsRpc(participant, framing, log_error, _LOGGER.warning)
        self._services: dict[str, ServiceClient] = {}
        self._actions: dict[str, ActionClient] = {}

    def call(self, name: str, type_name: str, request: Any, timeout_s: float = 10.0) -> Any:
        """Return a service's response; see `Caller`."""
        if name not in self._services:
            self._services[name] = self._rpc.client(name, type_name)
        client = self._services[name]
        if not client.wait_for_service(timeout_s):
            raise RuntimeError(f"there is no service {name} in {timeout_s:g} s")
        return client.call(request, timeout_s)

    def pursue(
        self, name: str, type_name: str, goal: Any, timeout_s: float = 10.0
    ) -> tuple[int, Any]:
        """Return how a goal ended; see `Caller`."""
        if name not in self._actions:
            self._actions[name] = self._rpc.action_client(name, type_name)
        client = self._actions[name]
        if not client.wait_for_server(timeout_s):
            raise RuntimeError(f"there is no action {name} in {timeout_s:g} s")
        goal_id = client.send_goal(goal, timeout_s=timeout_s)
        if goal_id is None:
            raise RuntimeError(f"action {name} refused a goal")
        return client.result(goal_id, timeout_s)

    def __enter__(self) -> "DdsCaller":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._rpc.close()
