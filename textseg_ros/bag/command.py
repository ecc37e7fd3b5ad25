"""Answers a recorded bag and writes a bag of the answers: `textseg bag`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from textseg_ros.bag.run import Outcome

OUTPUTS = (
    *("mask", "response", "centroid", "objects", "detections", "label_info", "latency"),
    *("objects_3d", "target_pose", "destination_pose", "detections_3d", "cloud", "markers"),
)
FURTHER = ("mask_compressed", "labels", "overlay", "overlay_compressed", "diagnostics")
ALL = "all"


@click.command(short_help="answer a recorded rosbag2, and write a bag of the answers")
@click.argument("recording", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="Folder that becomes the bag of the answers; needed unless --list is given.",
)
@click.option("--list", "show", is_flag=True, help="Show the topics of the bag and end.")
@click.option(
    "--query", default="", metavar="TEXT", help="Asked throughout, in place of the bag's."
)
@click.option("--camera", metavar="TOPIC", help="Images; TOPIC/compressed belongs to it.")
@click.option("--camera-info", metavar="TOPIC", help="CameraInfo of the camera.")
@click.option("--depth", metavar="TOPIC", help="Depth images.")
@click.option("--depth-info", metavar="TOPIC", help="CameraInfo of the depth camera.")
@click.option("--query-topic", metavar="TOPIC", help="Queries, std_msgs/String.")
@click.option(
    "--remap", "-r", multiple=True, metavar="NAME:=TOPIC", help="Another name for any topic."
)
@click.option("--namespace", default="/textseg", show_default=True, help="Of the topics written.")
@click.option(
    "--topic",
    "-t",
    "topics",
    multiple=True,
    type=click.Choice([*OUTPUTS, *FURTHER, ALL]),
    metavar="KEY",
    help=f"Write this, may be repeated; default: {', '.join(OUTPUTS)}; also {', '.join(FURTHER)}, "
    f"{ALL}.",
)
@click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="TOPIC",
    help=f"Copy a topic of the bag as it is; '{ALL}' for every one.",
)
@click.option(
    "--params-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="ROS 2 parameter file of the node.",
)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="One parameter.")
@click.option(
    "--storage", type=click.Choice(["mcap", "sqlite3"]), default="mcap", show_default=True
)
@click.option("--compress", is_flag=True, help="Compress an mcap file, with zstd.")
@click.option("--overwrite", is_flag=True, help="Replace a bag that is there.")
@click.option("--verbose", "-v", is_flag=True, help="Say all that the node would log.")
def bag(
    recording: Path,
    out: Path | None,
    show: bool,
    query: str,
    camera: str | None,
    camera_info: str | None,
    depth: str | None,
    depth_info: str | None,
    query_topic: str | None,
    remap: tuple[str, ...],
    namespace: str,
    topics: tuple[str, ...],
    copies: tuple[str, ...],
    params_file: Path | None,
    assignments: tuple[str, ...],
    storage: Literal["mcap", "sqlite3"],
    compress: bool,
    overwrite: bool,
    verbose: bool,
) -> int:
    """Answer a recorded bag and write a bag of the answers.

    IN is a bag of rosbag2 (sqlite3 or mcap), or its .mcap or .db3 file. No ROS is needed. Every
    image is answered by the node's own code, for the queries that the bag holds on
    /textseg/query, at their times, or for --query. Where the bag has depth images, CameraInfo and
    transforms, the answers are also placed in space. Headers are those of the images.

    The exit status is 1 if an image or message could not be read.
    """
    from textseg_ros.bag.run import Job, list_topics, run

    if show:
        for line in list_topics(recording):
            click.echo(line)
        return 0
    if out is None:
        raise click.UsageError("Missing option '--out' / '-o'.")
    named = {
        "camera_info": camera_info,
        "depth": depth,
        "depth/camera_info": depth_info,
        "query": query_topic,
    }
    job = Job(
        recording=recording,
        out=out,
        query=query,
        camera=camera,
        remaps=(*(f"{name}:={topic}" for name, topic in named.items() if topic), *remap),
        namespace=namespace,
        outputs=(*OUTPUTS, *FURTHER) if ALL in topics else topics or OUTPUTS,
        copies=copies,
        params_file=params_file,
        assignments=assignments,
        storage=storage,
        compress=compress,
        overwrite=overwrite,
        verbose=verbose,
    )
    try:
        outcome = run(job)
    except (ValueError, RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    _tell(outcome)
    return 1 if outcome.faults else 0


def _tell(outcome: "Outcome") -> None:
    for name, count in outcome.counts.items():
        click.echo(f"{count:7d}  {name}")
    ratio = outcome.bag_s / outcome.took_s
    click.echo(
        f"{outcome.images} images of {outcome.bag_s:.1f} s answered in {outcome.took_s:.1f} s: "
        f"{ratio:.1f} times as fast as they came"
    )
    for fault in outcome.faults:
        click.echo(f"textseg bag: {fault}", err=True)
