"""Prints the script that lets a shell complete `textseg`: `textseg completion`."""

import click
from click.shell_completion import get_completion_class

COMPLETE_VARIABLE = "_TEXTSEG_COMPLETE"


@click.command(short_help="print what makes the Tab key complete this command")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that lets SHELL complete commands, options and files.

    Bash must be 4.4 or newer. Open a new shell afterwards.
    """
    from textseg_core.command_line import textseg

    kind = get_completion_class(shell)
    if kind is None:  # all three are click's own
        raise click.ClickException(f"this version of click knows no completion for {shell}")
    click.echo(kind(textseg, {}, "textseg", COMPLETE_VARIABLE).source())
    return 0
