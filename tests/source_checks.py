"""What no tool off the shelf looks for in the sources of this project: `make check` runs it.

* every public function that takes or gives arrays says of each parameter, and of the result, what it is (but
  for those that only the pages of a report call); and no docstring names a parameter that is not there;
* no block of code stands in two places;
* no definition is used by nobody: not by the code, a chapter, a benchmark or a test;
* the links of every page are written as links, and lead to a file that is there;
* nothing that looks like a key, a token or a password is among the files.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vulture import Vulture

from papermill_book.chapters import is_chapter, read_chapter
from papermill_book.docstrings import parse_docstring, public_modules
from papermill_book.prose import parse

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("distributional_dopamine", "papermill_book")
#: Whose functions serve one page each, with the page's own tables.
OWN_USE = ("report", "commands")

#: Lines of code, without comments and docstrings, that make a block worth having in one place only.
BLOCK = 10

#: What the annotation of an array, or of a table, holds.
_ARRAY = re.compile(r"Array|DataFrame|Series\b")

#: Names that something outside the sources calls or reads: the framework or the library named beside them.
CALLED_BY_OTHERS = (
    # Sphinx, docutils and MyST-NB
    "setup", "option_spec", "has_content", "required_arguments", "optional_arguments", "doctreedir",
    "final_argument_whitespace", "html_baseurl", "nb_execution_*", "parallel", "parallel_read_safe",
    "visit_*", "depart_*",
    # jupyter_client, ipykernel, tempfile, zipfile, numba
    "compress_type", "create_system", "external_attr",
    "transport", "ip", "connection_file", "cleanup_resources", "launch_kernel", "pgid", "tempdir",
    "CACHE_DIR", "load_ipython_extension",
)  # fmt: skip

_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20}"
    r"|\bxox[abprs]-[\w-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[\w-]{35}\b|\bpypi-[\w-]{50,}"
    r"|(?i:password|passwd|secret|api_?key|access_?token)[\"']?\s*[:=]\s*[\"'][^\"'\s]{8,}[\"']"
)


def files(*patterns: str) -> list[Path]:
    """The files of the project that git knows, or would take, below some patterns."""
    command = [
        "git",
        "-C",
        str(ROOT),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        *patterns,
    ]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in sorted(set(listed)) if name and (ROOT / name).is_file()]


def at(path: Path, line: int, message: str) -> str:
    """One line for a person and an editor."""
    return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line}: {message}"


def undocumented(path: Path, source: str) -> Iterator[str]:
    """Find public functions whose docstring leaves out, or makes up, a parameter or a result."""
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.FunctionDef) or statement.name.startswith("_"):
            continue
        doc = dict(parse_docstring(ast.get_docstring(statement)).sections)
        given = statement.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        arguments += [one for one in (given.vararg, given.kwarg) if one]
        # a parameter that begins with an underscore is there for a caller that passes more than is used
        names = {one.arg for one in arguments if not one.arg.startswith("_")}
        arrays = [
            one.arg for one in arguments if one.annotation and _ARRAY.search(ast.unparse(one.annotation))
        ]
        where = f"{statement.name}()"
        if "Parameters" in doc:
            told = {
                name.strip().lstrip("*")
                for item in doc["Parameters"]
                if not isinstance(item, str)
                for name in (item.name or item.type).split(",")
            }
            for name in sorted(names ^ told):
                how = "is not documented" if name in names else "is documented, but not there"
                yield at(path, statement.lineno, f"{where}: the parameter {name!r} {how}")
        elif arrays:
            yield at(
                path, statement.lineno, f"{where}: say what {', '.join(arrays)} must be, under Parameters"
            )
        gives = statement.returns is not None and _ARRAY.search(ast.unparse(statement.returns))
        if gives and not {"Returns", "Yields"} & set(doc):
            yield at(path, statement.lineno, f"{where}: say what comes back, under Returns")


def code_lines(source: str) -> list[tuple[int, str]]:
    """Each logical line of code with its number; without comments, docstrings, imports and layout."""
    lines: list[tuple[int, str]] = []
    words: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            continue
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            is_text = len(words) == 1 and words[0].endswith(('"', "'"))
            if words and not is_text and words[0] not in ("import", "from"):
                lines.append((first, " ".join(words)))
            words = []
        else:
            first = first if words else token.start[0]
            words.append(token.string)
    return lines


def duplicated(sources: Iterable[tuple[Path, str]], block: int = BLOCK) -> Iterator[str]:
    """Find blocks of code that stand in two places."""
    seen: dict[tuple[str, ...], tuple[Path, int]] = {}
    for path, source in sources:
        lines = code_lines(source)
        told_until = -1
        for start in range(len(lines) - block + 1):
            text = tuple(line for _, line in lines[start : start + block])
            before = seen.setdefault(text, (path, lines[start][0]))
            if before != (path, lines[start][0]) and start > told_until:
                told_until = start + block
                place = at(before[0], before[1], "").rstrip(": ")
                yield at(path, lines[start][0], f"the same {block} lines of code stand at {place}")


def unused(sources: Sequence[tuple[Path, str]], users: Iterable[tuple[Path, str]]) -> Iterator[str]:
    """Find definitions in the sources that neither they nor their users use."""
    finder = Vulture(ignore_names=list(CALLED_BY_OTHERS), ignore_decorators=["@main.command"])
    for path, source in [*sources, *users]:
        finder.scan(source, filename=str(path))
    own = {path for path, _ in sources}
    for item in finder.get_unused_code(min_confidence=60):
        # a field of a result is there for whoever calls the function, and this is a library, too
        if Path(item.filename) in own and item.typ != "variable" and item.typ != "property":
            yield at(Path(item.filename), item.first_lineno, f"nobody uses the {item.typ} {item.name!r}")


def broken_links(path: Path, text: str) -> Iterator[str]:
    """Find links of a page that are not written as links, or lead to no file."""
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\][ ]\((?:https?:|\.{0,2}/|[\w/-]+\.md)", line):
            yield at(path, number, "a space between the words of a link and its target")
    for token in parse(text):
        for child in token.children or []:
            if child.type not in ("link_open", "image"):
                continue
            target = str(child.attrs.get("href") or child.attrs.get("src") or "")
            line = (token.map or [0])[0] + 1
            if target.startswith("http:"):
                yield at(path, line, f"{target}: https, not http")
            name = target.split("#")[0]
            if not name or re.match(r"[a-z][a-z0-9+.-]*:", name):
                continue
            home = ROOT / "book" if name.startswith("/") else path.parent
            if not (home / name.lstrip("/")).exists() and not (ROOT / name.lstrip("/")).exists():
                yield at(path, line, f"{target}: there is no such file")


def secrets(path: Path, text: str) -> Iterator[str]:
    """Find what looks like a key, a token or a password."""
    for number, line in enumerate(text.split("\n"), 1):
        if _SECRETS.search(line):
            yield at(path, number, "this looks like a key, a token or a password")


def cells(path: Path) -> str:
    """All code of a chapter."""
    chapter = read_chapter(path, path.stem)
    return "\n".join(cell.source for cell in chapter.notebook.cells if cell.cell_type == "code")


def problems() -> Iterator[str]:
    """Look for everything."""
    sources = [(path, path.read_text(encoding="utf-8")) for path in files("src/*.py")]
    for package in PACKAGES:
        for name, path in public_modules([ROOT / "src"], package):
            if name.split(".")[1:2] and name.split(".")[1] in OWN_USE:
                continue
            yield from undocumented(path, path.read_text(encoding="utf-8"))
    yield from duplicated(sources)
    pages = files("*.md")
    chapters = [(path, cells(path)) for path in pages if is_chapter(path)]
    callers = [(path, path.read_text(encoding="utf-8")) for path in files("benchmarks/*.py", "tests/*.py")]
    yield from unused(sources, [*chapters, *callers])
    for path in pages:
        yield from broken_links(path, path.read_text(encoding="utf-8"))
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        yield from secrets(path, text)


def main() -> int:
    """Print what there is to mend; exit status 1 if there is anything."""
    found = list(problems())
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
