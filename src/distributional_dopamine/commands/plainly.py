"""What every command shares: plain messages for what goes wrong, and text that is safe to show."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from distributional_dopamine.recordings.model import RecordingsError

FAILED = 2
"""Exit status of whatever went wrong."""


def shown(text: str) -> str:
    r"""Give text that does nothing to a terminal, whatever a file calls its cells.

    Examples
    --------
    >>> shown("cell <b>'1'</b> \x1b[2J")
    "cell <b>'1'</b> \\x1b[2J"
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text
    )


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what goes wrong into one message and exit status 2; add ``--debug``, which shows the traceback."""

    @click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
    @wraps(command)
    def wrapped(*args: Any, debug: bool, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise  # click knows what to do with these
        except (RecordingsError, OSError, MemoryError) as error:
            if debug:
                raise
            _fail(str(error) or type(error).__name__)
        except Exception as error:
            if debug:
                raise
            _fail(
                f"a fault in this program, please report it ({type(error).__name__}: {error}). --debug shows "
                "where it is."
            )

    return wrapped


def _fail(message: str) -> None:
    click.echo(f"distributional-dopamine: {shown(message)}", err=True)
    sys.exit(FAILED)
