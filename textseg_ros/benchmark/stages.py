"""`textseg benchmark` with ROS at both ends: messages in, published masks out.

Command: `python -m textseg_ros.benchmark.stages --out FOLDER`, same arguments. Images are unpacked
from sensor_msgs/Image (bgr8) and sensor_msgs/CompressedImage (JPEG) as the node does it; masks go
as sensor_msgs/Image over DDS to a reader in another process.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.benchmark.command import Edges, run
from textseg_core.benchmark.frames import Decode
from textseg_core.segmentation import Segmentation
from textseg_ros.allocator import keep_image_buffers
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.conversions import OwnImagePacker, image_to_rgb, mask_pixels
from textseg_ros.dds.participant import Participant
from textseg_ros.demo.frames import IMAGE_TYPE, Frame, image_message
from textseg_ros.messages import MessageTypes, byte_sequence, make_header
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.signals import stop_on_signals

MODULE = "textseg_ros.benchmark.stages"
PROGRAM = f"python -m {MODULE}"
TOPIC = "/benchmark/mask"
_FRAME_ID = "camera"
_JPEG_QUALITY = 90
_MATCH_TIMEOUT_S = 60.0
_LOOK_EVERY_S = 0.05
_READER = "--read-masks"


def raw_camera(types: MessageTypes, picture: UInt8Array) -> Decode:
    """Return what unpacks a picture, RGB uint8 (H, W, 3), sent as bgr8."""
    bgr = Frame(np.ascontiguousarray(picture[..., ::-1]), "bgr8")
    message = image_message(types, bgr, time.time_ns(), _FRAME_ID)
    return lambda: image_to_rgb(message)


def jpeg_camera(types: MessageTypes, picture: UInt8Array) -> Decode:
    """Return what unpacks a picture, RGB uint8 (H, W, 3), sent as JPEG of quality 90."""
    done, packed = cv2.imencode(
        ".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise RuntimeError("OpenCV cannot write JPEG here; install opencv-python-headless again")
    message_class = types.get("sensor_msgs/msg/CompressedImage")
    message = message_class(
        header=make_header(types, time.time_ns(), _FRAME_ID),
        format="bgr8; jpeg compressed bgr8",
        data=byte_sequence(message_class, packed),
    )
    return lambda: compressed_to_rgb(message)


@contextmanager
def publishing(environment: Mapping[str, str]) -> Iterator[Edges]:
    """Give edges that publish every mask to a reader in another process.

    Args:
        environment: Of both processes; names the domain.

    Raises:
        RuntimeError: If the reader does not start or does not find the publisher.
    """
    reader = subprocess.Popen(
        [sys.executable, "-m", MODULE, _READER], env=dict(environment), stdout=subprocess.PIPE
    )
    settings = read_environment(environment, os.getpid())
    try:
        with Participant("benchmark", "/", settings) as node:
            masks = node.publisher(TOPIC, IMAGE_TYPE, depth=1)
            _wait(lambda: masks.matched > 0, reader)
            pack = OwnImagePacker(node.types)

            def publish(result: Segmentation) -> None:
                header = make_header(node.types, time.time_ns(), _FRAME_ID)
                masks.publish(pack(mask_pixels(result.mask), "mono8", header))

            yield Edges(
                cameras={
                    "raw": lambda picture: raw_camera(node.types, picture),
                    "JPEG": lambda picture: jpeg_camera(node.types, picture),
                },
                publish=publish,
                said=(
                    "images are unpacked from ROS messages (bgr8, JPEG); masks are published over "
                    "DDS to a reader in another process",
                ),
            )
    finally:
        reader.terminate()
        reader.wait()


def read_masks() -> int:
    """Receive masks until a signal says stop; return the exit status."""
    stop = stop_on_signals()
    received = 0

    def on_mask(_: object) -> None:
        nonlocal received
        received += 1

    with Participant("reader", "/", read_environment(os.environ, os.getpid())) as node:
        node.subscription(TOPIC, IMAGE_TYPE, on_mask, depth=1)
        stop.wait()
    print(received)
    return 0 if received else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the page and print it; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == [_READER]:
        return read_masks()
    if not {"-h", "--help"} & set(given):
        keep_image_buffers()
        environment = os.environ | loopback_environment(free_domain_id())
        try:
            with publishing(environment) as edges:
                return run(given, PROGRAM, edges)
        except RuntimeError as error:
            print(f"{PROGRAM}: {error}", file=sys.stderr)
            return 1
    return run(given, PROGRAM, Edges())


def _wait(ready: Callable[[], bool], reader: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + _MATCH_TIMEOUT_S
    while not ready():
        if reader.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(
                f"the reader of masks was not found within {_MATCH_TIMEOUT_S:.0f} s "
                f"(its exit status: {reader.poll()}); does the loopback interface work?"
            )
        time.sleep(_LOOK_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
