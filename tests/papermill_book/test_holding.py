"""A formula keeps the stop that follows it."""

from __future__ import annotations

from docutils import nodes
from docutils.utils import new_document

from papermill_book.holding import HoldPunctuation, NameFolds


def paragraph(*parts: nodes.Node) -> nodes.document:
    document = new_document("page")
    document += nodes.paragraph("", "", *parts)
    return document


def test_a_formula_is_held_together_with_what_closes_the_phrase() -> None:
    document = paragraph(
        nodes.Text("where "), nodes.math("", "x"), nodes.Text("), and "), nodes.math("", "y"), nodes.Text(".")
    )
    HoldPunctuation(document).run()
    assert document.astext() == "where x), and y."
    assert [held.astext() for held in document.findall(nodes.inline)] == ["x),", "y."]


def test_a_formula_is_held_together_with_a_bracket_that_opens() -> None:
    document = paragraph(nodes.Text("learning by TD("), nodes.math("", "x"), nodes.Text("), or more"))
    HoldPunctuation(document).run()
    assert document.astext() == "learning by TD(x), or more"
    assert [held.astext() for held in document.findall(nodes.inline)] == ["TD(x),"]
    document = paragraph(nodes.Text("at ("), nodes.math("", "x"), nodes.emphasis("", "y"))
    HoldPunctuation(document).run()
    assert [held.astext() for held in document.findall(nodes.inline)] == ["(x"]


def test_a_formula_before_a_word_or_at_the_end_stays_as_it_is() -> None:
    document = paragraph(nodes.math("", "x"), nodes.Text(" is"), nodes.strong("", "so"), nodes.math("", "y"))
    HoldPunctuation(document).run()
    assert not list(document.findall(nodes.inline))


def test_only_a_cell_folded_whole_is_renamed() -> None:
    prompts = {"prompt_show": "Show the {type}", "prompt_hide": "Hide the {type}"}
    document = new_document("page")
    document += nodes.container("", hide_mode="all", **prompts)
    document += nodes.container("", hide_mode="input", **prompts)
    NameFolds(document).run()
    whole, source = document
    assert whole["prompt_show"] == "Show the code and what it prints"
    assert source["prompt_show"] == "Show the {type}"
