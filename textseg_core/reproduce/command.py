"""The command `textseg reproduce`: what the papers published, and the same measured here."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from textseg_core.reproduce.published import published
from textseg_core.reproduce.render import papers_markdown
from textseg_core.reproduce.systems import SYSTEMS


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        if options.published:
            told = _published(options)
        elif options.compare:
            from textseg_core.reproduce.compare import compared

            told = compared(options)
        else:
            # Only here, as it needs what trains and evaluates, which the tables do not.
            from textseg_core.reproduce.measured import measured

            told = measured(options, given)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"textseg reproduce: {error}", file=sys.stderr)
        return 2
    print(told, end="")
    return 0


def _published(options: argparse.Namespace) -> str:
    papers = [paper for paper in published() if options.paper in (None, paper.key)]
    return papers_markdown(papers, options.data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="textseg reproduce", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--published",
        action="store_true",
        help="print the papers' tables of results, compared methods included, in Markdown",
    )
    what.add_argument(
        "--system",
        choices=list(SYSTEMS),
        help="train a system, evaluate it, and print its published table with ours in it",
    )
    what.add_argument(
        "--compare",
        action="store_true",
        help="train all systems for as long on the same scenes, ask each the same, print a table",
    )
    parser.add_argument("--data", help="data set: what is published on it, or what is asked")
    only = parser.add_argument_group("with --published")
    only.add_argument(
        "--paper", choices=[paper.key for paper in published()], help="only this one"
    )
    with_system = parser.add_argument_group("with --system")
    add = with_system.add_argument
    add("--small", action="store_true", help="pictures drawn here, a minute or two on a CPU")
    add("--weights", type=Path, help="do not train: a run's .safetensors, or a model directory")
    add("--variant", help="only this row; the one that a model directory is")
    add("--folder", type=Path, help="where the data set lies; docs/datasets.md")
    add("--split", help="of the data set; test, or else val, if not named")
    add("--partition", default="", help="of the data set")
    add("--images", type=Path, help="folder of its pictures, where it is not a usual place")
    add("--most", type=int, help="only so many pictures; then nothing stands side by side")
    add("--out", type=Path, help="folder for run and models; a temporary one, or runs/systems")
    add("--config", type=Path, help="training settings; the system's own of config/ otherwise")
    add("--pretrained", type=Path, help="folder with backbones/; from scratch without it")
    add("--minutes", type=float, help="length of the training")
    add("--steps", type=int, help="length of the training")
    add("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE")
    add = parser.add_argument_group(
        "with --compare, beside --pretrained, --minutes of each system, and --out"
    ).add_argument
    add("--scenes", type=Path, nargs="+", default=[], help="rendered scenes to learn from")
    add("--valid", type=Path, help="rendered scenes of split train to choose thresholds on")
    add("--test", type=Path, help="rendered scenes of split test")
    add("--questions", type=Path, help="what is asked, of evaluation.rendered; drawn otherwise")
    add("--input-px", type=int, default=256, help="side of all networks' input")
    add("--only", nargs="+", metavar="NAME", help="only these systems")
    add(
        "--gallery",
        type=Path,
        help="JPEG of one picture with all answers; wants --test or --pictures",
    )
    add("--pictures", type=Path, help="rendered scenes for it, in place of --test")
    add("--gallery-width", type=int, help="of the JPEG, pixels; it is shrunk to them")
    add("--render", action="store_true", help="only the table of what is finished")
    return parser
