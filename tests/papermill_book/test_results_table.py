"""The table of every number: the same for a browser and for other builders."""

from __future__ import annotations

from xml.etree import ElementTree

from papermill_book.results_table import Cell, Row, results_html, results_nodes
from tests.papermill_book.conftest import Book

ROWS = (
    Row(
        "result-a-b",
        (
            Cell("a.b", "one.html#number-a.b", code=True),
            Cell("0.5", number=True, beside=" s & more"),
            Cell("0.4 to 0.6", number=True),
            Cell("7"),
            Cell("One <and> two", "one.html"),
        ),
    ),
    Row(
        "result-c",
        (
            Cell("c", code=True),
            Cell("1", number=True, simulated=True, beside=" (simulated)"),
            Cell("–"),
            Cell("–"),
            Cell("Three", "three.html"),
        ),
    ),
)


def test_html_holds_every_cell_with_its_links_and_anchors() -> None:
    root = ElementTree.fromstring(results_html(iter(ROWS)))  # noqa: S314 - our own text
    body = [row for row in root.iter("tr") if row.get("id")]
    assert [row.get("id") for row in body] == ["result-a-b", "result-c"]
    texts = [["".join(cell.itertext()) for cell in row.iter("td")] for row in body]
    assert texts == [
        ["a.b", "0.5 s & more", "0.4 to 0.6", "7", "One <and> two"],
        ["c", "1 (simulated)", "–", "–", "Three"],
    ]
    links = [link.get("href") for link in root.iter("a")]
    assert links == ["one.html#number-a.b", "one.html", "three.html"]
    numbers = [(span.get("class"), span.get("data-anchor")) for span in root.iter("span")
               if "pb-reported" in str(span.get("class"))]  # fmt: skip
    assert numbers == [
        ("pb-reported", "result-a-b"),
        ("pb-reported", "result-a-b"),
        ("pb-reported pb-simulated", "result-c"),
    ]


def test_nodes_say_the_same_as_the_html() -> None:
    root = ElementTree.fromstring(results_html(iter(ROWS)))  # noqa: S314 - our own text
    in_html = ["".join(cell.itertext()) for kind in ("th", "td") for cell in root.iter(kind)]
    table = results_nodes(iter(ROWS))
    assert [entry.astext() for entry in table.findall() if entry.tagname == "entry"] == in_html
    assert [node["refuri"] for node in table.findall() if node.tagname == "reference"] == [
        link.get("href") for link in root.iter("a")
    ]


def test_table_of_a_built_book_leads_to_each_number(built_book: Book) -> None:
    page = built_book.page("reproduction")
    assert page.count('<tr id="result-') == 2
    row = page[page.index('<tr id="result-good-mean">') :]
    row = row[: row.index("</tr>")]
    assert 'href="good.html#number-good.mean"' in row
    assert " Hz" in row
    assert ">Good</a>" in row
    assert 'id="number-good.mean"' in built_book.page("good")
