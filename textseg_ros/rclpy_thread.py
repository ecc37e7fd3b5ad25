"""A node of rclpy beside others of its process: a context of its own, served by one thread."""

import threading
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

_END_S = 5.0


class NodeThread:
    """A node whose callbacks run in a thread of its own once `start` is called.

    Subscriptions must end in that thread: one that another thread destroys while the executor
    gathers what to wait for ends the executor.

    Attributes:
        node: The node.

    Args:
        name: Of the node, without namespace.
        on_fault: Takes what ends the thread before its time; called in that thread.
        domain_id: DDS domain; None for that of the environment.

    Raises:
        Exception: One of rclpy's, if the name is wrong or the domain cannot be joined.
    """

    def __init__(
        self, name: str, on_fault: Callable[[Exception], None], domain_id: int | None = None
    ) -> None:
        self._on_fault = on_fault
        self._context = rclpy.Context()
        rclpy.init(
            args=[],
            context=self._context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self._over = Future()
        try:
            self.node: Node = rclpy.create_node(name, context=self._context)
            self._executor = SingleThreadedExecutor(context=self._context)
            self._executor.add_node(self.node)
            self._wake = self.node.create_guard_condition(lambda: None)
        except BaseException:
            self._context.try_shutdown()
            raise
        self._thread = threading.Thread(target=self._spin, name=f"rclpy {name}", daemon=True)

    @property
    def domain_id(self) -> int:
        """DDS domain."""
        return int(self._context.get_domain_id())

    def start(self) -> None:
        """Serve the node from now on."""
        self._thread.start()

    def close(self) -> None:
        """Leave the graph; may be called without `start`."""
        self._over.set_result(None)
        self._wake.trigger()
        if self._thread.is_alive():
            self._thread.join(_END_S)
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        try:
            self._executor.spin_until_future_complete(self._over)
        except ExternalShutdownException:
            pass
        except Exception as error:
            self._on_fault(error)
