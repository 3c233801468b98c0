"""Reports: the pages run on little and on hostile names, and places that may not be written are refused."""

import errno
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from distributional_dopamine.commands import main
from distributional_dopamine.evidence.verdict import VERDICT_NULLS
from distributional_dopamine.recordings import MeasuredResponses, Provenance, simulate
from distributional_dopamine.recordings.cue_simulator import simulate_cues
from distributional_dopamine.recordings.model import Exclusion
from distributional_dopamine.report import building, tables
from distributional_dopamine.report.building import (
    CUE_PAGES,
    QUICK,
    SIZE_PAGES,
    ReportError,
    check_place,
    pages_of,
)
from distributional_dopamine.report.prepared import FOLDER_VARIABLE, prepare, read_prepared
from distributional_dopamine.report.words import judge_tests, number
from papermill_book.chapters import read_chapter

SOURCES = Path(building.__file__).parent / "pages"
HOSTILE = "<script>alert('1')</script> & \"$(rm -rf ~)`$x$\\alpha_1{}*_"
SMALLEST = {
    "index": {"n_simulations": 99, "n_splits": 2},
    "reversal-points": {"n_splits": 3},
    "asymmetry": {"n_splits": 3, "n_permutations": 3},
    "signs": {"n_splits": 3},
    "decoding": {"n_shuffles": 2, "n_splits": 2},
    "null-models": {"n_simulations": 2, "with_decoding": False},
    "what-it-would-take": {"n_simulations": 99, "n_splits": 1, "with_trials": False, "largest_cells": 6},
    "optimism": {"n_simulations": 99, "n_needs": 99},
}


def table_of_responses(n_cells: int, sizes=(1.0, 2.0, 4.0), n_trials: int = 4) -> MeasuredResponses:
    """Responses to some sizes as a laboratory without spikes would give them, under hostile names."""
    rng = np.random.default_rng(n_cells)
    names = [f"{i} {HOSTILE}" for i in range(n_cells)]
    rows = [
        (name, size, False, trial, size - 2.7 + rng.normal(0.0, 0.5))
        for name in names
        for trial, size in enumerate(np.repeat(sizes, n_trials))
    ]
    table = pd.DataFrame(rows, columns=["cell", "magnitude", "expected", "trial", "response"])
    sessions = [f"{i % 2} {HOSTILE}" for i in range(n_cells)]
    where = pd.DataFrame({"session": sessions, "group": "a"}, index=pd.Index(names, name="cell"))
    provenance = Provenance("own", "recorded", "files", files={f"{HOSTILE}.csv": "0" * 64})
    return MeasuredResponses(table, where, provenance, (Exclusion("unit", HOSTILE, "too <few> spikes"),))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the code of every page in this process; give what was reported and the tables that were shown."""

    def run_pages(recordings):
        prepared = prepare(recordings)
        prepared.write(tmp_path)
        monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
        monkeypatch.setenv("DISTRIBUTIONAL_DOPAMINE_WORKERS", "1")
        reported, shown = {}, []

        def note(name, value, **more):
            assert name not in reported
            reported[name] = value

        monkeypatch.setattr("papermill_book.report", note)
        monkeypatch.setattr(tables, "report", note)
        monkeypatch.setattr("papermill_book.use_data", lambda **used: used)
        show = tables.show
        monkeypatch.setattr(tables, "show", lambda *args: shown.append(show(*args)))
        with mpl.rc_context(), plt.ioff():
            for page in pages_of(prepared).values():
                chapter = read_chapter(SOURCES / f"{page}.md", page)
                assert set(SMALLEST.get(page, {})) <= set(chapter.parameters)
                names: dict[str, object] = {}
                for cell in chapter.notebook.cells:
                    if cell.cell_type == "code":
                        exec(cell.source, names)  # noqa: S102 - our own pages
                        if "parameters" in cell.metadata.get("tags", []):
                            names.update(SMALLEST.get(page, {}))
            for fig in map(plt.figure, plt.get_fignums()):
                fig.canvas.draw()
            plt.close("all")
        return reported, [one.data for one in shown]

    return run_pages


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)


def roles_of(pages):
    """Names of the numbers that the text of some pages prints."""
    text = "".join((SOURCES / f"{page}.md").read_text() for page in pages)
    return set(re.findall(r"\{reported\}`([\w.]+?)(?:\.(?:interval|n|low|high))?(?::[^`]*)?`", text))


def cued(n_units, **more):
    return simulate_cues(np.random.default_rng(1), n_units=n_units, trials_per_cue=8, **more)


@pytest.mark.parametrize(
    ("n_units", "probabilities", "cues"),
    [(1, (0.1, 0.5, 0.9), (0.1, 0.5, 0.9)), (6, (0.0, 0.25, 0.6, 1.0), (0.0, 0.6, 1.0))],
)
def test_pages_on_cues_run_and_print_only_what_is_reported(run, n_units, probabilities, cues):
    reported, shown = run(cued(n_units, probabilities=probabilities))
    assert "verdict.kind" not in reported
    assert [reported[f"optimism.cue_{name}"] for name in ("low", "middle", "high")] == pytest.approx(cues)
    assert (reported["optimism.kind"], reported["read.n_cells"]) == (
        "undecided" if n_units == 1 else reported["optimism.kind"],
        n_units,
    )
    assert np.isfinite(reported["optimism.variance"]) == (n_units > 1)
    assert any("Group" in table for table in shown)
    assert roles_of(CUE_PAGES) <= set(reported)


def test_pages_are_those_of_the_design():
    assert list(pages_of(prepare(table_of_responses(3)))) == list(SIZE_PAGES)
    assert pages_of(prepare(cued(3))) == {"index": "optimism", "cue-trials": "cue-trials"}
    recordings = cued(2)
    three = []
    for unit in recordings.units:
        given = unit.trials["magnitude"]
        sizes = given.where(given.isna(), 1.0 + np.arange(given.size) % 3)
        three.append(replace(unit, trials=unit.trials.assign(magnitude=sizes)))
    both = replace(recordings, units=tuple(three))
    assert list(pages_of(prepare(both))) == [*SIZE_PAGES, "optimism"]


@pytest.mark.parametrize(("n_cells", "kind"), [(1, "undecided"), (3, "undecided"), (6, None)])
def test_pages_run_on_little_and_print_only_what_is_reported(run, n_cells, kind):
    reported, shown = run(table_of_responses(n_cells))
    if kind:
        assert reported["verdict.kind"] == kind
    else:
        assert np.isfinite([reported["sessions.icc.asymmetry"], reported["sessions.p_within"]]).all()
    parser = Tags()
    for table in shown:
        parser.feed(table)
    assert parser.tags <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert any("&lt;script&gt;" in table for table in shown)
    assert any("0" * 64 in table for table in shown)
    assert any("too &lt;few&gt; spikes" in table for table in shown)
    roles = roles_of(SIZE_PAGES)
    assert len(roles) > 30
    assert roles <= set(reported)


@pytest.mark.parametrize("recordings", [table_of_responses(3), cued(3)])
def test_nothing_is_lost_between_command_and_pages(tmp_path, recordings):
    before = prepare(recordings)
    before.write(tmp_path)
    after = read_prepared(tmp_path)
    pd.testing.assert_frame_equal(before.responses, after.responses, check_dtype=False, check_exact=True)
    pd.testing.assert_frame_equal(before.cells, after.cells, check_dtype=False)
    pd.testing.assert_frame_equal(before.cue_responses, after.cue_responses, check_dtype=False)
    assert before.comparable().excluded == after.comparable().excluded
    for name in ("provenance", "excluded", "notes", "limits", "size_unit", "response_unit", "cues"):
        assert getattr(before, name) == getattr(after, name)


def test_no_time_of_a_spike_is_handed_on(tmp_path):
    recordings = simulate(np.random.default_rng(1), n_units=2, n_sessions=1).recordings
    prepare(recordings).write(tmp_path)
    with np.load(tmp_path / "responses.npz") as arrays:
        kept = {"cell", "magnitude", "expected", "trial", "response"}
        assert set(arrays) == kept | {"cue_cell", "cue_probability", "cue_trial", "cue_response"}
        for unit in recordings.units:
            assert not np.isin(unit.spike_times, arrays["response"]).any()


def test_parameters_of_a_first_look_are_those_of_the_pages():
    for page, values in QUICK.items():
        parameters = read_chapter(SOURCES / f"{page}.md", page).parameters
        assert {name: type(parameters[name]) for name in values} == {
            name: type(value) for name, value in values.items()
        }


class TestPlace:
    def test_a_new_one(self, tmp_path):
        check_place(tmp_path / "new", overwrite=False)
        assert list(tmp_path.iterdir()) == []

    def test_what_is_there_is_kept(self, tmp_path):
        with pytest.raises(ReportError, match="is there already"):
            check_place(tmp_path, overwrite=False)

    def test_only_reports_are_overwritten(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(ReportError, match="is no earlier report"):
            check_place(tmp_path, overwrite=True)
        report = tmp_path / "report"
        report.mkdir()
        for name in ("index.html", "results.json"):
            (report / name).write_text("")
        check_place(report, overwrite=True)
        (tmp_path / "link").symlink_to(report)
        with pytest.raises(ReportError, match="is no earlier report"):
            check_place(tmp_path / "link", overwrite=True)

    def test_no_folder_to_write_to(self, tmp_path):
        with pytest.raises(ReportError, match="There is no folder"):
            check_place(tmp_path / "a" / "b", overwrite=False)


class TestBuilding:
    def build(self, tmp_path, monkeypatch, run_book, **how):
        monkeypatch.setattr(building, "_run_jupyter_book", run_book)
        prepared = prepare(table_of_responses(3))
        building.build_report(prepared, tmp_path / "report", print, **how)

    @staticmethod
    def good(book, *_, seed, **_how):
        (book / "_build" / "html").mkdir(parents=True)
        (book / "_build" / "html" / "index.html").write_text(f"seed {seed}")
        (book / "_build" / "results").mkdir()
        for page in SIZE_PAGES:
            (book / "_build" / "results" / f"{page}.json").write_text(json.dumps({page: {"value": 1}}))

    def test_puts_it_in_place_whole(self, tmp_path, monkeypatch):
        self.build(tmp_path, monkeypatch, self.good)
        made = tmp_path / "report"
        assert {path.name for path in made.iterdir()} == {"index.html", "results.json", "record.json"}
        assert set(json.loads((made / "results.json").read_text())) == set(SIZE_PAGES)
        record = json.loads((made / "record.json").read_text())
        assert record["data"]["files"] == {f"{HOSTILE}.csv": "0" * 64}
        self.build(tmp_path, monkeypatch, self.good, seed=2, overwrite=True)
        assert (made / "index.html").read_text() == "seed 2"
        assert [path.name for path in tmp_path.iterdir()] == ["report"]

    def test_leaves_nothing_of_a_failure(self, tmp_path, monkeypatch):
        def fail(book, *args, **how):
            raise ReportError("a page failed")

        with pytest.raises(ReportError, match="a page failed"):
            self.build(tmp_path, monkeypatch, fail)
        assert list(tmp_path.iterdir()) == []
        self.build(tmp_path, monkeypatch, self.good)
        with pytest.raises(ReportError, match="a page failed"):
            self.build(tmp_path, monkeypatch, fail, overwrite=True)
        assert (tmp_path / "report" / "index.html").read_text() == "seed 1"

    def test_says_why_it_cannot_be_written_in_one_line(self, tmp_path, monkeypatch):
        def full(source, *_):
            raise OSError(errno.ENOSPC, "No space left on device", str(source))

        copy = shutil.copytree
        monkeypatch.setattr(
            building.shutil, "copytree", lambda *args, **how: copy(*args, **how, copy_function=full)
        )
        with pytest.raises(
            ReportError, match=r"report \(No space left on device\). Is the disk full"
        ) as caught:
            self.build(tmp_path, monkeypatch, self.good)
        assert str(caught.value).count("No space") == 1
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_to_be_full(tmp_path, monkeypatch):
    lines = ["chapter 'index' failed at index.md", "OSError: something else"]
    assert building._why(lines, tmp_path).startswith("chapter 'index' failed")
    full = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr(building.shutil, "disk_usage", lambda _: full)
    assert "no space left" in building._why(lines, tmp_path)


def test_the_look_is_that_of_the_book(tmp_path):
    """One source, to which the package has links; its files are put in their place when it is built."""
    building._lay_out(tmp_path, {"index": "index"})
    look = Path(__file__).parents[2] / "book" / "_static"
    for name, source in (("book.css", look / "book.css"), ("fonts.css", look / "fonts" / "fonts.css")):
        assert (tmp_path / "_static" / name).read_bytes() == source.read_bytes()
    assert "SIL OPEN FONT LICENSE" in (tmp_path / "_static" / "fonts-LICENSE.txt").read_text()


def test_command_refuses_in_one_line(tmp_path):
    for words, message in (
        (["nowhere.nwb", "--out", str(tmp_path / "r")], "There is no file"),
        (["nowhere.nwb", "--out", str(tmp_path)], "is there already"),
    ):
        done = CliRunner().invoke(main, ["analyse", *words])
        assert done.exit_code == 2
        (line,) = done.output.splitlines()
        assert message in line


def test_tests_are_judged_by_hand():
    rows = []
    for test, null, control in (
        ("asymmetry.piecewise", 0.05, 0.9),
        ("split_half.counting", 0.6, 0.9),
        ("opposite_signs", 0.05, 0.5),
    ):
        rows += [(model, test, null) for model in VERDICT_NULLS]
        rows += [(model, test, control) for model in ("distributional_measured", "distributional_uniform")]
    table = pd.DataFrame(rows, columns=["model", "test", "share"])
    table["low"] = table["share"] - 0.05
    assert judge_tests(table.set_index(["model", "test"])) == {
        "asymmetry.piecewise": "diagnostic",
        "split_half.counting": "not diagnostic",
        "opposite_signs": "too few trials or cells",
    }


def test_numbers_are_written_with_a_minus_sign():
    assert (number(-0.5), number(float("nan"))) == ("−0.50", "–")
