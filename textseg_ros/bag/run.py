"""One run of `textseg bag`: what was asked for, and what came of it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from tqdm import tqdm

from textseg_core.segmenter import Segmenter
from textseg_ros.bag.choose import Inputs, choose_inputs
from textseg_ros.bag.files import BagWriter, Storage, check_target, reading
from textseg_ros.bag.play import Message, Player
from textseg_ros.bag.transport import outputs
from textseg_ros.report import Level
from textseg_ros.settings import NodeSettings, read_settings
from textseg_ros.topics import NODE_NAME, resolve, topic_of
from textseg_ros.typestore import TypeStore

_ALL = "all"
_DISTROS = ("humble", "jazzy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do; the fields are the options of `textseg bag`."""

    recording: Path
    out: Path
    query: str = ""
    camera: str | None = None
    remaps: Sequence[str] = ()
    namespace: str = "/textseg"
    outputs: Sequence[str] = ()
    copies: Sequence[str] = ()
    params_file: Path | None = None
    assignments: Sequence[str] = ()
    storage: Storage = "mcap"
    compress: bool = False
    overwrite: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        bag_s: Length of the recording, seconds.
        took_s: What answering it took, without loading the network.
        images: How many were answered.
        counts: Messages written, by topic.
        faults: What went wrong without ending it.
    """

    bag_s: float
    took_s: float
    images: int
    counts: dict[str, int]
    faults: tuple[str, ...]


def list_topics(recording: Path) -> list[str]:
    """Return a line for each topic of a bag.

    Raises:
        ValueError: If it is no bag.
    """
    with reading(recording) as reader:
        found = sorted(reader.connections, key=lambda connection: connection.topic)
        return [f"{one.msgcount:7d}  {one.topic}  {one.msgtype}" for one in found]


def load_segmenter(settings: NodeSettings) -> Segmenter:
    """Return the segmenter that the settings describe."""
    return Segmenter.load(config=settings.segmenter)


def run(job: Job, load: Callable[[NodeSettings], Segmenter] = load_segmenter) -> Outcome:
    """Answer a recording.

    Raises:
        ValueError: If the recording, an option or a setting is wrong.
        RuntimeError: If weights or runtime are missing, damaged or do not fit each other.
        OSError: If the bag of the answers cannot be written.
    """
    settings = read_settings(job.params_file, job.assignments, f"{job.namespace}/{NODE_NAME}")
    with reading(job.recording) as reader:
        connections = list(reader.connections)
        inputs = choose_inputs(
            {one.topic: one.msgtype for one in connections},
            namespace=job.namespace,
            camera=None if job.camera is None else resolve(job.camera, "/"),
            cameras=settings.cameras,
            remaps=job.remaps,
        )
        if not job.query and not {"query", "standing_query"} & set(inputs.keys.values()):
            raise ValueError(
                f"the bag has no queries on {inputs.names['query']}; give one with --query, or "
                "their topic with --query-topic"
            )
        chosen = outputs(inputs.names, job.outputs, depth=inputs.depth_cameras)
        copied = _copied(job.copies, connections, set(chosen.values()))
        check_target(job.out, overwrite=job.overwrite)
        distro = reader.ros_distro if reader.ros_distro in _DISTROS else "jazzy"
        types = TypeStore("humble" if distro == "humble" else "jazzy")
        writer = BagWriter(job.out, job.storage, compress=job.compress, types=types)
        with closing(writer):
            for key, name in chosen.items():
                writer.add(name, topic_of(key))
            for connection in copied:
                writer.add_copy(connection)
            copies = tuple(one.topic for one in copied)
            return _answer(job, reader, inputs, chosen, copies, writer, types, settings, load)


def _answer(
    job: Job,
    reader: Reader,
    inputs: Inputs,
    chosen: dict[str, str],
    copies: Sequence[str],
    writer: BagWriter,
    types: TypeStore,
    settings: NodeSettings,
    load: Callable[[NodeSettings], Segmenter],
) -> Outcome:
    bag_s = reader.duration / 1e9
    start_ns = reader.start_time
    faults: list[str] = []
    with tqdm(total=round(bag_s, 1), unit="s of bag", disable=None) as bar:

        def log(level: Level, text: str) -> None:
            if job.verbose or level != "info":
                bar.write(f"{level}: {text}", file=sys.stderr)

        def passed(time_ns: int) -> None:
            bar.update((time_ns - start_ns) / 1e9 - bar.n)

        for note in inputs.notes:
            bar.write(note, file=sys.stderr)
        player = Player(
            types, writer, inputs, chosen, load, settings,
            query=job.query, copies=copies, log=log,
        )  # fmt: skip
        with player:
            begun_s = time.perf_counter()
            player.play(_messages(reader, inputs, copies, faults), passed)
            took_s = time.perf_counter() - begun_s
            statistics = player.behaviour.statistics
    faults += [
        f"{statistics.total(what)} images were {what}; see the messages above"
        for what in ("refused", "failed")
        if statistics.total(what)
    ]
    if player.faults:
        faults.append(f"{player.faults} messages could not be read; see the messages above")
    return Outcome(bag_s, took_s, statistics.total("answered"), dict(writer.counts), tuple(faults))


def _copied(
    copies: Sequence[str], connections: Sequence[Connection], written: "set[str]"
) -> list[Connection]:
    """Return what is copied; refuse what is not there or would be mixed up with answers."""
    there = {one.topic: one for one in connections}
    missing = [name for name in copies if name != _ALL and name not in there]
    if missing:
        raise ValueError(
            f"--copy {missing[0]}: the bag has no such topic, only {', '.join(sorted(there))}"
        )
    both = sorted(written & set(there if _ALL in copies else copies))
    if both:
        raise ValueError(
            f"--copy {both[0]}: answers are written there; give --namespace another name, or do "
            "not copy it"
        )
    return (
        list(there.values()) if _ALL in copies else [there[name] for name in dict.fromkeys(copies)]
    )


def _messages(
    reader: Reader, inputs: Inputs, copies: Sequence[str], faults: list[str]
) -> Iterator[Message]:
    """Yield what is played or copied; what cannot be read ends it and is told of."""
    names = {*inputs.keys, *inputs.transforms, *copies}
    wanted = [one for one in reader.connections if one.topic in names]
    try:
        for connection, time_ns, data in reader.messages(wanted):
            yield Message(connection.topic, time_ns, data)
    except GeneratorExit:
        raise
    except Exception as error:  # rosbags raises its own kinds, and those of sqlite and zstd
        faults.append(f"the recording is damaged and was answered up to there: {error}")
