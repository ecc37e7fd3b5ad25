"""`textseg web`: a page to see what the node sees, to ask it and to answer its questions.

Without --images, --video or --webcam it looks at the running node.
"""

import argparse
import asyncio
import errno
import importlib.util
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textseg_ros.signals import end_if_busy, stop_on_signals
from textseg_ros.topics import NAMESPACE, NODE_NAME

if TYPE_CHECKING:
    from textseg_ros.web.link import OpenLink
    from textseg_ros.web.source import Source

EXIT_CANNOT_START = 2
PORT = 8008
_LOOK_S = 0.1
_OF_PORT = (errno.EADDRINUSE, errno.EACCES, errno.EPERM)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's values; exits with status 2 if they do not fit together."""
    parser = argparse.ArgumentParser(
        prog="textseg web",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    alone = parser.add_argument_group("without a node").add_mutually_exclusive_group()
    alone.add_argument("--images", type=Path, metavar="FOLDER", help="a folder of pictures")
    alone.add_argument("--video", type=Path, metavar="FILE", help="a video file, over and over")
    alone.add_argument("--webcam", type=int, metavar="N", help="a camera, 0 the first")
    own = parser.add_argument_group("what answers then")
    own.add_argument("--weights", metavar="FOLDER", help="model; the one shipped if not given")
    own.add_argument("--config", type=Path, metavar="FILE", help="settings, see config/")
    node = parser.add_argument_group("which node")
    node.add_argument("--camera", default="", metavar="TOPIC", help="its camera's image topic")
    node.add_argument("--camera-name", default="", metavar="NAME", help="of several cameras")
    node.add_argument("--namespace", default=NAMESPACE)
    node.add_argument("--node-name", default=NODE_NAME)
    node.add_argument(
        "--transport",
        choices=("auto", "dds", "rclpy"),
        default="auto",
        help="auto: rclpy where it is installed, else plain DDS",
    )
    node.add_argument("--domain", type=int, metavar="ID", help="instead of ROS_DOMAIN_ID")
    node.add_argument("--distro", default="jazzy", help="of the node, for plain DDS")
    page = parser.add_argument_group("the page")
    page.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to bind to; any but this machine's own needs a token, which is printed",
    )
    page.add_argument("--port", type=int, default=PORT, help="0 for a free one")
    page.add_argument("--open", action="store_true", help="open it in a browser")
    parsed = parser.parse_args(arguments)
    if not 0 <= parsed.port <= 65535:
        parser.error(f"--port must be 0 to 65535, got {parsed.port}")
    if parsed.webcam is not None and parsed.webcam < 0:
        parser.error(f"--webcam must be 0 or more, got {parsed.webcam}")
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until SIGINT or SIGTERM; return the exit status.

    0 after a signal; 2 with one line on stderr if it cannot start.
    """
    parsed = parse_arguments(arguments)
    stop = stop_on_signals()
    try:
        asyncio.run(_serve(parsed, stop))
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        if not stop.is_set():
            print(f"textseg web: {' '.join(str(error).split())}", file=sys.stderr)
            return EXIT_CANNOT_START
    end_if_busy()
    return 0


async def _serve(parsed: argparse.Namespace, stop: threading.Event) -> None:
    if importlib.util.find_spec("aiohttp") is None:
        raise RuntimeError(
            "the page needs aiohttp: pip install 'textseg-ros[web]', "
            "or in a ROS 2 workspace: sudo apt install python3-aiohttp"
        )
    # Here, not above: importing takes seconds, in which --help and a signal must be quick.
    from textseg_ros.allocator import keep_image_buffers
    from textseg_ros.web.access import Access
    from textseg_ros.web.server import PageServer

    keep_image_buffers()
    access = Access(parsed.host)
    server = PageServer(make_source(parsed), parsed.host, parsed.port, access)
    try:
        await server.start()
    except OSError as error:
        option = "--port" if error.errno in _OF_PORT else "--host"
        raise OSError(
            f"cannot serve on {parsed.host} port {parsed.port}: {error.strerror or error}; "
            f"choose another with {option}"
        ) from error
    try:
        print(f"textseg web: {server.url}", flush=True)
        if access.token:
            print("whoever has this address may look and ask; end it with Ctrl-C", flush=True)
        if parsed.open:
            webbrowser.open(server.url)
        while not stop.is_set():
            await asyncio.sleep(_LOOK_S)
    finally:
        await server.stop()


def make_source(parsed: argparse.Namespace) -> "Source":
    """Return what the page looks at.

    Raises:
        ValueError: If an argument is wrong.
        RuntimeError: If a package is missing.
    """
    if parsed.images is None and parsed.video is None and parsed.webcam is None:
        from textseg_ros.web.link import Place
        from textseg_ros.web.node_source import NodeSource

        place = Place(
            namespace=parsed.namespace,
            node_name=parsed.node_name,
            camera=parsed.camera,
            camera_name=parsed.camera_name,
            domain_id=parsed.domain,
            distro=parsed.distro,
        )
        return NodeSource(place, choose_link(parsed.transport))
    from textseg_core.config import SegmenterConfig, load_config
    from textseg_core.segmenter import Segmenter
    from textseg_ros.web.media import Folder, Media, Video, Webcam
    from textseg_ros.web.own_source import OwnSource

    config = SegmenterConfig() if parsed.config is None else load_config(parsed.config)
    media: Media
    if parsed.images is not None:
        media = Folder(parsed.images)
    elif parsed.video is not None:
        media = Video(parsed.video)
    else:
        media = Webcam(parsed.webcam)
    return OwnSource(media, lambda: Segmenter.load(parsed.weights, config))


def choose_link(transport: str) -> "OpenLink":
    """Return what joins the graph.

    Args:
        transport: "dds", "rclpy", or "auto" for rclpy where it is installed.

    Raises:
        RuntimeError: If what it needs is not installed.
    """
    has_rclpy = importlib.util.find_spec("rclpy") is not None
    if transport == "rclpy" or (transport == "auto" and has_rclpy):
        if not has_rclpy:
            raise RuntimeError("rclpy is not installed: source ROS 2's setup.bash, or use dds")
        from textseg_ros.rclpy_web import RclpyLink

        return RclpyLink
    missing = [name for name in ("cyclonedds", "rosbags") if not importlib.util.find_spec(name)]
    if missing:
        raise RuntimeError(
            f"looking at a node needs {' and '.join(missing)}: pip install 'textseg-ros[dds,web]' "
            "(x86_64), or source ROS 2's setup.bash; --images, --video and --webcam need neither"
        )
    from textseg_ros.web.dds_link import DdsLink

    return DdsLink


if __name__ == "__main__":
    sys.exit(main())
