"""The command `textseg reproduce`: what the papers published."""

import argparse
import sys
from collections.abc import Sequence

from textseg_core.reproduce.published import published
from textseg_core.reproduce.render import papers_markdown


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        print(_published(options), end="")
    except ValueError as error:
        print(f"textseg reproduce: {error}", file=sys.stderr)
        return 2
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
    only = parser.add_argument_group("with --published")
    only.add_argument(
        "--paper", choices=[paper.key for paper in published()], help="only this one"
    )
    measured = {
        figure.condition.data
        for paper in published()
        for table in paper.tables
        for figure in table.figures
    }
    only.add_argument("--data", choices=sorted(measured), help="only what was measured on it")
    return parser
