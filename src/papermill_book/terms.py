"""Every term of the glossary is linked where a page first uses it: who looks up a word finds it in one step.

A term counts as used where its words stand in running text, in the singular or the plural; headings, titles,
captions, code, formulas and the words of other links do not count. Where two terms overlap, the longer one is
meant. Terms that are plain words as well ("return", "state") are linked by hand where the term is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from papermill_book.errors import BookError, known
from papermill_book.prose import DIRECTIVE, Line, parse, prose_lines, without_options
from papermill_book.settings import Settings

_TARGET = re.compile(r"<([^<>]+)>\s*$")
#: What may not be touched inside a line of Markdown: code and roles, formulas, links and their addresses.
_PROTECTED = re.compile(r"`+[^`]*`+|\$[^$]*\$|!?\[[^\]]*\](?:\([^)]*\))?|<[^>]*>")


@dataclass(frozen=True)
class Use:
    """A term that a page uses before, or without, linking it."""

    line: int
    """From 1."""
    words: str
    """As they stand in the text."""
    term: str
    """As it stands in the glossary."""

    @property
    def link(self) -> str:
        """What to write instead of the words."""
        plain = self.words.lower() == self.term.lower()
        return f"{{term}}`{self.words}`" if plain else f"{{term}}`{self.words} <{self.term}>`"


@dataclass(frozen=True)
class Glossary:
    """The terms of a book."""

    terms: Mapping[str, int]
    """Each term to the number of its entry: terms that share a definition share an entry."""
    everyday: frozenset[str] = frozenset()
    """Terms that are plain words as well, so that not every use of them means the term."""

    def __post_init__(self) -> None:
        for word in self.everyday:
            if word not in self.terms:
                raise BookError(f"everyday_terms: {word!r} is not in the glossary. {known(word, self.terms)}")

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds terms in text, the longest first."""
        forms = "|".join(_forms(term) for term in sorted(self.terms, key=lambda term: (-len(term), term)))
        return re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])")

    def meant_by(self, words: str) -> str:
        """The term that `words`, found by `pattern`, stand for."""
        return next(
            term
            for term in sorted(self.terms, key=lambda term: (-len(term), term))
            if re.fullmatch(_forms(term), words)
        )


def _forms(term: str) -> str:
    """A pattern for a term, in singular and plural; small letters also match a capital at the beginning."""
    words = re.escape(term).replace(r"\ ", r"[ \u00a0]")
    if term[0].islower():
        words = f"[{term[0]}{term[0].upper()}]{words[1:]}"
    if term.endswith("y"):
        return f"{words[:-1]}(?:y|ies)"
    return f"{words}(?:s|es)?"


def read_glossary(path: Path, everyday: Sequence[str] = ()) -> Glossary:
    """Read the terms out of a page with a ``{glossary}`` directive.

    Parameters
    ----------
    path : Path
    everyday : sequence of str
        Terms that are plain words as well.

    Returns
    -------
    Glossary

    Raises
    ------
    BookError
        If there is no such page, no term on it, a term is there twice, or an everyday term is none.
    """
    if not path.is_file():
        raise BookError(f"{path} not found; 'glossary' in _config.yml names the page of the glossary")
    terms: dict[str, int] = {}
    entry, in_terms = -1, False
    for token in parse(path.read_text(encoding="utf-8")):
        found = DIRECTIVE.match(token.info.strip()) if token.type in ("fence", "colon_fence") else None
        if not found or found.group(1) != "glossary":
            continue
        for line in without_options(token.content)[0].split("\n"):
            is_term = bool(line) and not line[0].isspace() and not line.startswith("..")
            if is_term:
                term = line.split(" : ")[0].strip()
                if term in terms:
                    raise BookError(f"{path}: the term {term!r} stands there twice")
                entry += not in_terms
                terms[term] = entry
            in_terms = is_term
    if not terms:
        raise BookError(f"{path}: no {{glossary}} directive with terms in it")
    return Glossary(terms, frozenset(everyday))


def unlinked_terms(lines: Sequence[Line], glossary: Glossary) -> Iterator[Use]:
    """Find the terms that are not linked where they first occur.

    Parameters
    ----------
    lines : sequence of Line
        The prose of one page.
    glossary : Glossary

    Yields
    ------
    Use
        At most one for each entry of the glossary.
    """
    pattern = glossary.pattern
    by_lower = {term.lower(): term for term in glossary.terms}
    done: set[int] = set()
    for line in lines:
        for piece in line.pieces:
            if piece.kind == "term":
                target = _TARGET.search(piece.content)
                word = (target.group(1) if target else piece.content).strip().lower()
                if word in by_lower:
                    done.add(glossary.terms[by_lower[word]])
            elif piece.kind == "text" and not line.aside:
                for found in pattern.finditer(piece.content):
                    term = glossary.meant_by(found.group())
                    if term not in glossary.everyday and glossary.terms[term] not in done:
                        done.add(glossary.terms[term])
                        yield Use(line.number, found.group(), term)


def pages_with_terms(settings: Settings, pattern: str = "book/**/*.md") -> Iterator[Path]:
    """The pages on which terms are to be linked: all but the glossary itself."""
    glossary = settings.root / settings.glossary
    return (path for path in sorted(settings.root.glob(pattern)) if path != glossary)


def find_unlinked(path: Path, glossary: Glossary) -> list[Use]:
    """Find the terms that a page does not link where they first occur.

    Parameters
    ----------
    path : Path
    glossary : Glossary

    Returns
    -------
    list of Use
    """
    return list(unlinked_terms(list(prose_lines(parse(path.read_text(encoding="utf-8")))), glossary))


def link_terms(text: str, uses: Sequence[Use], glossary: Glossary) -> tuple[str, list[Use]]:
    """Write the links into the source of a page.

    Parameters
    ----------
    text : str
        The source.
    uses : sequence of Use
        As `find_unlinked` gives them.
    glossary : Glossary

    Returns
    -------
    text : str
    left : list of Use
        Those whose words do not stand plainly on their line, for a person to link.
    """
    lines = text.split("\n")
    left = []
    for use in uses:
        source = lines[use.line - 1]
        masked = _PROTECTED.sub(lambda found: "\0" * len(found.group()), source)
        places = [found for found in glossary.pattern.finditer(masked) if found.group() == use.words]
        if places:
            start, end = places[0].span()
            lines[use.line - 1] = source[:start] + use.link + source[end:]
        else:
            left.append(use)
    return "\n".join(lines), left
