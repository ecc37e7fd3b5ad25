"""Checks a machine and says what to do: `textseg doctor`."""

import json
import os
from pathlib import Path

import click

from textseg_ros.doctor.examine import CHECKS, examine
from textseg_ros.doctor.finding import Surroundings

_COLOURS = {"ok": "green", "note": "yellow", "broken": "red"}


@click.command(short_help="check GPU, DDS, ROS, weights and more, and say what to do")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(CHECKS)),
    metavar="CHECK",
    help=f"Make this check alone; may be repeated. Checks: {', '.join(CHECKS)}.",
)
@click.option(
    "--params-file",
    type=click.Path(path_type=Path),
    help="ROS 2 parameter file that the node is to run with.",
)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="One parameter.")
@click.option(
    "--camera", metavar="TOPIC", help="Image topic; that nobody publishes it is a fault."
)
@click.option("--depth", metavar="TOPIC", help="Topic of depth images.")
@click.option(
    "--remap",
    "-r",
    "remaps",
    multiple=True,
    metavar="NAME:=TOPIC",
    help="Another name for a topic.",
)
@click.option("--namespace", default="/textseg", show_default=True, help="Of the node.")
@click.option("--domain", type=int, metavar="ID", help="In place of ROS_DOMAIN_ID.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0.0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to listen for publishers and images.",
)
@click.option(
    "--cache-gb",
    type=click.FloatRange(min=0.0),
    default=0.5,
    show_default=True,
    metavar="GB",
    help="Room that TensorRT's engines should have.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    only: tuple[str, ...],
    params_file: Path | None,
    assignments: tuple[str, ...],
    camera: str | None,
    depth: str | None,
    remaps: tuple[str, ...],
    namespace: str,
    domain: int | None,
    wait_s: float,
    cache_gb: float,
    as_json: bool,
) -> int:
    """Check this machine, and say what was found and what to do.

    Python and its packages, settings, weights, GPU, TensorRT and its engines, ROS, DDS and its
    network, the camera's QoS and stamps, the clock. What is a `note` may be as it should; the exit
    status is 1 if something is `broken`.
    """
    given = Surroundings(
        environment=dict(os.environ),
        params_file=params_file,
        assignments=assignments,
        camera=camera,
        depth=depth,
        remaps=remaps,
        namespace=namespace,
        domain=domain,
        wait_s=wait_s,
        cache_bytes=round(cache_gb * 1e9),
    )
    findings = []
    for check, finding in examine(given, only):
        findings.append((check, finding))
        if not as_json:
            verdict = click.style(f"{finding.verdict:<7}", fg=_COLOURS[finding.verdict])
            click.echo(f"{verdict} {check:<11} {finding.found}")
            if finding.do:
                click.echo(f"{'':20}-> {finding.do}")
    count = sum(finding.verdict == "broken" for _, finding in findings)
    if as_json:
        listed = [
            {"check": check, "verdict": one.verdict, "found": one.found, "do": one.do}
            for check, one in findings
        ]
        click.echo(json.dumps({"broken": count, "findings": listed}, indent=1))
    else:
        click.echo(f"{count} broken" if count else "nothing is broken")
    return 1 if count else 0
