"""The command line: thin, one module a command; what they do is done elsewhere in the package."""

from __future__ import annotations

import click

from distributional_dopamine.commands.analysing import analyse
from distributional_dopamine.commands.checking import check
from distributional_dopamine.commands.simulating import simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Ask recordings of reward-responsive neurons what the book asks of forty dopamine neurons."""


main.add_command(analyse)
main.add_command(check)
main.add_command(simulate)

__all__ = ["main"]
