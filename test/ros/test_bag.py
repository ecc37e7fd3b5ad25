"""`textseg bag`: a recording in, and the node's own answers out, in a bag."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import NOW_NS, RED_BLOCK, RednessBackend, make_segmenter

pytest.importorskip("rosbags", reason="needs rosbags: pip install 'textseg-ros[bag]'")

from recorded import CAMERA, FRAME, PERIOD_NS, Recording, read, stamps
from rosbags.rosbag2 import Reader, StoragePlugin

from textseg_core.command_line import main
from textseg_ros.bag.command import FURTHER, OUTPUTS
from textseg_ros.bag.run import Job, Outcome, run
from textseg_ros.messages import stamp_ns
from textseg_ros.settings import NodeSettings
from textseg_ros.typestore import TypeStore

FRAMES = 6
IN_SPACE = {
    *("objects_3d", "target_pose", "destination_pose"),
    *("detections_3d", "cloud", "markers"),
}


@pytest.fixture(scope="module")
def types() -> TypeStore:
    return TypeStore("jazzy")


@pytest.fixture(scope="module")
def asked(types: TypeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag in which the red block is asked for between images 1 and 2, and cleared after 3."""
    recording = Recording(types)
    recording.see(FRAMES)
    recording.ask("the red block", stamps(FRAMES)[2] - 1)
    recording.ask("", stamps(FRAMES)[3] + 1)
    return recording.write(tmp_path_factory.mktemp("bags") / "asked")


def answer(recording: Path, out: Path, backend: Any = None, **options: Any) -> Outcome:
    def load(_: NodeSettings) -> Any:
        return make_segmenter(backend or RednessBackend())

    return run(Job(recording=recording, out=out, **({"outputs": OUTPUTS} | options)), load)


def messages(out: Path, types: TypeStore, key: str) -> list[Any]:
    return [message for _, message in read(out, types)[f"/textseg/{key}"]]


def test_images_are_answered_while_a_query_stands_under_their_own_headers(
    asked: Path, tmp_path: Path, types: TypeStore
) -> None:
    outcome = answer(asked, tmp_path / "out")

    assert (outcome.images, outcome.faults) == (2, ())
    found = read(tmp_path / "out", types)
    for key in ("mask", "response", "centroid", "objects", "detections", "label_info", "latency"):
        assert [stamp_ns(m.header) for _, m in found[f"/textseg/{key}"]] == stamps(4)[2:], key
        assert {m.header.frame_id for _, m in found[f"/textseg/{key}"]} == {FRAME}, key
    assert [time_ns for time_ns, _ in found["/textseg/mask"]] == stamps(4)[2:]
    (_, mask), _ = found["/textseg/mask"]
    assert (mask.encoding, mask.height, mask.width) == ("mono8", 96, 192)
    assert (np.asarray(mask.data).reshape(96, 192)[RED_BLOCK] == 255).mean() > 0.9
    (_, point), _ = found["/textseg/centroid"]
    assert (point.point.x, point.point.y) == pytest.approx((95.5, 47.5), abs=0.5)
    (_, objects), _ = found["/textseg/objects"]
    assert (objects.query, objects.stale, objects.status) == ("the red block", False, 0)
    assert objects.latency.total > 0.0
    assert not {f"/textseg/{key}" for key in IN_SPACE} & set(found)


def test_a_query_of_ones_own_takes_the_place_of_those_in_the_bag(
    asked: Path, tmp_path: Path, types: TypeStore
) -> None:
    outcome = answer(asked, tmp_path / "out", query="a red block", outputs=("objects", "mask"))

    assert outcome.counts == {"/textseg/objects": FRAMES, "/textseg/mask": FRAMES}
    assert {m.query for m in messages(tmp_path / "out", types, "objects")} == {"a red block"}


@pytest.mark.parametrize("source", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("target", ["mcap", "sqlite3"])
def test_both_storages_are_read_and_written(
    types: TypeStore, tmp_path: Path, source: StoragePlugin, target: str
) -> None:
    recording = Recording(types)
    recording.see(2)
    recording.ask("the red block", NOW_NS)
    folder = recording.write(tmp_path / "in", source)
    (file,) = [path for path in folder.iterdir() if path.suffix in (".mcap", ".db3")]

    for given in (folder, file):
        out = tmp_path / f"out{given.suffix}"
        answer(given, out, storage=target)
        assert len(messages(out, types, "mask")) >= 1
        with Reader(out) as bag:
            (mask,) = [one for one in bag.connections if one.topic == "/textseg/mask"]
            (qos,) = mask.ext.offered_qos_profiles
            assert (qos.reliability.name, qos.durability.name) == ("RELIABLE", "VOLATILE")
            (info,) = [one for one in bag.connections if one.topic == "/textseg/label_info"]
            assert info.ext.offered_qos_profiles[0].durability.name == "TRANSIENT_LOCAL"


def test_the_mcap_file_opens_in_the_library_of_its_makers(
    asked: Path, tmp_path: Path, types: TypeStore
) -> None:
    reader = pytest.importorskip("mcap.reader", reason="needs mcap: pip install mcap")
    answer(asked, tmp_path / "out", compress=False)
    (file,) = (tmp_path / "out").glob("*.mcap")

    with file.open("rb") as stream:
        found = list(reader.make_reader(stream).iter_messages(topics=["/textseg/objects"]))

    schema, channel, message = found[0]
    assert (schema.name, schema.encoding) == ("textseg_ros/msg/Segmentation", "ros2msg")
    assert "SegmentedObject[] objects" in schema.data.decode()
    assert (channel.message_encoding, len(found)) == ("cdr", 2)
    assert types.deserialize(message.data, schema.name).query == "the red block"
    assert message.log_time == stamps(3)[2]


def rgbd(types: TypeStore, path: Path) -> Path:
    """Write a bag whose depth and transforms are recorded after the images of their time."""
    recording = Recording(types)
    recording.see(FRAMES)
    recording.see_depth(FRAMES, delay_ns=40_000_000)
    recording.move(FRAMES, delay_ns=80_000_000)
    recording.ask("put the red block on the red tray", NOW_NS)  # all that is red is both
    return recording.write(path)


def test_answers_are_placed_where_depth_and_transforms_come_late(
    types: TypeStore, tmp_path: Path
) -> None:
    """The block is half a metre before a camera that rises 0.1 m from image to image."""
    outcome = answer(
        rgbd(types, tmp_path / "in"),
        tmp_path / "out",
        assignments=["target_frame=map", "tracking=false"],
    )

    assert outcome.faults == ()
    poses = messages(tmp_path / "out", types, "target_pose")
    assert [stamp_ns(pose.header) for pose in poses] == stamps(FRAMES)[-len(poses) :]
    assert len(poses) >= FRAMES - 1  # the query is of the first image's time
    for pose in poses:
        number = (stamp_ns(pose.header) - NOW_NS) // PERIOD_NS
        assert pose.header.frame_id == "map"
        assert pose.pose.position.z == pytest.approx(1.5 + number / 10, abs=0.003)
    for key in IN_SPACE:
        assert len(messages(tmp_path / "out", types, key)) == len(poses), key
    assert messages(tmp_path / "out", types, "destination_pose") == poses


def test_answers_are_placed_again_after_a_time_without_a_query(
    types: TypeStore, tmp_path: Path
) -> None:
    """Where the camera stands is recorded once, at the beginning."""
    recording = Recording(types)
    recording.see(FRAMES)
    recording.see_depth(FRAMES)
    recording.stand()
    for number, text in ((0, "the red block"), (2, ""), (3, "the red block")):
        recording.ask(text, NOW_NS + number * PERIOD_NS - 1)

    answer(
        recording.write(tmp_path / "in"),
        tmp_path / "out",
        assignments=["target_frame=map", "tracking=false"],
    )

    poses = messages(tmp_path / "out", types, "target_pose")
    numbers = [(stamp_ns(pose.header) - NOW_NS) // PERIOD_NS for pose in poses]
    assert numbers == [number for number in range(FRAMES) if number != 2]
    assert {round(pose.pose.position.z, 2) for pose in poses} == {1.5}


def test_two_runs_write_the_same_answers(types: TypeStore, tmp_path: Path) -> None:
    source = rgbd(types, tmp_path / "in")
    for name in ("first", "second"):
        answer(source, tmp_path / name)

    for key in ("mask", "response", "centroid", "target_pose", "cloud"):
        first, second = (
            [
                types.serialize(m, type(m).__msgtype__)
                for m in messages(tmp_path / name, types, key)
            ]
            for name in ("first", "second")
        )
        assert first == second
        assert first


def test_topics_are_copied_byte_by_byte(types: TypeStore, tmp_path: Path) -> None:
    source = rgbd(types, tmp_path / "in")

    outcome = answer(source, tmp_path / "out", copies=["all"])

    assert outcome.counts["/tf"] == FRAMES
    with Reader(source) as before, Reader(tmp_path / "out") as after:
        there = {one.topic for one in before.connections}
        copied = [one for one in after.connections if one.topic in there]
        old, new = (
            [(connection.topic, at, bytes(data)) for connection, at, data in bag.messages(chosen)]
            for bag, chosen in ((before, before.connections), (after, copied))
        )
        hashes = [
            {one.topic: one.digest for one in found} for found in (before.connections, copied)
        ]
    assert sorted(old) == sorted(new)
    assert hashes[0] == hashes[1]


def test_an_image_or_a_query_that_is_damaged_costs_no_other_its_answer(
    types: TypeStore, tmp_path: Path
) -> None:
    recording = Recording(types)
    recording.see(4)
    recording.ask("the red block", NOW_NS - 2)
    recording.ask("the blue block", NOW_NS - 1)

    def damage(topic: str, time_ns: int, data: bytes) -> bytes:
        whole = time_ns not in (NOW_NS - 1, stamps(4)[1])
        return data if whole else data[:30] if topic == CAMERA else data[:6]

    outcome = answer(recording.write(tmp_path / "in", edit=damage), tmp_path / "out")

    assert outcome.faults == ("2 messages could not be read; see the messages above",)
    answered = messages(tmp_path / "out", types, "objects")
    assert [stamp_ns(message.header) for message in answered] == [
        NOW_NS + number * PERIOD_NS for number in (0, 2, 3)
    ]
    assert {message.query for message in answered} == {"the red block"}


def test_a_recording_that_was_cut_off_is_answered_as_far_as_it_goes(
    types: TypeStore, tmp_path: Path
) -> None:
    recording = Recording(types)
    recording.see(60)
    (file,) = recording.write(tmp_path / "in").glob("*.mcap")
    content = file.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(content[: len(content) * 2 // 3])

    try:
        outcome = answer(tmp_path / "cut.mcap", tmp_path / "out", query="the red block")
    except ValueError as error:
        assert "mcap recover" in str(error)  # noqa: PT017 - either is an answer
    else:
        assert 0 < outcome.images < 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "does not exist"),
        (["."], "holds no metadata.yaml"),
        (["broken.mcap"], "cannot be read as a bag"),
        (["asked", "--camera", "/other"], "has neither /other nor /other/compressed"),
        (["asked", "--query-topic", "/words"], "no queries on /words"),
        (["asked", "--depth", CAMERA.replace("color", "word")], ""),
        (["asked", "--copy", "/nothing"], "no such topic"),
        (["asked", "--camera", "/textseg/query"], "is of type std_msgs/msg/String"),
        (["asked", "--storage", "sqlite3", "--compress"], "only mcap is compressed"),
        (["asked", "--set", "speed=3"], "unknown parameter 'speed'"),
    ],
)
def test_what_cannot_be_done_is_explained(
    arguments: list[str],
    said: str,
    asked: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.mcap").write_bytes(b"no bag")
    (tmp_path / "asked").symlink_to(asked)
    monkeypatch.chdir(tmp_path)

    status = main(["bag", *arguments, "--out", "out"])

    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert status == (1 if said else 0)
    if said:
        assert not (tmp_path / "out" / "metadata.yaml").exists() or "compress" in said


def test_an_answer_is_not_written_over_what_is_there(
    asked: Path, tmp_path: Path, types: TypeStore
) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(ValueError, match="is no bag"):
        answer(asked, tmp_path / "notes", overwrite=True)
    answer(asked, tmp_path / "out", copies=["all"])
    with pytest.raises(ValueError, match="add --overwrite"):
        answer(asked, tmp_path / "out")
    with pytest.raises(ValueError, match="answers are written there"):
        answer(tmp_path / "out", tmp_path / "new", query="x", copies=["all"])
    answer(asked, tmp_path / "out", overwrite=True, outputs=("objects",))

    assert set(read(tmp_path / "out", types)) == {"/textseg/objects"}


def test_every_topic_of_the_node_can_be_written() -> None:
    from textseg_ros.topics import TOPICS

    assert sorted((*OUTPUTS, *FURTHER)) == sorted(
        topic.key for topic in TOPICS if topic.direction == "out"
    )


def test_list_shows_what_is_in_a_bag(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bag", str(asked), "--list"]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [str(FRAMES), CAMERA, "sensor_msgs/msg/Image"] in lines
    assert ["2", "/textseg/query", "std_msgs/msg/String"] in lines
