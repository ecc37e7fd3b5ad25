"""The DDS node as a process in a domain of its own, and a peer that asks and listens there."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dds_peers import make_image, make_string
from recording import red_block

from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.topics import BY_KEY, resolve

TIMEOUT_S = 300.0
"""What a busy machine may take; what a node must not wait for takes longer."""
ROOT = Path(__file__).parents[2]
START = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from textseg_ros import dds_node, dds_process, dds_transport
from recording import RednessBackend, SlowBackend, make_segmenter
def say(what):
    print(what, flush=True)
class StuckBackend(RednessBackend):
    def respond(self, image, expressions):
        say("stuck")
        time.sleep(1000.0)
%s
sys.exit(dds_node.main(sys.argv[1:]))
"""


class Process:
    """The node as a process in a domain of its own, and a peer there."""

    def __init__(self, code: str, *arguments: str) -> None:
        self._environment = loopback_environment(free_domain_id())
        self._run = subprocess.Popen(
            [sys.executable, "-c", START % code, *arguments],
            env=os.environ | self._environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._peer: Participant | None = None
        self._over = threading.Event()
        self._camera: threading.Thread | None = None

    @property
    def peer(self) -> Participant:
        if self._peer is None:
            self._peer = Participant("peer", "/", read_environment(self._environment, 1))
        return self._peer

    def read_until(self, text: str) -> None:
        assert self._run.stdout is not None
        assert self._run.stderr is not None
        while text not in (line := self._run.stdout.readline()):
            assert line, self._run.stderr.read()

    def ask(self) -> None:
        """Ask for the red block, and show it 20 times a second."""
        types = self.peer.types
        query = self.peer.publisher("/textseg/query", "std_msgs/msg/String")
        assert query.wait_for_matches(timeout_s=TIMEOUT_S)
        query.publish(make_string(types, "the red block"))
        images = self.peer.publisher("/textseg/image", "sensor_msgs/msg/Image", depth=1)

        def film() -> None:
            while not self._over.wait(0.05):
                images.publish(make_image(types, red_block()))

        self._camera = threading.Thread(target=film)
        self._camera.start()

    def listen(self, key: str) -> list[Any]:
        """Return where the messages of an output will be."""
        heard: list[Any] = []
        topic = BY_KEY[key]
        self.peer.subscription(resolve(topic.name), topic.type_name, heard.append)
        return heard

    def rpc(self) -> DdsRpc:
        return DdsRpc(self.peer, "fastrtps", lambda *_: None, print)

    def end(self, signals: int = 1) -> tuple[int, str]:
        """Press Ctrl-C; return exit status and stderr once the process has ended."""
        for _ in range(signals):
            self._run.send_signal(signal.SIGINT)
            time.sleep(0.1)
        _, errors = self._run.communicate(timeout=TIMEOUT_S)
        return self._run.returncode, errors

    def close(self) -> None:
        self._over.set()
        if self._camera is not None:
            self._camera.join()
        if self._run.poll() is None:
            self._run.kill()
            self._run.communicate()
        if self._peer is not None:
            self._peer.close()
