"""Numbers of figures: the same as Sphinx writes, without loading the page of each figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.util.docutils import docutils_namespace

from papermill_book.figure_numbers import setup_figure_numbers

PAGES = {
    "index": "# One\n\n```{toctree}\n:numbered:\ntwo\n```\n",
    "two": (
        "# Two\n\n```{figure} dot.svg\n:name: fig-dot\nA dot.\n```\n\n(part)=\n## Part\n\n"
        "{numref}`fig-dot`, {numref}`dot {number} <fig-dot>`, {numref}`part`.\n"
    ),
}
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def build(folder: Path, *, ours: bool) -> str:
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "dot.svg").write_text(DOT, encoding="utf-8")
    with docutils_namespace():
        app = Sphinx(
            str(folder), None, str(folder / "html"), str(folder / "trees"), "html",
            confoverrides={"extensions": ["myst_parser"], "numfig": True}, status=None, warningiserror=True,
        )  # fmt: skip
        if ours:
            setup_figure_numbers(app)
        app.build()
    return (folder / "html" / "two.html").read_text(encoding="utf-8")


def test_mentions_read_as_sphinx_alone_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []
    alone = StandardDomain._resolve_numref_xref

    def noting(self: StandardDomain, *given: object) -> object:
        resolved.append(str(given[4]))
        return alone(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(StandardDomain, "_resolve_numref_xref", noting)
    page = build(tmp_path / "alone", ours=False)
    assert "Fig. 1.1" in page
    assert resolved == ["fig-dot", "fig-dot", "part"]
    resolved.clear()
    assert build(tmp_path / "ours", ours=True) == page
    assert resolved == ["fig-dot", "part"]  # words of its own, and what is no figure, are left to Sphinx
