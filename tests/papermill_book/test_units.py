"""The parts of the machinery, one by one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from papermill_book.build import read_reference
from papermill_book.chapters import by_name, read_chapter
from papermill_book.checks import check_sources
from papermill_book.claims import Claim, describe_rule, judge, read_claims
from papermill_book.errors import BookError
from papermill_book.execution import Job, run_job
from papermill_book.formatting import format_part, format_value, split_reference
from papermill_book.publishing import Workplace, exchange
from papermill_book.reporting import RESULT_MIME, plain, report, use_data
from papermill_book.settings import make_settings, parse_parameters, read_settings, resolve_parameters
from tests.papermill_book.conftest import GOOD, TOP_MATTER


def reported(*args: Any, **kwargs: Any) -> dict[str, Any]:
    with mock.patch("papermill_book.reporting.display") as display:
        report(*args, **kwargs)
    (call,) = display.call_args_list
    assert call.kwargs["metadata"]["scrapbook"]["name"] == args[0]  # what MyST-NB's glue looks for
    return dict(call.args[0][RESULT_MIME])


def test_report_casts_numpy_to_plain_numbers() -> None:
    result = reported(
        "a.b", np.float64(0.5), interval=(np.int64(0), np.float32(1.0)), n=np.int64(3), unit="Hz"
    )
    assert result == {"id": "a.b", "value": 0.5, "unit": "Hz", "interval": [0, 1.0], "n": 3}
    assert all(type(bound) in (int, float) for bound in result["interval"])
    assert reported("c", np.array([[1, 2], [3, 4]]))["value"] == [[1, 2], [3, 4]]
    assert reported("d", np.bool_(True))["value"] is True
    assert reported("e", float("inf"))["value"] is None


@pytest.mark.parametrize("id_", ["", "a b", "a..b", "1a", "a-b", 3])
def test_report_refuses_ids_that_are_no_names(id_: Any) -> None:
    with pytest.raises(ValueError, match="expected letters, digits and underscores"):
        report(id_, 1)


def test_report_refuses_what_it_cannot_cast() -> None:
    with pytest.raises(TypeError, match="the value of 'a' is dict"):
        report("a", {"value": 1})
    with pytest.raises(ValueError, match=r"runs from 2 down to 1"):
        report("a", 1, interval=(2, 1))
    with pytest.raises(ValueError, match=r"expected \(low, high\)"):
        report("a", 1, interval=(1, 2, 3))  # type: ignore[arg-type]  # the mistake under test


def test_use_data_knows_two_kinds() -> None:
    with pytest.raises(ValueError, match="expected 'recorded' or 'simulated'"):
        use_data("cells", kind="real", origin="folder")


@given(st.recursive(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists))
def test_plain_values_survive_json(value: Any) -> None:
    assert json.loads(json.dumps(plain(value))) == value


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.0, ".2f", "0.00"),
        (-1.5, "", "−1.5"),
        (1.8e-5, ".1e", "1.8\xa0×\xa010⁻⁵"),
        (3e10, ".0e", "3\xa0×\xa010¹⁰"),
        (0.826, ".0%", "83%"),
        (1234567, ",", "1,234,567"),
        ([0.5, -0.25], ".1f", "0.5, −0.2"),
        (None, ".2f", "not defined"),
        ("a-b", "", "a-b"),
        (True, "", "True"),
    ],
)
def test_numbers_read_as_in_a_sentence(value: Any, spec: str, text: str) -> None:
    assert format_value(value, spec) == text


def test_parts_of_a_result() -> None:
    results = {"a.n": {}, "a": {"value": 1.0, "unit": "Hz", "interval": [0.5, 1.5], "n": 40}}
    assert split_reference("a.interval:.1f", results) == ("a", "interval", ".1f")
    assert split_reference("a.n", results) == ("a.n", "", "")  # an id that exists wins over a part
    assert format_part("a", results["a"], "interval", ".1f") == "0.5 to 1.5"
    assert format_part("a", results["a"], "n", "") == "40"
    with pytest.raises(BookError, match="'.1q' does not fit"):
        format_part("a", results["a"], "", ".1q")
    with pytest.raises(BookError, match="without an interval"):
        format_part("b", {"value": 1, "unit": "", "interval": None, "n": None}, "low", "")


def make_claim(**changes: Any) -> Claim:
    fields: dict[str, Any] = {
        "id": "c",
        "chapter": "good",
        "result": "r",
        "statement": "s",
        "published": 1.0,
        "published_text": "1",
        "cite": "k",
        "where": "Fig. 1",
        "read_in_paper": True,
        "rule": {"equals_within": 0.1},
        "expected": "reproduced",
    }
    return Claim(**{**fields, **changes})


@pytest.mark.parametrize(
    ("rule", "value", "interval", "verdict"),
    [
        ({"equals_within": 0.1}, 1.09, None, "reproduced"),
        ({"equals_within": 0.1}, 1.11, None, "not reproduced"),
        ({"published_inside_interval": True}, 5.0, [1.0, 2.0], "reproduced"),
        ({"published_inside_interval": True}, 5.0, [1.1, 2.0], "not reproduced"),
        ({"below": 0.05}, 0.05, None, "not reproduced"),
        ({"below": 0.05}, 0.049, None, "reproduced"),
        ({"above": 0.05}, 0.05, None, "not reproduced"),
        ({"interval_above": 0.0}, 0.5, [0.0, 1.0], "not reproduced"),
        ({"interval_above": 0.0}, 0.5, [0.1, 1.0], "reproduced"),
        ({"interval_below": 0.0}, -0.5, [-1.0, -0.1], "reproduced"),
        ({"above": 0.0, "below": 1.0}, 2.0, None, "not reproduced"),
        ({"above": 0.0}, None, None, "not reproduced"),
    ],
)
def test_rules_decide(rule: dict[str, Any], value: Any, interval: Any, verdict: str) -> None:
    results = {"r": {"value": value, "unit": "", "interval": interval, "n": None}}
    judged = judge(make_claim(rule=rule), results)
    assert judged.verdict == verdict
    assert judged.surprising == (verdict != "reproduced")
    assert describe_rule(judged.claim)


def test_rules_are_worded_for_readers() -> None:
    claim = make_claim(rule={"equals_within": 5e-6, "published_inside_interval": True})
    assert describe_rule(claim) == "equal to within 5\xa0×\xa010⁻⁶, and published value inside our interval"
    assert describe_rule(make_claim(rule={"equals_within": 0})) == "equal"


def test_lists_are_compared_number_by_number() -> None:
    claim = make_claim(published=[1.0, 2.0], rule={"equals_within": 0.01})
    for ours, verdict in [
        ([1.0, 2.0], "reproduced"),
        ([1.0, 2.1], "not reproduced"),
        ([1.0], "not reproduced"),
    ]:
        assert judge(claim, {"r": {"value": ours, "interval": None}}).verdict == verdict


def test_a_claim_is_not_judged_without_its_result_or_its_conditions() -> None:
    assert judge(make_claim(), {}).verdict == "not computed"
    results = {"r": {"value": 9, "unit": "", "interval": None, "n": None}}
    judged = judge(make_claim(), results, "simulated cells")
    assert (judged.verdict, judged.surprising) == ("not judged", False)
    with pytest.raises(BookError, match="its rule needs an interval"):
        judge(make_claim(rule={"interval_above": 0}), results)


def test_claims_file_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "published.yml"
    entry = (
        "- {id: c, chapter: good, result: r, statement: s, published: {value: 1, text: '1'},"
        " source: {cite: k, where: w, read_in_paper: true}, rule: {below: 1}, expected: reproduced}\n"
    )
    path.write_text(entry)
    assert read_claims(path)[0].published_text == "1"
    assert read_claims(tmp_path / "absent.yml") == []
    for old, new, message in [
        ("below", "under", "no rule called 'under'"),
        ("expected: reproduced", "expected: maybe", "expected is 'maybe'"),
        ("statement: s, ", "", "missing statement"),
        ("text: '1'", "txt: '1'", "published is"),
        ("id: c, ", "id: c, colour: red, ", "'colour' is not a field"),
        ("rule: {below: 1}", "rule: {}", "expected a mapping of rule name"),
    ]:
        path.write_text(entry.replace(old, new))
        with pytest.raises(BookError, match=message):
            read_claims(path)
    path.write_text(entry + entry)
    with pytest.raises(BookError, match="two claims are called 'c'"):
        read_claims(path)
    path.write_text("- !!python/object/apply:os.system ['true']\n")
    with pytest.raises(BookError, match="not valid YAML"):
        read_claims(path)


def test_chapter_parameters_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "good.md"
    path.write_text(GOOD)
    chapter = read_chapter(path, "book/good")
    assert chapter.parameters == {"seed": 1, "n": 100}
    lines = GOOD.split("\n")
    for number, cell in enumerate(chapter.notebook.cells):
        assert lines[chapter.line_of(number) - 1] == cell.source.split("\n")[0]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("seed = 1 + 1", r"good.md:10: the default of 'seed' is not a literal"),
        ("seed = 1\nimport os", r"good.md:11: the parameters cell may hold only lines of the form"),
        ("a, b = 1, 2", r"good.md:10: the parameters cell may hold only"),
        ("seed = = 1", r"good.md:10: invalid syntax"),
    ],
)
def test_parameters_cell_holds_literals_only(tmp_path: Path, cell: str, message: str) -> None:
    path = tmp_path / "good.md"
    path.write_text(
        TOP_MATTER + "# Good\n\n\n```{code-cell} python\n:tags: [parameters]\n" + cell + "\n```\n"
    )
    with pytest.raises(BookError, match=message):
        read_chapter(path, "book/good")


def test_two_chapters_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "good.md").write_text(GOOD)
    chapters = [read_chapter(tmp_path / folder / "good.md", f"{folder}/good") for folder in ("a", "b")]
    with pytest.raises(BookError, match="two chapters are called 'good'"):
        by_name(chapters)


def test_parameters_come_from_the_strongest_layer(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "other.md").write_text(GOOD.replace("n = 100 ", "m = 100 "))
    chapters = by_name(read_chapter(tmp_path / f"{name}.md", name) for name in ("good", "other"))
    config = {
        "parameters": {"seed": 2, "n": 5},
        "chapters": {"other": {"seed": 3}},
        "profiles": {"quick": {"n": 10, "chapters": {"good": {"seed": 4}}}},
    }

    def resolved(**kwargs: Any) -> dict[str, dict[str, Any]]:
        return resolve_parameters(make_settings(tmp_path, config, **kwargs), chapters)

    assert resolved(command_line={}) == {"good": {"seed": 2, "n": 5}, "other": {"seed": 3}}
    assert resolved(profile="quick", command_line={}) == {"good": {"seed": 4, "n": 10}, "other": {"seed": 3}}
    assert resolved(profile="quick", command_line={"seed": 9}) == {
        "good": {"seed": 9, "n": 10},
        "other": {"seed": 9},
    }
    for bad, message in [
        ({"chapters": {"godo": {}}}, "_config.yml: no chapter called 'godo'. Did you mean 'good'?"),
        ({"chapters": {"good": {"m": 1}}}, "chapter 'good' has no parameter 'm'. Known: n, seed."),
        ({"parameters": {"seed": True}}, r"'seed' of 'good' is True \(bool\); expected int"),
        ({"profiles": {"full": {"k": 1}}}, "profile 'full': no chapter has a parameter 'k'"),
    ]:
        with pytest.raises(BookError, match=message):
            resolve_parameters(make_settings(tmp_path, bad, command_line={}), chapters)


def test_settings_say_what_they_do_not_know(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"papermill_book.profil is not a setting. Did you mean 'profile'"):
        make_settings(tmp_path, {"profil": "quick"})
    with pytest.raises(BookError, match="_config.yml not found"):
        read_settings(tmp_path)
    assert make_settings(tmp_path, {}, command_line={}).untouched
    assert not make_settings(tmp_path, {}, command_line={"seed": 1}).untouched


def test_parameter_words_are_safe_yaml() -> None:
    assert parse_parameters(["a=1", "b=[1, x]", "c=", "d=x=y"]) == {
        "a": 1,
        "b": [1, "x"],
        "c": None,
        "d": "x=y",
    }
    for word in ("a", "=1", "a b=1", "a=[", "a=!!python/object/apply:os.getcwd []"):
        with pytest.raises(BookError, match="parameter"):
            parse_parameters([word])


def check_page(tmp_path: Path, text: str, allowed: str = "[]") -> list[str]:
    (tmp_path / "_config.yml").write_text("title: T\n")
    (tmp_path / "book").mkdir(exist_ok=True)
    (tmp_path / "book" / "page.md").write_text(text)
    (tmp_path / "book" / "allowed-numbers.yml").write_text(allowed)
    return [f"{problem.line} {problem.message}" for problem in check_sources(read_settings(tmp_path))]


@pytest.mark.parametrize(
    "line",
    [
        "Forty cells, as published in 2020.",
        "See Fig. 2b, Figs 4 and 5, Chapter 12, Extended Data Fig. 4c.",
        "It was 0.62 {cite:p}`k`.",
        "Maths $x = 3.5$ and code `n = 40`.",
        "The value {reported}`a.b:.2f` is D1, C51 and TD(lambda).",
        "1. an ordered list",
        "[a link](https://example.org/40)",
        "```{math}\nx = 40\n```",
        "```python\nx = 40\n```",
        "% a comment with 40",
        "::::{grid} 1 1 3 3\n:gutter: 3\n\n:::{grid-item-card} Read\nWords.\n:::\n::::",
    ],
)
def test_numbers_that_may_stand(tmp_path: Path, line: str) -> None:
    assert check_page(tmp_path, f"# Title\n\n{line}\n") == []


@pytest.mark.parametrize(
    ("text", "line", "number"),
    [
        ("# Title\n\nWords.\nThere are 40 cells.\n", 4, "40"),
        ("# Title of 12 parts\n", 1, "12"),
        ("# T\n\n:::{note}\nA P of 0.05.\n:::\n", 4, "0.05"),
        ("# T\n\n```{admonition} With 7 cells\n:class: tip\n\nBody.\n```\n", 3, "7"),
        ("# T\n\n| a | b |\n|---|---|\n| x | 3.5 |\n", 5, "3.5"),
        ("# T\n\nCited {cite:p}`k`,\nbut not 99 here.\n", 4, "99"),
        ("# T\n\n**Bold 5** text.\n", 3, "5"),
        ("# T\n\nAbout 200-600 ms.\n", 3, "200"),
    ],
)
def test_numbers_that_nobody_computed(tmp_path: Path, text: str, line: int, number: str) -> None:
    problems = check_page(tmp_path, text)
    assert problems
    assert problems[0].startswith(f"{line} the number {number} stands")


def test_caption_of_a_cell_is_prose_too(tmp_path: Path) -> None:
    cell = "```{code-cell} python\n---\nmystnb:\n  figure: {name: f, caption: All 40 cells.}\n---\n1\n```\n"
    (problem,) = check_page(tmp_path, TOP_MATTER + "# T\n\n" + cell)
    assert "in the caption: the number 40" in problem


def test_allow_list_is_used_up(tmp_path: Path) -> None:
    allowed = "- {file: book/page.md, text: the 7 volumes, why: design of the task}\n"
    assert check_page(tmp_path, "# T\n\nOne of the 7 volumes.\n", allowed) == []
    (problem,) = check_page(tmp_path, "# T\n\nNothing.\n", allowed)
    assert "no longer stands there" in problem
    with pytest.raises(BookError, match="expected file, text and why"):
        check_page(tmp_path, "# T\n", "- {file: book/page.md, text: 7}\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# T\n\n![](a.png)\n", 3),
        ("# T\n\n```{figure} a.png\n:name: f\n\nCaption.\n```\n", 3),
        ("# T\n\n:::{note}\n![](a.png)\n:::\n", 4),
        (TOP_MATTER + "# T\n\n```{code-cell} python\nimport seaborn as sns\nsns.lineplot(x=[1])\n```\n", 8),
        (TOP_MATTER + "# T\n\n```{code-cell} python\nfrom a import figures\nfigures.draw(1)\n```\n", 8),
    ],
)
def test_pictures_without_words(tmp_path: Path, text: str, line: int) -> None:
    problems = check_page(tmp_path, text)
    assert len(problems) == 1
    assert problems[0].startswith(f"{line} ")
    assert "alt text" in problems[0]


def test_cells_that_only_define_a_plot_need_no_words(tmp_path: Path) -> None:
    cell = "import matplotlib.pyplot as plt\ndef draw(x):\n    return plt.plot(x)"
    assert check_page(tmp_path, TOP_MATTER + f"# T\n\n```{{code-cell}} python\n{cell}\n```\n") == []


def test_reference_must_be_a_table_of_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read_reference(path) == {}
    path.write_text("[]")
    with pytest.raises(BookError, match="not a table of results"):
        read_reference(path)
    path.write_text("{")
    with pytest.raises(BookError, match="not valid JSON"):
        read_reference(path)


def folder(path: Path, word: str) -> Path:
    path.mkdir(parents=True)
    (path / "page.html").write_text(word)
    return path


def test_exchange_takes_free_and_taken_places(tmp_path: Path) -> None:
    exchange(folder(tmp_path / "new", "1"), tmp_path / "site")
    assert (tmp_path / "site" / "page.html").read_text() == "1"
    exchange(folder(tmp_path / "new", "2"), tmp_path / "site")
    assert (tmp_path / "site" / "page.html").read_text() == "2"


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_publishing_cut_short_is_finished_by_the_next_build(
    tmp_path: Path, swapped: bool, moved: bool
) -> None:
    build = tmp_path / "_build"
    folder(build / "html", "old")
    folder(build / "results", "old")
    ready = build / ".ready"
    folder(ready / "html", "new")
    folder(ready / "results", "new")
    inode = (ready / "html").stat().st_ino
    (ready / "site.json").write_text(json.dumps({"target": "html", "inode": inode}))
    if moved:
        (build / "results").rename(ready / "results.old")
        (ready / "results").rename(build / "results")
    if swapped:
        exchange(ready / "html", build / "html")
    workplace = Workplace(build)
    workplace.open()
    workplace.close()
    for part in ("html", "results"):
        assert (build / part / "page.html").read_text() == "new"
    assert not ready.exists()


def test_unpublished_work_leaves_nothing(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path / "_build")
    workplace.open()
    (workplace.staging / "half").write_text("page")
    (tmp_path / "_build" / "html").mkdir()  # Sphinx makes it before any extension is asked
    scratch = workplace.scratch
    with pytest.raises(BookError, match="another build is at work"):
        Workplace(tmp_path / "_build").open()
    workplace.close()
    workplace.close()
    assert [path.name for path in (tmp_path / "_build").iterdir()] == [".lock"]
    assert not scratch.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BookError, match="cannot write to"):
        Workplace(tmp_path / "_build").open()


def test_unwritable_build_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "_build").write_text("a file in the way")
    with pytest.raises(BookError, match="cannot write to"):
        Workplace(tmp_path / "_build").open()


def test_output_may_come_as_late_as_a_cell_may_take(tmp_path: Path) -> None:
    """A machine that is busy brings it seconds after the cell's end, which papermill would call a failure."""
    source = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), source)
    job = Job("a", str(source), str(tmp_path / "b.ipynb"), str(tmp_path), {}, {}, timeout=900)
    with mock.patch("papermill.execute_notebook") as execute:
        assert run_job(job, mock.Mock())[1] is None
    given = execute.call_args.kwargs
    assert (given["execution_timeout"], given["iopub_timeout"]) == (900, 900)
