"""What is made of the theme's pages, and a figure that stands on a page of its own and on another."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from docutils.utils import new_document

from papermill_book import figure_again, theme
from papermill_book.figure_again import again, place_again, words_again
from papermill_book.figure_pages import Drawing, drawn_by, picture
from papermill_book.theme import describe, drop_unused, first_words, mended


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("Short.", 10, "Short."),
        ("One.  Two,\nthree. Four five six.", 18, "One. Two, three."),
        ("At 2.5 Hz they pause. Then", 22, "At 2.5 Hz they pause."),
        ("nothing ends here, not", 20, "nothing ends here…"),
    ],
)
def test_a_description_ends_where_a_sentence_or_a_word_does(text: str, longest: int, expected: str) -> None:
    assert describe(text, longest) == expected
    assert len(describe(text, longest)) <= longest


@pytest.mark.parametrize("simulated", [False, True])
def test_the_picture_of_recorded_data_is_not_that_of_a_simulated_book(
    simulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = SimpleNamespace(simulated=simulated, settings=SimpleNamespace(site_url="https://here"))
    monkeypatch.setattr(theme, "current_build", lambda _: build)
    app: Any = SimpleNamespace(config=SimpleNamespace(html_title="A book", root_doc="index"))
    context = {"title": "A page", "social_image": "cover.png", "metatags": ""}
    theme.add_description(app, "page", "", context, None)
    assert ("https://here/_static/cover.png" in context["metatags"]) is not simulated
    assert ("summary_large_image" in context["metatags"]) is not simulated
    assert 'property="og:title" content="A page"' in context["metatags"]


def test_the_first_words_of_a_page_are_its_own() -> None:
    document = new_document("page")
    notice = nodes.admonition("", nodes.paragraph("", "Simulated cells."))
    figure = nodes.figure("", nodes.caption("", "", nodes.paragraph("", "A caption.")))
    ran = nodes.container("", nodes.paragraph("", "Run by papermill."), classes=["pb-ran"])
    document += nodes.section("", nodes.title("", "Title"), notice, figure, ran)
    assert first_words(document) == ""
    document[0].insert(3, nodes.paragraph("", "What this is about."))
    assert first_words(document) == "What this is about."


def test_markup_is_mended_where_it_is_wrong_and_only_there() -> None:
    right = '<details><summary>Words</summary><p>See <a href="#x">x</a>.</p></details>'
    assert mended(right) == right
    assert (
        mended('<summary class="s">See <a href="#x">x</a></summary>') == '<summary class="s">See x</summary>'
    )
    entry = '<div role="list" class="citation-list"><div class="citation" id="id2" role="doc-biblioentry">'
    assert mended(entry) == '<div class="citation-list"><div class="citation" id="id2">'
    assert mended('<script type="text/x-thebe-config">\n{}\n</script>\n<p>x</p>') == "<p>x</p>"


def test_scripts_of_thebe_are_dropped_and_no_others() -> None:
    def script(filename: str | None, **attributes: str) -> SimpleNamespace:
        return SimpleNamespace(filename=filename, attributes=attributes)

    kept = [script("mathjax.js"), script(None, body="let x = 1")]
    context: dict[str, Any] = {
        "script_files": [*kept, script("sphinx-thebe.js"), script(None, body="const THEBE_JS_URL = 1")],
        "css_files": ["book.css", SimpleNamespace(filename="sphinx-thebe.css")],
    }
    drop_unused(None, "", "", context, None)  # type: ignore[arg-type]  # it looks at the context alone
    assert context == {"script_files": kept, "css_files": ["book.css"]}


def page_with_figure(name: str) -> nodes.document:
    document = new_document("page")
    caption = words_again("", nodes.paragraph("", "A caption."))
    document += figure_again.figure_again("", again("", figure=name, alt="Points."), caption)
    return document


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    run: Any = SimpleNamespace(chapter=SimpleNamespace(name="chapter"))
    one = Drawing(run=run, cell=1, name="chapter-points", svg="<svg/>", table=None, has_pixels=False)
    monkeypatch.setattr(figure_again, "current_build", lambda _: None)
    monkeypatch.setattr(figure_again, "find_drawings", lambda _: {"hash": one})
    return one


def app_of(kind: str, folder: Path) -> Any:
    return SimpleNamespace(builder=SimpleNamespace(format=kind), outdir=str(folder))


def test_a_figure_of_a_chapter_can_stand_on_another_page(drawing: Drawing, tmp_path: Path) -> None:
    page = page_with_figure("fig-points")
    place_again(app_of("html", tmp_path), page, "page")
    (shown,) = page.findall(picture)
    assert shown["drawing"] is drawing
    assert shown["alt"] == "Points."
    assert len(list(page.findall(drawn_by))) == 1
    assert (tmp_path / "_images" / "chapter-points.svg").read_text() == "<svg/>"


def test_other_kinds_of_book_do_without(drawing: Drawing, tmp_path: Path) -> None:
    page = page_with_figure("fig-points")
    place_again(app_of("latex", tmp_path), page, "page")
    assert not page.children


def test_a_figure_that_nobody_drew_is_a_warning(
    drawing: Drawing, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = page_with_figure("fig-lines")
    with caplog.at_level("WARNING", logger="sphinx"):
        place_again(app_of("html", tmp_path), page, "page")
    assert "no figure called 'fig-lines'" in caplog.text
    assert not page.children
