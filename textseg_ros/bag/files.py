"""Bags of rosbag2 in and out, sqlite3 and mcap, with what is wrong with one said in a sentence."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinitionFormat,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import (
    CompressionFormat,
    CompressionMode,
    Reader,
    StoragePlugin,
    Writer,
)

from textseg_ros.topics import Topic
from textseg_ros.typestore import TypeStore

Storage = Literal["mcap", "sqlite3"]
_PLUGINS: dict[Storage, StoragePlugin] = {
    "mcap": StoragePlugin.MCAP,
    "sqlite3": StoragePlugin.SQLITE3,
}
_METADATA = "metadata.yaml"
_VERSION: Literal[9] = 9
_FOREVER = QosTime(9223372036, 854775807)  # what rmw writes for no limit


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open a bag to read: a folder with metadata.yaml, or one .mcap or .db3 file.

    Raises:
        ValueError: If it is none, or damaged; says what to do.
    """
    if not path.exists():
        raise ValueError(f"bag {path} does not exist")
    if path.is_dir() and not (path / _METADATA).is_file():
        raise ValueError(
            f"folder {path} holds no {_METADATA}, so it is no bag of rosbag2; run "
            f"`ros2 bag reindex {path}`, or give the .mcap or .db3 file in it"
        )
    try:
        reader = Reader(path)
        reader.open()
    except Exception as error:  # rosbags raises its own kinds, and those of YAML and sqlite
        raise ValueError(
            f"{path} cannot be read as a bag of rosbag2 (sqlite3 or mcap): {error}; if its "
            "recording was cut off, try `ros2 bag reindex` or `mcap recover`"
        ) from error
    try:
        yield reader
    finally:
        reader.close()


def check_target(out: Path, *, overwrite: bool) -> None:
    """Refuse to write where something is; remove an old bag where that is asked for.

    Raises:
        ValueError: If there is something that may not be replaced.
    """
    if not out.exists():
        return
    if not overwrite:
        raise ValueError(f"{out} exists; add --overwrite, or choose another --out")
    if not (out / _METADATA).is_file():
        raise ValueError(f"{out} exists and is no bag, so it is not overwritten; choose another")
    shutil.rmtree(out)


class BagWriter:
    """A bag to write.

    Attributes:
        counts: Messages written, by topic.

    Args:
        path: Folder that becomes the bag.
        storage: Kind of its file.
        compress: Whether an mcap file is compressed, with zstd.
        types: The messages.

    Raises:
        ValueError: If `compress` is asked of sqlite3.
        OSError: If the folder cannot be made.
    """

    def __init__(self, path: Path, storage: Storage, *, compress: bool, types: TypeStore) -> None:
        if compress and storage != "mcap":
            raise ValueError("only mcap is compressed here; leave --compress out, or --storage")
        self._types = types
        self._lock = threading.Lock()
        self._topics: dict[str, Connection] = {}
        self._writer = Writer(path, version=_VERSION, storage_plugin=_PLUGINS[storage])
        if compress:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self.counts: dict[str, int] = {}
        self._waiting: list[tuple[str, int, bytes]] = []

    def add(self, name: str, topic: Topic) -> None:
        """Add one of the node's topics.

        Args:
            name: Absolute name.
            topic: Its entry in the node's table.
        """
        self._topics[name] = self._writer.add_connection(
            name,
            topic.type_name,
            typestore=self._types.rosbags,
            offered_qos_profiles=[_qos(topic)],
        )

    def add_copy(self, connection: Connection) -> None:
        """Add a topic of another bag, under its name."""
        extension: Any = connection.ext
        profiles = (
            extension.offered_qos_profiles if isinstance(extension, ConnectionExtRosbag2) else []
        )
        known: dict[str, Any] = {"typestore": self._types.rosbags}
        if connection.msgdef.format is not MessageDefinitionFormat.NONE and connection.digest:
            known = {"msgdef": connection.msgdef.data, "rihs01": connection.digest}
        self._topics[connection.topic] = self._writer.add_connection(
            connection.topic, connection.msgtype, offered_qos_profiles=profiles, **known
        )

    def write(self, name: str, time_ns: int, data: bytes) -> None:
        """Take a serialised message of a topic that was added; for any thread."""
        with self._lock:
            self._waiting.append((name, time_ns, data))

    def flush(self) -> None:
        """Write what was taken; only in the thread that made the bag, as sqlite3 demands."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for name, time_ns, data in waiting:
            self._writer.write(self._topics[name], time_ns, data)
            self.counts[name] = self.counts.get(name, 0) + 1

    def close(self) -> None:
        """Write what is left, index and metadata."""
        self.flush()
        self._writer.close()


def _qos(topic: Topic) -> Qos:
    """Return the node's QoS of a topic, with which a player offers it again."""
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=topic.depth,
        reliability=QosReliability.RELIABLE if topic.reliable else QosReliability.BEST_EFFORT,
        durability=QosDurability.TRANSIENT_LOCAL if topic.latched else QosDurability.VOLATILE,
        deadline=_FOREVER,
        lifespan=_FOREVER,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=_FOREVER,
        avoid_ros_namespace_conventions=False,
    )
