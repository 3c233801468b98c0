"""The book as a PDF: what is gathered from a site, and what comes out of the printer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from papermill_book.citation import citation_of
from papermill_book.errors import BookError
from papermill_book.pdf.gathering import Entry, Gathering, Heading, read_order
from papermill_book.pdf.printing import CHROMIUM_VARIABLE, contents, cover, find_chromium, without_font
from papermill_book.settings import Settings
from tests.papermill_book.conftest import Book

TOC = """\
format: jb-book
root: book/index
parts:
  - caption: One
    chapters:
      - file: book/1/a
      - url: https://example.org
  - caption: Two & more
    chapters:
      - file: book/api
        sections:
          - file: book/api-more
      - file: book/2/b
"""
INDEX = """
<section id="top"><h1>The book</h1>
<p><a href="1/a.html#fig">Fig.</a> <a href="api.html">API</a></p></section>"""
A = """
<section id="a"><h1>A<a class="headerlink" href="#a">#</a></h1>
<script>alert(1)</script><script type="application/json">{}</script>
<div class="cell tag_hide-input"><details class="hide above-input"><summary><p>Show</p></summary>
<div class="cell_input"><pre>loads()</pre></div></details>
<div class="cell_output">
<figure id="fig"><img loading="lazy" src="../../_images/x.svg" alt="x"></figure></div></div>
<div class="cell tag_hide-cell"><details class="hide above-input"><summary><p>Show</p></summary>
<div class="cell_input"><pre>solve()</pre></div><div class="cell_output"><pre>42</pre></div></details></div>
<details class="fold"><summary>More</summary><p>folded words</p></details>
<section id="s"><h2>Section <em>one</em></h2><h3>Too deep</h3></section>
<noscript><p>for those without scripts</p></noscript>
<a href="../2/b.html">to B</a> <a href="../2/b.html#gone">to nothing</a> <a href="#s">to the section</a>
<a href="https://example.org/x">outside</a> <a href="../api.html#f">to a function</a>
<span aria-labelledby="a s"></span>
</section>"""
B = """
<section id="a"><h1>B</h1><div class="pb-results"><table><tr><td>all</td></tr></table></div>
<p class="pb-offers">tap</p><div lang="zh-Hans">字</div></section>"""
HEAD = """<html lang="en-GB"><head><script>window.MathJax = {}</script>
<script defer src="UP_static/mathjax/m.js?v=1"></script><script src="UP_static/theme.js"></script></head>
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in {"index": INDEX, "1/a": A, "2/b": B}.items():
        path = tmp_path / "book" / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = HEAD.replace("UP", "../" * (1 + name.count("/")))
        page = f"{head}<body><nav>menu</nav><article>{text}</article></body></html>"
        path.write_text(page, encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    return tmp_path


def gather(site: Path, site_url: str = "") -> Gathering:
    return Gathering(site, read_order(site / "_toc.yml"), ("book/api", "book/api-more"), site_url)


def test_order_of_reading(site: Path) -> None:
    assert read_order(site / "_toc.yml") == [
        Entry("book/index", ""),
        Entry("book/1/a", "One"),
        Entry("book/api", "Two & more"),
        Entry("book/api-more", ""),
        Entry("book/2/b", ""),
    ]
    (site / "_toc.yml").write_text("[]")
    with pytest.raises(BookError, match="expected a table of contents with a root"):
        read_order(site / "_toc.yml")


def test_pages_stand_in_order_under_their_parts(site: Path) -> None:
    gathering = gather(site)
    assert gathering.headings == [
        Heading("book-index--top", "The book", 2),
        Heading("part-1", "One", 1),
        Heading("book-1-a--a", "A", 2),
        Heading("book-1-a--s", "Section one", 3),
        # The first page of the part is left out; the part is not.
        Heading("part-4", "Two & more", 1),
        Heading("book-2-b--a", "B", 2),
    ]
    body = BeautifulSoup(gathering.body, "html.parser")
    ids = [str(element["id"]) for element in body.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for heading in gathering.headings:
        assert heading.id in ids
    assert [part.text for part in body.find_all("h1")] == ["One", "Two & more"]
    assert "menu" not in gathering.body


def test_what_is_folded_is_printed_or_left_out_by_rule(site: Path) -> None:
    body = gather(site).body
    for there in ("solve()", "42", "folded words", "for those without scripts", "More", "Left out in print"):
        assert there in body, there
    for gone in ("loads()", "alert(1)", "Show", "headerlink", "tap", "lazy", "<script", "noscript", "<td>"):
        assert gone not in body, gone


def test_links_stay_inside_or_go(site: Path) -> None:
    links = {a.text: str(a["href"]) for a in BeautifulSoup(gather(site).body, "html.parser").find_all("a")}
    assert links == {
        "Fig.": "#book-1-a--fig",
        "to B": "#book-2-b",
        "to the section": "#book-1-a--s",
        "outside": "https://example.org/x",
    }
    body = gather(site).body
    assert "to nothing" in body
    assert "to a function" in body
    public = BeautifulSoup(gather(site, "https://s.org").body, "html.parser")
    assert public.find("a", href="https://s.org/book/api.html#f") is not None


def test_pictures_scripts_and_languages(site: Path) -> None:
    gathering = gather(site)
    body = BeautifulSoup(gathering.body, "html.parser")
    assert [str(image["src"]) for image in body.find_all("img")] == ["_images/x.svg"]
    assert [str(e["aria-labelledby"]) for e in body.select("[aria-labelledby]")] == [
        "book-1-a--a book-1-a--s"
    ]
    assert gathering.math == (
        '<script>window.MathJax = {}</script>\n<script src="_static/mathjax/m.js"></script>'
    )
    assert gathering.language == "en-GB"
    assert gathering.languages == {"zh-Hans"}


def test_a_page_that_was_not_built(site: Path) -> None:
    (site / "book" / "2" / "b.html").unlink()
    with pytest.raises(BookError, match="build the book first"):
        gather(site)


def test_contents_escape_and_number() -> None:
    page = contents([Heading("a", "<A> & B", 1), Heading("b", "C", 3)], {"a": 7})
    assert '<li class="level-1"><a href="#a">&lt;A&gt; &amp; B</a><span>7</span></li>' in page
    assert "<span>000</span>" in page


def test_the_first_page_says_what_is_left_out(built_book: Book) -> None:
    settings = Settings(built_book.root)
    citation = citation_of(settings)
    assert citation is not None
    page = cover(citation, settings, "Sources at commit <x>.")
    for words in ("Tiny", "Nobody", "Version 1.2.3, 2026-01-31", "commit &lt;x&gt;", "left out", "Solutions"):
        assert words in page
    assert "http" not in page
    assert 'href="https://s.org"' in cover(citation, Settings(built_book.root, site_url="https://s.org"), "")


def test_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, "a-browser-that-is-not-there")
    with pytest.raises(BookError, match=r"no Chromium found \(a-browser-that-is-not-there\)"):
        find_chromium()


@pytest.mark.skipif(shutil.which("fc-list") is None, reason="no fontconfig")
def test_fonts_are_asked_for() -> None:
    # No font claims a language that there is not; some font has English, wherever there are fonts at all.
    assert without_font(["qqq-None"]) == ("qqq-None",)
    assert without_font([]) == ()


def test_only_a_current_build_is_printed(book: Book) -> None:
    assert book.cli("pdf", "--check").returncode == 0
    book.edit("book/index.md", "The answer", "An answer")
    done = book.cli("pdf", "--check")
    assert done.returncode == 2
    assert "index.md is not in the last build as it is now" in done.stderr
    book.edit("book/index.md", "An answer", "The answer")
    book.edit("src/science.py", "1.0", "2.0")
    assert "the code has changed" in book.cli("pdf", "--check").stderr


def _chromium() -> bool:
    try:
        find_chromium()
    except BookError:
        return False
    return True


@pytest.mark.skipif(not _chromium(), reason="no Chromium")
def test_the_pdf(book: Book) -> None:
    for name in ("one.pdf", "two.pdf"):
        done = book.cli("pdf", "--out", name)
        assert done.returncode == 0, done.stderr
    assert (book.root / "one.pdf").read_bytes() == (book.root / "two.pdf").read_bytes()
    reader = PdfReader(book.root / "one.pdf")
    pages = [page.extract_text() for page in reader.pages]
    text = "\n".join(pages)
    assert "??" not in text
    # In the order of reading, each where the contents say.
    places = []
    for title in ("Good", "Other", "Reproduction", "Back", "Cite"):
        said = re.search(rf"^{title}\s+(\d+)$", pages[1], re.MULTILINE)
        assert said, (title, pages[1])
        places.append(int(said[1]))
        assert title in pages[places[-1] - 1]
    assert places == sorted(set(places))
    number = re.search(r"The mean is (\S+) \(", text)
    assert number
    assert number[1] in book.page("good")
    bookmarks = [str(one["/Title"]) for one in reader.outline if not isinstance(one, list)]
    assert bookmarks[:2] == ["Tiny", "Contents"]
    assert sum(len(page.images) for page in reader.pages) == 1
    about = reader.metadata
    assert about is not None
    assert (about.title, about.author) == ("Tiny", "Nobody")
    assert str(about.creation_date).startswith("2026-01-31")
    assert str(book.root) not in text
