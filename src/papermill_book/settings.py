"""What the book asks for: settings from ``_config.yml``, a profile, and the command line, in that order.

A parameter's value is the first of: the command line, the profile (for this chapter, then book-wide),
``_config.yml`` (for this chapter, then book-wide), the default in the chapter itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from papermill_book.chapters import Chapter
from papermill_book.errors import BookError, known

PROFILE_VARIABLE = "PAPERMILL_BOOK_PROFILE"
PARAMETERS_VARIABLE = "PAPERMILL_BOOK_PARAMETERS"

_KEYS = {
    "profile",
    "profiles",
    "parameters",
    "chapters",
    "code",
    "environment",
    "preload",
    "prepare",
    "timeout",
    "workers",
    "first",
    "claims",
    "reference",
    "allowed_numbers",
    "glossary",
    "everyday_terms",
    "not_drawing",
    "stand_in_notice",
    "citation",
    "text_license",
    "site_url",
    "repository",
    "branch",
    "notebooks_branch",
    "not_in_pdf",
    "data_register",
    "reference_figures",
    "tolerances",
}
#: Where the sources may lie: Colab opens notebooks from GitHub only.
_REPOSITORY = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
_SITE = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w.~/-]*)?")
_BRANCH = re.compile(r"[\w./-]+")


@dataclass(frozen=True)
class Overrides:
    """Parameter values for the whole book and for single chapters."""

    book: Mapping[str, Any] = field(default_factory=dict)
    """Applied to each chapter that has a parameter of that name."""
    chapters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Chapter name to parameter values; stronger than `book`."""


@dataclass(frozen=True)
class Settings:
    """The settings of one build."""

    root: Path
    """Folder of ``_config.yml``; every other path is relative to it."""
    profile: str = "full"
    """The profile in force."""
    profiles: Mapping[str, Overrides] = field(default_factory=dict)
    """Every profile there is."""
    config: Overrides = field(default_factory=Overrides)
    """What ``_config.yml`` sets outside profiles."""
    command_line: Mapping[str, Any] = field(default_factory=dict)
    """What the command line, or the environment variable that stands for it, sets."""
    code: tuple[str, ...] = ("src",)
    """Folders put first on the kernels' path, and hashed into each record."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Extra environment variables for the kernels."""
    preload: tuple[str, ...] = ()
    """Modules imported once for the kernels of all chapters. They must not start a thread."""
    prepare: str = ""
    """A module that a build runs first, as ``python -m`` would, to fetch data, say; empty for none."""
    timeout: float = 1200.0
    """Seconds one cell may take."""
    workers: int = 0
    """Chapters run at once; 0 for as many as there are cores."""
    first: tuple[str, ...] = ()
    """Chapters that take long and are started before the others, so that none is left over at the end."""
    claims: str = "book/published.yml"
    """The claims under test."""
    reference: str = "reference/results.json"
    """Results of the last full build on recorded data."""
    allowed_numbers: str = "book/allowed-numbers.yml"
    """Plain numbers that may stand in the prose."""
    glossary: str = ""
    """The page of the glossary, if terms are to be linked to it; empty for none."""
    everyday_terms: tuple[str, ...] = ()
    """Terms of the glossary that are plain words as well, so that they are linked by hand."""
    not_drawing: tuple[str, ...] = ()
    """Functions of plotting modules that draw nothing, for the check on alt text."""
    stand_in_notice: str = "This page was built on simulated data, not on recordings."
    """What the banner says when a build used simulated data."""
    citation: str = "CITATION.cff"
    """The file that says how to cite the book; a book without one has no metadata for citing."""
    text_license: str = ""
    """SPDX identifier of the licence of pages and figures; empty for the first in the citation file."""
    site_url: str = ""
    """Public address of the site, without a slash at its end; empty while there is none."""
    repository: str = ""
    """Public address of the sources, such as ``https://github.com/OWNER/REPOSITORY``; empty for none."""
    branch: str = "main"
    """The branch that holds the sources."""
    notebooks_branch: str = "notebooks"
    """The branch that holds, beside the sources, what ``export-notebooks`` writes."""
    not_in_pdf: tuple[str, ...] = ()
    """Pages that the PDF leaves out, such as a reference of functions."""
    data_register: str = ""
    """JSON with the address and SHA-256 of each file of the data, for the crate; empty for none."""
    reference_figures: tuple[str, ...] = ()
    """Names of figures whose picture in the last full build on recorded data is kept beside its results."""
    tolerances: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Pattern of result ids to how far they may lie from the reference; see `papermill_book.comparison`."""

    def n_workers(self) -> int:
        """Chapters to run at once: as many as asked for, else one a core this process may use."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def untouched(self) -> bool:
        """Whether this is the full profile with nothing overridden, so that claims are judged."""
        profile = self.profiles.get(self.profile, Overrides())
        plain_profile = not profile.book and not any(profile.chapters.values())
        plain_config = not self.config.book and not any(self.config.chapters.values())
        return plain_profile and plain_config and not self.command_line


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise BookError(f"{where} is {value!r}; expected a mapping of names")
    return dict(value)


def _overrides(value: Any, where: str) -> Overrides:
    book = _mapping(value, where)
    chapters = _mapping(book.pop("chapters", None), f"{where}.chapters")
    return Overrides(
        book=book,
        chapters={name: _mapping(part, f"{where}.chapters.{name}") for name, part in chapters.items()},
    )


def parse_parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Read ``name=value`` words; a value is a YAML scalar or list, read safely.

    Parameters
    ----------
    texts : iterable of str
        Such as ``["seed=3", "windows=[200, 600]"]``.

    Returns
    -------
    dict of str to object

    Raises
    ------
    BookError
        If a word has no ``=``, its name is not an identifier, or its value is not YAML.

    Examples
    --------
    >>> parse_parameters(["seed=3", "kind=expected"])
    {'seed': 3, 'kind': 'expected'}
    """
    parameters: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise BookError(f"parameter {text!r}: expected name=value, such as seed=3")
        try:
            parameters[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise BookError(f"parameter {text!r}: the value is not valid YAML: {error}") from error
    return parameters


def make_settings(
    root: Path,
    config: Mapping[str, Any],
    *,
    profile: str | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Settings:
    """Put the settings of a build together from the book's configuration and the command line.

    Parameters
    ----------
    root : Path
        Folder of ``_config.yml``.
    config : mapping
        The value of ``papermill_book`` in the Sphinx configuration.
    profile : str, optional
        Profile asked for; default: ``PAPERMILL_BOOK_PROFILE``, else what `config` says, else ``full``.
    command_line : mapping, optional
        Parameters asked for; default: the words of ``PAPERMILL_BOOK_PARAMETERS``.

    Returns
    -------
    Settings

    Raises
    ------
    BookError
        If a setting or a profile is not known, or has the wrong shape; if the locale cannot write `root`.
    """
    try:
        str(root).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BookError(
            f"the path of the book, {str(root)!a}, has letters that the locale does not know; "
            "set LC_ALL=C.UTF-8 or PYTHONUTF8=1"
        ) from error
    config = _mapping(config, "papermill_book")
    for key in config:
        if key not in _KEYS:
            raise BookError(f"_config.yml: papermill_book.{key} is not a setting. {known(key, _KEYS)}")
    profiles = {
        name: _overrides(value, f"papermill_book.profiles.{name}")
        for name, value in _mapping(config.pop("profiles", None), "papermill_book.profiles").items()
    }
    profiles.setdefault("full", Overrides())
    default_profile = config.pop("profile", "full")
    profile = profile or os.environ.get(PROFILE_VARIABLE) or default_profile
    if profile not in profiles:
        raise BookError(f"no profile called {profile!r}. {known(profile, profiles)}")
    if command_line is None:
        command_line = parse_parameters(os.environ.get(PARAMETERS_VARIABLE, "").split())
    own = Overrides(
        book=_mapping(config.pop("parameters", None), "papermill_book.parameters"),
        chapters={
            name: _mapping(part, f"papermill_book.chapters.{name}")
            for name, part in _mapping(config.pop("chapters", None), "papermill_book.chapters").items()
        },
    )
    for key in (
        "code",
        "everyday_terms",
        "first",
        "not_drawing",
        "not_in_pdf",
        "preload",
        "reference_figures",
    ):
        if key in config:
            config[key] = tuple(config[key])
    if "environment" in config:
        config["environment"] = {
            name: str(value) for name, value in _mapping(config["environment"], "environment").items()
        }
    for key, pattern, wanted in (
        ("site_url", _SITE, "a web address such as https://example.org/book"),
        ("repository", _REPOSITORY, "https://github.com/OWNER/REPOSITORY"),
        ("branch", _BRANCH, "the name of a branch"),
        ("notebooks_branch", _BRANCH, "the name of a branch"),
    ):
        if config.get(key):
            config[key] = str(config[key]).rstrip("/")
            if not pattern.fullmatch(config[key]):
                raise BookError(f"_config.yml: papermill_book.{key} is {config[key]!r}; expected {wanted}")
        else:
            config.pop(key, None)
    return Settings(
        root=root, profile=profile, profiles=profiles, config=own, command_line=command_line, **config
    )


def read_settings(
    root: Path, *, profile: str | None = None, command_line: Mapping[str, Any] | None = None
) -> Settings:
    """Read the settings out of ``_config.yml`` without Sphinx.

    Parameters
    ----------
    root : Path
        Folder of ``_config.yml``.
    profile, command_line
        As in `make_settings`.

    Returns
    -------
    Settings

    Raises
    ------
    BookError
        If there is no ``_config.yml``, it is not YAML, or a setting is wrong.
    """
    path = root / "_config.yml"
    if not path.is_file():
        raise BookError(f"{path} not found; run this in the book's own folder, or name it with --book")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise BookError(f"{path} is not valid YAML: {error}") from error
    sphinx_config = (config.get("sphinx") or {}).get("config") or {}
    return make_settings(
        root, sphinx_config.get("papermill_book") or {}, profile=profile, command_line=command_line
    )


def resolve_parameters(settings: Settings, chapters: Mapping[str, Chapter]) -> dict[str, dict[str, Any]]:
    """Work out which values each chapter runs with, beyond its own defaults.

    Parameters
    ----------
    settings : Settings
    chapters : mapping of str to Chapter
        Every chapter of the book, by name, so that a name no chapter knows can be told from one that
        merely this chapter lacks.

    Returns
    -------
    dict of str to dict
        Chapter name to the parameters to inject; only those that some setting changes.

    Raises
    ------
    BookError
        If a chapter or a parameter is not known, or a value has another type than the default.
    """
    profile = settings.profiles[settings.profile]
    layers = [
        ("_config.yml", settings.config),
        (f"profile {settings.profile!r}", profile),
        ("the command line", Overrides(book=settings.command_line)),
    ]
    all_names = {name for chapter in chapters.values() for name in chapter.parameters}
    resolved: dict[str, dict[str, Any]] = {name: {} for name in chapters}
    for origin, layer in layers:
        for name in layer.book:
            if name not in all_names:
                raise BookError(f"{origin}: no chapter has a parameter {name!r}. {known(name, all_names)}")
        for chapter_name, values in layer.chapters.items():
            if chapter_name not in chapters:
                raise BookError(
                    f"{origin}: no chapter called {chapter_name!r}. {known(chapter_name, chapters)}"
                )
            chapter = chapters[chapter_name]
            for name in values:
                if name not in chapter.parameters:
                    raise BookError(
                        f"{origin}: chapter {chapter_name!r} has no parameter {name!r}. "
                        f"{known(name, chapter.parameters)}"
                    )
        for chapter in chapters.values():
            wanted = {name: value for name, value in layer.book.items() if name in chapter.parameters}
            wanted.update(layer.chapters.get(chapter.name, {}))
            for name, value in wanted.items():
                _check_type(origin, chapter, name, value)
            resolved[chapter.name].update(wanted)
    return resolved


def _check_type(origin: str, chapter: Chapter, name: str, value: Any) -> None:
    default = chapter.parameters[name]
    if default is None or value is None:
        return
    number = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
    if type(value) is not type(default) and not number:
        raise BookError(
            f"{origin}: parameter {name!r} of {chapter.name!r} is {value!r} ({type(value).__name__}); "
            f"expected {type(default).__name__}, such as the default {default!r}"
        )
