"""Arguments of every command that reads recordings: the paths, and which column is which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click

from distributional_dopamine.recordings.columns import Columns, TimeUnit, in_words, option

_HELP = {
    "reward_time": "Column of the trials: time of the reward, s.",
    "reward_size": "Column of the trials: size of the reward.",
    "cue": "Column of the trials: name of the cue.",
    "cue_time": "Column of the trials: onset of the cue, s.",
    "expected": "Column of the trials: whether a cue announced the reward.",
    "unit": "Column that names the units.",
    "spike_time": "Column of a table of spikes: time, s.",
    "response": "Column of a table of responses.",
    "session": "Column of tables that names the session.",
    "subject": "Column of tables that names the animal.",
    "spikes_in": "Unit of the times of spikes.",
    "trials_in": "Unit of the times of trials.",
    "size_unit": "Unit of the sizes of rewards, to be shown with them.",
}


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add PATH... and an option for each field of ``Columns``; pass ``paths`` and ``columns``."""
    names = [field.name for field in fields(Columns)]

    @wraps(command)
    def wrapped(*args: Any, paths: tuple[Path, ...], **kwargs: Any) -> None:
        told = {name: kwargs.pop(name) for name in names}
        command(*args, paths=list(paths), columns=Columns(**told), **kwargs)

    out = wrapped
    for name in reversed(names):
        choices = click.Choice(get_args(TimeUnit)) if name.endswith("_in") else None
        metavar = None if choices else "UNIT" if name == "size_unit" else "COLUMN"
        out = click.option(option(name), name, type=choices, metavar=metavar, help=_help(name))(out)
    return click.argument(
        "paths",
        metavar="PATH...",
        nargs=-1,
        required=True,
        type=click.Path(path_type=Path, readable=False),  # the readers say more of it than click would
    )(out)


def _help(name: str) -> str:
    return _HELP.get(name, in_words(name))
