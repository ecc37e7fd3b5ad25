"""Times `textseg bag` on a recording that it makes itself: `textseg benchmark-bag`.

The recording is an mcap of a colour camera, 640 x 480 at 10 Hz, with a query every two seconds, as
a robot's would be. Exit status 1 if answering it takes longer than it lasted.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer

from textseg_core.arrays import UInt8Array
from textseg_ros.bag.command import OUTPUTS
from textseg_ros.bag.run import Job, Outcome, run
from textseg_ros.demo.frames import IMAGE_TYPE, Frame, image_message, read_picture
from textseg_ros.typestore import TypeStore

WIDTH, HEIGHT = 640, 480
CAMERA = "/camera/image_raw"
QUERY, STRING = "/textseg/query", "std_msgs/msg/String"
QUERY_S = 2.0
PHRASES = ("the cup", "pick up the red thing", "the left bowl", "the biggest object", "the can")
START_NS = 1_700_000_000_000_000_000
_PICTURES = Path(__file__).resolve().parents[1] / "demo" / "pictures"


def camera(frames: int, rate_hz: float) -> Iterator[UInt8Array]:
    """Yield RGB pictures of a camera that pans over the demo's pictures, a second on each."""
    files = sorted(path for path in _PICTURES.iterdir() if path.suffix in (".jpg", ".png"))
    if not files:
        raise RuntimeError(f"{_PICTURES} holds no pictures; install the package again")
    for number in range(frames):
        second, within = divmod(number, max(1, round(rate_hz)))
        picture = read_picture(files[second % len(files)])
        gray = picture.encoding == "mono8"
        rgb = cv2.cvtColor(picture.pixels, cv2.COLOR_GRAY2RGB) if gray else picture.pixels
        seen = cv2.resize(rgb, (WIDTH + 32, HEIGHT), interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(seen[:, within : within + WIDTH], np.uint8)


def write_recording(path: Path, seconds: float, rate_hz: float, types: TypeStore) -> Path:
    """Write the recording and return its folder.

    Args:
        path: Of the bag; must not be there.
        seconds: Its length.
        rate_hz: Of the camera.
        types: Message classes.
    """
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        images = bag.add_connection(CAMERA, IMAGE_TYPE, typestore=types.rosbags)
        queries = bag.add_connection(QUERY, STRING, typestore=types.rosbags)
        asked = 0
        for number, pixels in enumerate(camera(round(seconds * rate_hz), rate_hz)):
            stamp_ns = START_NS + round(number * 1e9 / rate_hz)
            if number >= asked * QUERY_S * rate_hz:
                text = types.get(STRING)(data=PHRASES[asked % len(PHRASES)])
                bag.write(queries, stamp_ns, types.serialize(text, STRING))
                asked += 1
            message = image_message(types, Frame(pixels, "rgb8"), stamp_ns, "camera")
            # An image is recorded when it has come, a little after it was taken.
            bag.write(images, stamp_ns + 5_000_000, types.serialize(message, IMAGE_TYPE))
    return path


def measure(seconds: float, rate_hz: float, folder: Path) -> Outcome:
    """Write a recording into a folder, answer it there, and return what came of it."""
    types = TypeStore("jazzy")
    recording = write_recording(folder / "recording", seconds, rate_hz, types)
    return run(Job(recording=recording, out=folder / "answers", outputs=OUTPUTS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="textseg benchmark-bag", description="Time `textseg bag` on a recording made here."
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="length; default: 60")
    parser.add_argument("--rate", type=float, default=10.0, help="images a second; default: 10")
    parser.add_argument("--folder", type=Path, help="keep both bags there")
    options = parser.parse_args(arguments)
    if options.seconds <= 0.0 or options.rate <= 0.0:
        parser.error("--seconds and --rate must be above 0")
    with tempfile.TemporaryDirectory(prefix="textseg-bag-") as scratch:
        folder = Path(scratch) if options.folder is None else options.folder
        begun_s = time.process_time()
        try:
            outcome = measure(options.seconds, options.rate, folder)
        except (ValueError, RuntimeError, OSError) as error:
            print(f"textseg benchmark-bag: {error}", file=sys.stderr)
            return 1
    cpu_s = time.process_time() - begun_s
    ratio = outcome.bag_s / outcome.took_s
    print(
        f"{outcome.images} images of {WIDTH} x {HEIGHT}, {outcome.bag_s:.1f} s of bag, answered "
        f"in {outcome.took_s:.1f} s, {outcome.took_s * 1e3 / max(outcome.images, 1):.1f} ms each: "
        f"{ratio:.2f} times real time ({cpu_s:.0f} s of CPU, with the making of the recording)"
    )
    for fault in outcome.faults:
        print(f"textseg benchmark-bag: {fault}", file=sys.stderr)
    return 0 if ratio > 1.0 and not outcome.faults else 1


if __name__ == "__main__":
    sys.exit(main())
