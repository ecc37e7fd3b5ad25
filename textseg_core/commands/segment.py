"""Segments pictures, folders and videos: `textseg segment`."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from textseg_core.commands.findings import Findings
    from textseg_core.commands.sources import Picture, Source
    from textseg_core.segmenter import Segmenter

_FEW = 12
"""Up to this many answers are told one by one."""


@click.command(short_help="find in pictures and videos what words describe")
@click.argument(
    "inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT..."
)
@click.option(
    "--query",
    "-q",
    "queries",
    multiple=True,
    required=True,
    metavar="TEXT",
    help="What to find: 'the red mug', or a command; may be repeated.",
)
@click.option(
    "--out",
    "-o",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for masks/, overlays/ and results.json.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there; else it is kept.")
@click.option("--overlays/--no-overlays", default=True, help="Draw answers over the pictures.")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Of a video, look at every N-th frame.",
)
@click.option(
    "--weights",
    metavar="DIRECTORY|hub:NAME",
    help="Model directory, or a model of `textseg models`; the shipped one if left out.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="YAML file of segmenter settings (threshold, backend, device, reasoner, ...).",
)
def segment(
    inputs: tuple[Path, ...],
    queries: tuple[str, ...],
    out: Path,
    overwrite: bool,
    overlays: bool,
    every: int,
    weights: str | None,
    config: Path | None,
) -> int:
    """Find in pictures and videos what words describe.

    INPUT is a picture, a video or a folder of them. For each query and picture, a mask (PNG) and
    an overlay (JPEG) are written, and results.json holds status, score, centroid, box, area,
    latency and masks as COCO run lengths. A file that cannot be read is told of and the others
    are answered; the exit status is 1 then.
    """
    from tqdm import tqdm

    from textseg_core.commands.findings import RESULTS_FILE, Findings
    from textseg_core.commands.sources import count_pictures, find_sources
    from textseg_core.config import load_config
    from textseg_core.segmenter import Segmenter

    if (out / RESULTS_FILE).exists() and not overwrite:
        raise click.UsageError(
            f"{out / RESULTS_FILE} exists; add --overwrite, or choose another --out"
        )
    try:
        sources = find_sources(inputs, without=out)
        settings = None if config is None else load_config(config)
        segmenter = Segmenter.load(weights, settings)
        _check(queries)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except RuntimeError as error:
        named = weights or (settings.weights if settings is not None else "")
        kind = click.UsageError if _is_missing(named) else click.ClickException
        raise kind(str(error)) from error
    _make_folder(out)
    findings = Findings(out, queries, overwrite=overwrite, overlays=overlays)
    total = sum(count_pictures(source, every) for source in sources)
    complete = False
    try:
        with tqdm(total=total, unit="picture", disable=None) as bar:
            for source in sources:
                _look_at(source, segmenter, list(queries), every, findings, bar)
        complete = True
    except RuntimeError as error:  # the network's runtime, whatever the picture
        raise click.ClickException(str(error)) from error
    finally:
        segmenter.close()
        results = _written(findings, complete=complete)
    _tell(findings, results)
    return 1 if findings.faults else 0


def _is_missing(weights: str) -> bool:
    """Tell whether weights were named that are no model directory."""
    from textseg_core.adapters.cards import is_hub
    from textseg_core.model_info import DESCRIPTION_FILE

    directory = Path(weights).expanduser()
    return bool(weights) and not is_hub(weights) and not (directory / DESCRIPTION_FILE).is_file()


def _make_folder(out: Path) -> None:
    from tempfile import TemporaryFile

    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise click.UsageError(
            f"--out must be a folder that can be made and written into, got {out} "
            f"({error.strerror}); choose another"
        ) from error


def _check(queries: tuple[str, ...]) -> None:
    from textseg_core.command import parse_command

    for query in queries:
        if not parse_command(query).expression:
            raise ValueError(
                f"--query must name what to find, such as 'the red mug', got {query!r}"
            )


def _written(findings: "Findings", *, complete: bool) -> Path:
    try:
        return findings.write(complete=complete)
    except OSError as error:
        raise click.ClickException(f"the results cannot be written: {error}") from error


def _look_at(
    source: "Source",
    segmenter: "Segmenter",
    queries: list[str],
    every: int,
    findings: "Findings",
    bar: Any,
) -> None:
    """Answer every picture of a source; keep what goes wrong with it."""
    from time import perf_counter

    try:
        for picture in _pictures(source, every):
            begun = perf_counter()
            answers = segmenter.segment_many(picture.pixels, queries)
            findings.add(source, picture, answers, (perf_counter() - begun) * 1e3)
            bar.update()
    except (ValueError, OSError) as error:
        findings.refuse(source, error)
        bar.write(f"textseg segment: {error}", file=sys.stderr)


def _pictures(source: "Source", every: int) -> Iterator["Picture"]:
    from textseg_core.commands.sources import read_picture, read_video

    if source.is_video:
        yield from read_video(source.path, every)
    else:
        yield read_picture(source.path)


def _tell(findings: "Findings", results: Path) -> None:
    """Say what was found: each answer if they are few, and how many of each kind."""
    answers = [(record, answer) for record in findings.pictures for answer in record["answers"]]
    for record, answer in answers if len(answers) <= _FEW else ():
        frame = "" if record["frame"] is None else f" frame {record['frame']}"
        at = (
            ""
            if answer["centroid"] is None
            else " at ({:.0f}, {:.0f})".format(*answer["centroid"])
        )
        status = answer["status"].replace("_", " ")
        click.echo(
            f"{record['file']}{frame}: {answer['query']}: {status} {answer['score']:.2f}{at}"
        )
    unknown = sorted({word for _, answer in answers for word in answer["unknown_words"]})
    if unknown:
        click.echo(f"words that the network does not know: {', '.join(unknown)}", err=True)
    counts = Counter(answer["status"].replace("_", " ") for _, answer in answers)
    kinds = ", ".join(f"{count} {status}" for status, count in counts.most_common()) or "no answer"
    click.echo(f"{_counted(len(findings.pictures), 'picture')}: {kinds}; see {results}")
    if findings.faults:
        files = _counted(len(findings.faults), "file")
        click.echo(f"{files} could not be done, named above", err=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
