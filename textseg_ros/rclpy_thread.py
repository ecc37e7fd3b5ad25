"""How callbacks of rclpy are served: until told to end, for a node of its own in a thread."""

import threading
from collections.abc import Callable

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

_END_S = 5.0


class Serving:
    """Serves a node's callbacks until ended.

    Not by `spin_until_future_complete`: that of rclpy 7.1 keeps a closure for each callback that
    it served, with which a node at work grew by 4 kB a second. Nor does `Executor.shutdown` end
    it, which takes away what a spinning thread may be about to use.

    Args:
        node: Whose callbacks.
        context: Of the node; None for the process's own.
    """

    def __init__(self, node: Node, context: Context | None = None) -> None:
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(node)
        self._wake = node.create_guard_condition(lambda: None)
        self._over = threading.Event()

    def run(self) -> None:
        """Serve until `end` is called or the context is shut down.

        Raises:
            Exception: What a callback raised.
        """
        try:
            while not self._over.is_set() and self._executor.context.ok():
                self._executor.spin_once()
        except ExternalShutdownException:
            pass

    def end(self) -> None:
        """Let `run` return after the callback under way; for any thread."""
        self._over.set()
        self._wake.trigger()

    def close(self) -> None:
        """Give the executor back; `run` must have returned."""
        self._executor.shutdown()


class NodeThread:
    """A node whose callbacks run in a thread of its own once `start` is called.

    Subscriptions must end in that thread: one that another thread destroys while the executor
    gathers what to wait for ends the executor.

    Attributes:
        node: The node.

    Args:
        name: Of the node, without namespace.
        on_fault: Takes what ends the thread before its time, called in that thread, or what
            keeps it from ending, called by `close`.
        domain_id: DDS domain; None for that of the environment.

    Raises:
        Exception: One of rclpy's, if the name is wrong or the domain cannot be joined.
    """

    def __init__(
        self, name: str, on_fault: Callable[[Exception], None], domain_id: int | None = None
    ) -> None:
        self._on_fault = on_fault
        self._closed = False
        self._context = rclpy.Context()
        rclpy.init(
            args=[],
            context=self._context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        try:
            self.node: Node = rclpy.create_node(name, context=self._context)
            self._serving = Serving(self.node, self._context)
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
        """Leave the graph; may be called without `start`, and twice.

        While a callback runs on for longer than 5 s, the node stays in the graph, since its
        thread is about to use it: `on_fault` is told, and `close` may be called again later.
        """
        if self._closed:
            return
        self._serving.end()
        if self._thread.is_alive():
            self._thread.join(_END_S)
        if self._thread.is_alive():
            self._on_fault(
                TimeoutError(
                    f"a callback runs on {_END_S:g} s after the end; the node stays in the graph"
                )
            )
            return
        self._closed = True
        self._serving.close()
        self.node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        try:
            self._serving.run()
        except Exception as error:
            self._on_fault(error)
