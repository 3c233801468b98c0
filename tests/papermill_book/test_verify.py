"""A build beside the reference: what counts as the same, what may differ, and how it is told."""

from __future__ import annotations

import copy
import gzip
import json
from typing import Any

import pytest

from papermill_book.comparison import (
    Comparison,
    Tolerance,
    compare_builds,
    compare_making,
    compare_result,
    describe,
    read_tolerances,
)
from papermill_book.errors import BookError
from papermill_book.reference import LARGEST_PICTURE, picture_of, write_reference
from papermill_book.settings import read_settings
from tests.papermill_book.conftest import Book

EXACT = Tolerance(relative=0.0, absolute=0.0)
MAKING: dict[str, Any] = {
    "git": {},
    "profile": "full",
    "code": "c",
    "python": "3.11.7",
    "machine": {"system": "Linux x86_64", "libc": "glibc 2.36", "instructions": "i"},
    "packages": {"numpy": "2.4.6"},
    "chapters": {"one": {"source": "s", "parameters": {"seed": 1, "n": 5}, "data": {"cells": "d"}}},
}


def result(
    value: Any, interval: list[float] | None = None, n: int | None = None, unit: str = ""
) -> dict[str, Any]:
    return {"value": value, "interval": interval, "n": n, "unit": unit}


def other(**changes: Any) -> dict[str, Any]:
    """`MAKING` with changes: a key, or a key of its one chapter."""
    making = copy.deepcopy(MAKING)
    for key, value in changes.items():
        (making if key in making else making["chapters"]["one"])[key] = value
    return making


@pytest.mark.parametrize(
    ("ours", "reference", "off"),
    [
        (0.1 + 0.2, 0.3, False),  # the last bit
        (1.0000009, 1.0, False),
        (1.000002, 1.0, True),
        (1e-12, -1e-12, False),  # zero but for rounding
        ([1.0, 2.0], [1.0, 2.0000001], False),
        ([1.0, 2.0], [1.0, 2.1], True),
        ([1.0], [1.0, 2.0], True),
        (18, 19, True),
        (18.0, 18, True),  # another kind of thing
        (True, False, True),
        (True, 1, True),
        ("D_04", "D_05", True),
        (None, 0.5, True),
    ],
)
def test_numbers_may_round_and_all_else_is_exact(ours: Any, reference: Any, off: bool) -> None:
    (difference,) = compare_result("x.y", result(ours), result(reference), Tolerance())
    assert difference.off == off
    (difference,) = compare_result("x.y", result(ours), result(reference), EXACT)
    assert difference.off  # nothing may differ where nothing explains it
    assert compare_result("x.y", result(reference), result(reference), EXACT) == []


def test_every_part_of_a_result_is_compared() -> None:
    ours = result(1.0, [0.0, 2.0], 10, "Hz")
    assert compare_result("x", ours, copy.deepcopy(ours), EXACT) == []
    for part, reference in (
        ("n", result(1.0, [0.0, 2.0], 11, "Hz")),
        ("unit", result(1.0, [0.0, 2.0], 10, "s")),
        ("low", result(1.0, [0.1, 2.0], 10, "Hz")),
        ("high", result(1.0, [0.0, 2.1], 10, "Hz")),
    ):
        (difference,) = compare_result("x", ours, reference, Tolerance())
        assert (difference.part, difference.off) == (part, True)
    both = compare_result("x", ours, result(1.0, None, 10, "Hz"), Tolerance())
    assert [difference.part for difference in both] == ["low", "high"]
    (missing,) = compare_result("x", None, ours, Tolerance())
    assert (missing.ours, missing.reference, missing.off) == ("not reported", "reported", True)


def test_tolerance_may_be_a_share_of_the_interval_or_a_count() -> None:
    wide = Tolerance(widths=0.5, count=2, why="a search")
    reference = result(1.0, [0.0, 4.0])
    assert not any(one.off for one in compare_result("x", result(2.9, [0.0, 4.0]), reference, wide))
    assert any(one.off for one in compare_result("x", result(3.1, [0.0, 4.0]), reference, wide))
    assert [one.off for one in compare_result("x", result(18), result(20), wide)] == [False]
    words = Tolerance(text=True, why="a range in words")
    assert [one.off for one in compare_result("x", result("18 to 20"), result("18 to 21"), words)] == [False]
    assert [one.off for one in compare_result("x", result("18 to 20"), result("18 to 21"), wide)] == [True]
    assert [one.off for one in compare_result("x", result("18"), result(18), words)] == [True]
    assert [one.off for one in compare_result("x", result(17), result(20), wide)] == [True]


@pytest.mark.parametrize(
    ("changes", "reason", "comparable"),
    [
        ({}, "", True),
        ({"data": {"cells": "simulated"}}, "simulated data instead of recorded", False),
        ({"data": {"cells": "e"}}, "other data", False),
        ({"parameters": {"seed": 2, "n": 5}}, "parameter seed = 2 instead of 1", False),
        ({"parameters": {"seed": 1}}, "parameter n = None instead of 5", False),
        ({"source": "t"}, "the chapter was edited", True),
        ({"code": "d"}, "the code was changed", True),
        ({"python": "3.12.0"}, "Python 3.12.0 instead of 3.11.7", True),
        ({"packages": {"numpy": "2.5.0"}}, "numpy 2.5.0 instead of 2.4.6", True),
        ({"packages": {}}, "numpy none instead of 2.4.6", True),
        ({"machine": {**MAKING["machine"], "instructions": "j"}}, "instructions j instead of i", True),
    ],
)
def test_each_reason_is_found(changes: dict[str, Any], reason: str, comparable: bool) -> None:
    reasons, not_compared = compare_making(other(**changes), MAKING, "one")
    assert reasons == ((reason,) if reason else ())
    assert not_compared == ("" if comparable else reason)


def compare(ours: dict[str, Any], making: dict[str, Any], **tolerances: Any) -> Comparison:
    reference = {"one": {"a.b": result(1.0), "a.c": result(3)}}
    return Comparison(compare_builds({"one": ours}, reference, making, MAKING, read_tolerances(tolerances)))


def test_the_last_bit_counts_where_all_is_the_same_and_not_elsewhere() -> None:
    rounded = {"a.b": result(1.0 + 2e-16), "a.c": result(3)}
    assert not compare(rounded, MAKING).good
    elsewhere = compare(rounded, other(python="3.12.0"))
    assert elsewhere.good
    assert "2 results agree with the reference" in describe(elsewhere)
    assert "Python 3.12.0 instead of 3.11.7" in describe(elsewhere)
    assert "none may differ" in describe(compare(rounded, MAKING))


def test_a_result_that_is_off_is_listed_first_with_what_was_allowed() -> None:
    off = compare({"a.b": result(1.0 + 1e-9), "a.c": result(4)}, other(code="d"))
    assert not off.good
    lines = describe(off).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("result "))
    assert lines[start + 1].split() == ["a.c", "value", "4", "3", "1.0e+00", "0.0e+00", "OFF"]
    assert lines[start + 2].startswith("a.b")
    assert not lines[start + 2].endswith("OFF")
    assert lines[-1] == "1 of 2 results are not what the reference has"
    assert compare(
        {"a.b": result(1.0), "a.c": result(4)}, other(code="d"), **{"a.*": {"count": 1, "why": "x"}}
    ).good


def test_results_that_only_one_has_are_off() -> None:
    found = compare({"a.b": result(1.0), "a.d": result(1)}, other(code="d"))
    assert {difference.result for difference in found.chapters[0].differences if difference.off} == {
        "a.c",
        "a.d",
    }


def test_nothing_compared_is_not_good() -> None:
    simulated = compare({"a.b": result(9.0)}, other(data={"cells": "simulated"}))
    assert not simulated.good
    assert "nothing could be compared" in describe(simulated)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"a.*": {"relative": 0.1}}, "with a reason under 'why'"),
        ({"a.*": {"relativ": 0.1, "why": "x"}}, "Did you mean 'relative'"),
        ({"a.*": {"relative": -1, "why": "x"}}, "relative is -1; expected a number from 0 up"),
        ({"a.*": 3}, "expected a mapping"),
    ],
)
def test_wrong_tolerances_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(BookError, match=message):
        read_tolerances(config)


def test_reference_is_written_and_verified_and_a_changed_number_is_found(book: Book) -> None:
    assert book.cli("verify").returncode == 2  # no reference yet
    done = book.cli("reference")
    assert done.returncode == 0, done.stderr
    done = book.cli("verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("2 results agree with the reference\n")
    path = book.root / "_build/results/good.json"
    text = path.read_text()
    results = json.loads(text)
    results["good.mean"]["value"] *= 1 + 1e-12
    path.write_text(json.dumps(results))
    done = book.cli("verify")
    assert done.returncode == 1
    assert "1 of 2 results are not what the reference has" in done.stdout
    path.write_text(text)
    # the same numbers from simulated data are not held against it, and its claims are named
    path = book.root / "_build/records/other.json"
    record = json.loads(path.read_text())
    record["data"][0]["kind"] = "simulated"
    path.write_text(json.dumps(record))
    done = book.cli("verify")
    assert done.returncode == 0, done.stdout
    assert "not compared: simulated data instead of recorded" in done.stdout
    assert "Claims whose results could not be compared:\n  answer\n" in done.stdout
    assert "1 results agree with the reference; 1 could not be compared" in done.stdout
    done = book.cli("reference")
    assert done.returncode == 2
    assert "other ran on simulated data; a reference needs recordings" in done.stderr


def test_a_build_in_a_folder_of_its_own_is_compared_and_leaves_the_site_alone(book: Book) -> None:
    assert book.cli("reference").returncode == 0
    before = book.bytes_below("html")
    done = book.build("--path-output", "_build/verify", PAPERMILL_BOOK_PARAMETERS="seed=2")
    assert done.returncode == 0, done.stderr
    assert book.bytes_below("html") == before
    done = book.cli("verify", "--build", "_build/verify/_build")
    assert done.returncode == 0, done.stderr
    assert "not compared: parameter seed = 2 instead of 1" in done.stdout


def test_pictures_are_kept_and_shown_beside_simulated_ones(book: Book) -> None:
    book.edit(
        "book/good.md", "  image: {alt:", "  figure: {name: fig-good, caption: A line.}\n  image: {alt:"
    )
    book.edit("_config.yml", "      code: [src]", "      code: [src]\n      reference_figures: [fig-good]")
    book.edit(
        "book/good.md", "draws = ", "from papermill_book import use_data\n"
        "from matplotlib_inline.backend_inline import set_matplotlib_formats\nset_matplotlib_formats('svg')\n"
        'use_data("cells", kind="recorded", origin="folder", files={"b.dat": "11"})\ndraws = '
    )  # fmt: skip
    assert book.build().returncode == 0
    assert "pb-reference" not in book.page("good")
    assert book.cli("reference").returncode == 0
    kept = book.root / "figures" / "fig-good.svgz"
    svg = gzip.decompress(kept.read_bytes()).decode()
    assert kept.stat().st_size < LARGEST_PICTURE
    assert svg.startswith(("<?xml", "<svg"))
    book.edit("book/good.md", 'kind="recorded"', 'kind="simulated"')
    done = book.build("-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stderr
    page = book.page("good")
    assert '<details class="pb-reference">' in page
    assert 'src="../_images/reference-fig-good.svg"' in page
    assert (book.site / "_images" / "reference-fig-good.svg").read_text() == svg
    assert (book.site / "_images" / "reference-fig-good-dark.svg").is_file()
    kept.write_bytes(b"not a picture")
    done = book.build()
    assert done.returncode != 0
    assert "fig-good.svgz is damaged" in done.stderr


def test_only_figures_that_are_there_and_small_are_kept(
    built_book: Book, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.edit("_config.yml", "      code: [src]", "      code: [src]\n      reference_figures: [fig-bad]")
    with pytest.raises(BookError, match="reference_figures: no figure 'fig-bad' drawn as SVG"):
        write_reference(read_settings(book.root), book.root / "_build")
    assert picture_of(read_settings(built_book.root), "fig-bad") is None
    path = book.root / "_build/notebooks/good.ipynb"
    text = path.read_text().replace("image/png", "image/svg+xml")
    figure = '"mystnb": {"figure": {"name": "fig-bad", "caption": "x"},'
    path.write_text(text.replace('"mystnb": {', figure, 1))
    monkeypatch.setattr("papermill_book.reference.LARGEST_PICTURE", 10)
    with pytest.raises(BookError, match="a reference figure may have 10"):
        write_reference(read_settings(book.root), book.root / "_build")
