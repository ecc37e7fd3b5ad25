"""A robot of the page's tests: a node over real DDS that can be taken away, and its camera."""

import os
import threading
import time

from recording import RednessBackend, make_segmenter

from textseg_core.arrays import UInt8Array
from textseg_ros.dds.participant import Participant
from textseg_ros.dds_transport import DdsNode
from textseg_ros.demo.frames import Frame, image_message
from textseg_ros.naming import topic_names
from textseg_ros.rmw_environment import read_environment
from textseg_ros.settings import NodeSettings

CAMERA = "/camera/image_raw"
_FILM_S, _TICKS = 0.05, 10


class Robot:
    """Films at 20 pictures a second; the node is there from `start_node` to `stop_node`.

    It joins the domain of the environment, which must be one on the loopback interface.

    Attributes:
        picture: What the camera sees; None for a camera that sends nothing.
    """

    def __init__(self, picture: UInt8Array | None) -> None:
        self.picture = picture
        self._domain = read_environment(os.environ, os.getpid())
        self._node: DdsNode | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._eye = Participant("camera", "/", self._domain)
        self._images = self._eye.publisher(
            CAMERA, "sensor_msgs/msg/Image", reliable=False, depth=1
        )
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def start_node(self) -> None:
        node = DdsNode(
            Participant("segmenter", "/textseg", self._domain),
            lambda _: make_segmenter(RednessBackend()),
            NodeSettings(),
            topic_names("/textseg", CAMERA),
        )
        with self._lock:
            self._node = node

    def stop_node(self) -> None:
        with self._lock:
            node, self._node = self._node, None
        if node is not None:
            node.close()

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive an output of the node."""
        with self._lock:
            assert self._node is not None
            return self._node.transport.listeners(key)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.stop_node()
        self._eye.close()

    def _live(self) -> None:
        turns = 0
        while not self._over.wait(_FILM_S):
            turns += 1
            if self.picture is not None:
                frame = Frame(self.picture, "rgb8")
                message = image_message(self._eye.types, frame, time.time_ns(), "camera")
                self._images.publish(message)
            with self._lock:
                if self._node is not None:
                    # Ticks come twice as often as in a process, for a test that waits for them.
                    (self._node.look if turns % _TICKS else self._node.tick)()
