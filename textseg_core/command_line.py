"""The command `textseg`: one name for all that is done from a shell; each part has its help."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext

import click

from textseg_core.commands.arguments import explained
from textseg_core.commands.completion import COMPLETE_VARIABLE
from textseg_core.commands.group import PartsGroup
from textseg_core.commands.table import COMMANDS

__all__ = ["COMMANDS", "main", "textseg"]

_STOPPED, _BROKEN_PIPE = 130, 141  # what a shell reports of SIGINT and SIGPIPE


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"textseg {version('textseg-ros')}")
        except PackageNotFoundError:
            click.echo("textseg, from a source folder")
        ctx.exit()


textseg = PartsGroup(
    COMMANDS,
    "textseg",
    name="textseg",
    help="Segment what words describe, in pictures, videos, bags and on a robot.",
    epilog="`textseg COMMAND --help` tells more of each.",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="Print the version and end.",
        )
    ],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the part that the arguments name; return the exit status.

    0 if all went well, 1 if something did not, 2 if the arguments are wrong.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    part = COMMANDS.get(given[0] if given else "")
    try:
        with explained(part) if part else nullcontext():
            status = textseg.main(
                args=given or ["--help"],
                prog_name="textseg",
                complete_var=COMPLETE_VARIABLE,
                standalone_mode=False,
            )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        print("stopped", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:
        # Whoever read has gone, as `head` does; Python must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return int(status or 0) if given else 2


if __name__ == "__main__":
    sys.exit(main())
