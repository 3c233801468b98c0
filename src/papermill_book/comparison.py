"""One build beside the reference build: what differs, by how much, how much may, and why it might.

Where sources, data, parameters, Python, locked packages and machine are those of the reference, every result
must be the same to the last bit. Elsewhere the last digits of a number depend on the machine and on the
versions of the libraries; then a result may differ within its tolerance. Whatever is no floating-point number
(a count, a boolean, a name, n) must be the same everywhere, unless a tolerance says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from papermill_book.errors import BookError, known
from papermill_book.provenance import combine


@dataclass(frozen=True)
class Tolerance:
    """How far a result may lie from the reference: the largest of the four that apply."""

    relative: float = 1e-6
    """Share of the larger of the two. Sums of a million terms lose six of sixteen digits at worst, optimisers
    stop at 1e-8: what is left agrees to six digits."""
    absolute: float = 1e-9
    """For numbers that are zero but for rounding."""
    widths: float = 0.0
    """Widths of the reference's own interval, for a result that has one."""
    count: int = 0
    """For whole numbers."""
    text: bool = False
    """Whether words may differ, such as a range that was put into words."""
    why: str = ""
    """Why this result may differ by more than rounding."""

    def allows(self, ours: Any, reference: Any, width: float) -> float:
        """How far `ours` may be from `reference`; 0 where they must be equal."""
        if isinstance(reference, bool) or isinstance(ours, bool):
            return 0.0
        if isinstance(reference, str) and isinstance(ours, str):
            return math.inf if self.text else 0.0
        if isinstance(reference, int) and isinstance(ours, int):
            return self.count
        if isinstance(reference, int | float) and isinstance(ours, int | float):
            return max(self.absolute, self.relative * max(abs(ours), abs(reference)), self.widths * width)
        return 0.0


@dataclass(frozen=True)
class Difference:
    """One part of a result that is not what it is in the reference."""

    result: str
    """Id of the result."""
    part: str
    """``value``, ``low``, ``high``, ``n`` or ``unit``; ``reported`` if one of the two builds lacks it."""
    ours: Any
    reference: Any
    apart: float | None
    """Absolute difference; None where the two are not numbers."""
    allowed: float
    """The tolerance that applied."""

    @property
    def off(self) -> bool:
        """Whether it is outside its tolerance."""
        return (math.inf if self.apart is None else self.apart) > self.allowed


@dataclass(frozen=True)
class ChapterComparison:
    """The results of one chapter beside the reference."""

    chapter: str
    reasons: tuple[str, ...]
    """All that is not as in the reference, and so might explain a difference."""
    not_compared: str
    """Why the two cannot be compared: other data, other parameters; empty if they are."""
    n_results: int
    """Results of this chapter in this build or in the reference."""
    n_identical: int
    """Results that are the same to the last bit."""
    differences: tuple[Difference, ...] = ()

    @property
    def n_off(self) -> int:
        """Results with a part outside its tolerance."""
        return len({one.result for one in self.differences if one.off})

    @property
    def exact(self) -> bool:
        """Whether nothing explains a difference, so that none is allowed."""
        return not self.reasons


@dataclass(frozen=True)
class Comparison:
    """A build beside the reference."""

    chapters: tuple[ChapterComparison, ...]
    claims_not_compared: tuple[str, ...] = field(default=())
    """Ids of the claims whose result belongs to a chapter that could not be compared."""

    @property
    def n_compared(self) -> int:
        """Results that were held against the reference."""
        return sum(one.n_results for one in self.chapters if not one.not_compared)

    @property
    def good(self) -> bool:
        """Whether something was compared, and nothing is outside its tolerance."""
        return self.n_compared > 0 and not any(one.n_off for one in self.chapters)


def read_tolerances(config: Mapping[str, Any]) -> dict[str, Tolerance]:
    """Read the tolerances of a book's configuration.

    Parameters
    ----------
    config : mapping
        Pattern of result ids, as of file names, to the fields of `Tolerance`, ``why`` among them.

    Returns
    -------
    dict of str to Tolerance

    Raises
    ------
    BookError
        If a field is not known, is below zero, or no reason is given.
    """
    fields = set(Tolerance.__dataclass_fields__)
    tolerances = {}
    for pattern, values in config.items():
        where = f"_config.yml: papermill_book.tolerances: {pattern}"
        if not isinstance(values, Mapping) or not values.get("why"):
            raise BookError(f"{where}: expected a mapping, with a reason under 'why'")
        for name, value in values.items():
            if name not in fields:
                raise BookError(f"{where}: {name!r} is not a field. {known(str(name), fields)}")
            if name not in ("why", "text") and (not isinstance(value, int | float) or value < 0):
                raise BookError(f"{where}: {name} is {value!r}; expected a number from 0 up")
        tolerances[pattern] = Tolerance(**values)
    return tolerances


def describe_making(
    records: Sequence[Mapping[str, Any]], locked: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Say what a build was made of and with, in the form that two builds are compared by.

    Parameters
    ----------
    records : sequence of mapping
        The records of its chapters, as `papermill_book.provenance.make_record` gives them.
    locked : mapping
        Names of the packages that the lock pins; what else is installed plays no part.

    Returns
    -------
    dict
        Ready for JSON.
    """
    first = records[0]
    return {
        "git": first["git"],
        "profile": first["profile"],
        "code": first["code"]["sha256"],
        "python": first["python"],
        "machine": first["machine"],
        "packages": {name: version for name, version in first["packages"].items() if name in locked},
        "chapters": {
            record["chapter"]: {
                "source": record["source"]["sha256"],
                "parameters": record["parameters"],
                "data": {
                    part["name"]: combine(part["files"]) if part["kind"] == "recorded" else part["kind"]
                    for part in record["data"]
                },
            }
            for record in records
        },
    }


def _changed(what: str, ours: Any, reference: Any) -> str:
    return f"{what} {ours} instead of {reference}"


def compare_making(
    ours: Mapping[str, Any], reference: Mapping[str, Any], chapter: str
) -> tuple[tuple[str, ...], str]:
    """Find what might explain that a chapter's results differ from the reference.

    Parameters
    ----------
    ours, reference : mapping
        As `describe_making` gives them.
    chapter : str

    Returns
    -------
    reasons : tuple of str
        Empty if everything is the same.
    not_compared : str
        Why the results cannot be compared at all; empty if they can.
    """
    mine, theirs = ours["chapters"].get(chapter), reference["chapters"].get(chapter)
    if mine is None or theirs is None:
        return ("a chapter that only one of the two has",), ""
    not_comparable = []
    if mine["data"] != theirs["data"]:
        simulated = "simulated" in mine["data"].values() and "simulated" not in theirs["data"].values()
        not_comparable.append("simulated data instead of recorded" if simulated else "other data")
    for name in sorted(mine["parameters"].keys() | theirs["parameters"].keys()):
        pair = mine["parameters"].get(name), theirs["parameters"].get(name)
        if pair[0] != pair[1]:
            not_comparable.append(_changed(f"parameter {name} =", *pair))
    reasons = []
    if mine["source"] != theirs["source"]:
        reasons.append("the chapter was edited")
    if ours["code"] != reference["code"]:
        reasons.append("the code was changed")
    if ours["python"] != reference["python"]:
        reasons.append(_changed("Python", ours["python"], reference["python"]))
    for name in sorted(ours["packages"].keys() | reference["packages"].keys()):
        versions = ours["packages"].get(name, "none"), reference["packages"].get(name, "none")
        if versions[0] != versions[1]:
            reasons.append(_changed(name, *versions))
    for name in sorted(ours["machine"].keys() | reference["machine"].keys()):
        pair = ours["machine"].get(name), reference["machine"].get(name)
        if pair[0] != pair[1]:
            reasons.append(_changed(name, *pair))
    return (*not_comparable, *reasons), "; ".join(not_comparable)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _same(ours: Any, reference: Any) -> bool:
    # 1, 1.0 and True are equal in Python, and three different results
    return repr(ours) == repr(reference)


def compare_result(
    name: str, ours: Mapping[str, Any] | None, reference: Mapping[str, Any] | None, tolerance: Tolerance
) -> list[Difference]:
    """Compare one result, part by part.

    Parameters
    ----------
    name : str
    ours, reference : mapping or None
        ``{value, unit, interval, n}``; None if that build does not report it.
    tolerance : Tolerance

    Returns
    -------
    list of Difference
        Empty if the two are identical. Of a list, the element that is farthest beyond its tolerance.
    """
    if ours is None or reference is None:
        words = ["reported" if result is not None else "not reported" for result in (ours, reference)]
        return [Difference(name, "reported", words[0], words[1], None, 0.0)]
    bounds = reference["interval"] or [None, None]
    plain = all(isinstance(bound, int | float) for bound in bounds)
    width = float(bounds[1] - bounds[0]) if plain else 0.0
    low, high = ours["interval"] or [None, None]
    parts = {
        "value": (ours["value"], reference["value"]),
        "low": (low, bounds[0]),
        "high": (high, bounds[1]),
        "n": (ours["n"], reference["n"]),
        "unit": (ours["unit"], reference["unit"]),
    }
    differences = []
    for part, (mine, theirs) in parts.items():
        if _same(mine, theirs):
            continue
        pairs = list(zip(_flat(mine), _flat(theirs), strict=False))
        if len(list(_flat(mine))) != len(list(_flat(theirs))):
            differences.append(Difference(name, part, mine, theirs, None, 0.0))
            continue
        found = [
            _difference(name, part, a, b, tolerance.allows(a, b, width)) for a, b in pairs if not _same(a, b)
        ]
        differences.append(max(found, key=_severity))
    return differences


def _severity(difference: Difference) -> float:
    if difference.apart is None:
        return math.inf if difference.off else 0.0
    return difference.apart - difference.allowed


def _difference(name: str, part: str, ours: Any, reference: Any, allowed: float) -> Difference:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (ours, reference))
    # a count that became a fraction is no longer the same kind of thing
    same_kind = isinstance(ours, int) == isinstance(reference, int)
    apart = abs(ours - reference) if numbers and same_kind else None
    return Difference(name, part, ours, reference, apart, allowed)


def compare_builds(
    ours: Mapping[str, Mapping[str, Mapping[str, Any]]],
    reference: Mapping[str, Mapping[str, Mapping[str, Any]]],
    our_making: Mapping[str, Any],
    reference_making: Mapping[str, Any],
    tolerances: Mapping[str, Tolerance],
) -> tuple[ChapterComparison, ...]:
    """Compare all results of two builds.

    Parameters
    ----------
    ours, reference : mapping
        Chapter to result id to ``{value, unit, interval, n}``.
    our_making, reference_making : mapping
        As `describe_making` gives them.
    tolerances : mapping of str to Tolerance
        Pattern of ids to tolerance; the first that fits holds, and `Tolerance` as it stands if none does.

    Returns
    -------
    tuple of ChapterComparison
        In the order of `ours`, then those that only the reference has.
    """
    chapters = []
    for chapter in dict.fromkeys([*ours, *reference]):
        mine, theirs = ours.get(chapter, {}), reference.get(chapter, {})
        reasons, not_compared = compare_making(our_making, reference_making, chapter)
        names = sorted(mine.keys() | theirs.keys())
        differences: list[Difference] = []
        n_identical = 0
        for name in names if not not_compared else ():
            tolerance = next(
                (one for pattern, one in tolerances.items() if fnmatchcase(name, pattern)), Tolerance()
            )
            if not reasons:
                tolerance = Tolerance(relative=0.0, absolute=0.0)
            found = compare_result(name, mine.get(name), theirs.get(name), tolerance)
            n_identical += not found
            differences += found
        chapters.append(
            ChapterComparison(chapter, reasons, not_compared, len(names), n_identical, tuple(differences))
        )
    return tuple(chapters)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def describe(comparison: Comparison, n_rows: int = 40) -> str:
    """Put a comparison into words and a table, for a terminal.

    Parameters
    ----------
    comparison : Comparison
    n_rows : int
        Differences to list; those outside their tolerance come first.

    Returns
    -------
    str
    """
    lines = [f"{'chapter':44} results identical  within  off"]
    for one in comparison.chapters:
        if one.not_compared:
            lines.append(f"{one.chapter:44} {one.n_results:7} not compared: {_shortened(one.not_compared)}")
        else:
            n_within = one.n_results - one.n_identical - one.n_off
            lines.append(
                f"{one.chapter:44} {one.n_results:7} {one.n_identical:9} {n_within:7} {one.n_off:4}"
                + ("  (none may differ)" if one.exact else "")
            )
    shared: dict[tuple[str, ...], list[str]] = {}
    for one in comparison.chapters:
        if one.reasons and not one.not_compared:
            shared.setdefault(one.reasons, []).append(one.chapter)
    for reasons, chapters in shared.items():
        where = "all chapters compared" if len(shared) == 1 else ", ".join(chapters)
        lines += ["", f"What might explain differences ({where}):", *(f"  {reason}" for reason in reasons)]
    differences = [one for chapter in comparison.chapters for one in chapter.differences]
    differences.sort(key=lambda one: (-one.off, -_severity(one), one.result, one.part))
    if differences:
        lines += [
            "",
            f"{'result':52} {'part':8} {'this build':>14} {'reference':>14} {'apart':>9} {'allowed':>9}",
        ]
        for difference in differences[:n_rows]:
            apart = "-" if difference.apart is None else f"{difference.apart:.1e}"
            lines.append(
                f"{difference.result:52} {difference.part:8} {_shortened(_number(difference.ours), 14):>14} "
                f"{_shortened(_number(difference.reference), 14):>14} {apart:>9} {difference.allowed:9.1e}"
                + (" OFF" if difference.off else "")
            )
        if len(differences) > n_rows:
            lines.append(f"and {len(differences) - n_rows} more")
    if comparison.claims_not_compared:
        lines += ["", "Claims whose results could not be compared:"]
        lines += [f"  {claim}" for claim in comparison.claims_not_compared]
    n_off = sum(one.n_off for one in comparison.chapters)
    if not comparison.n_compared:
        verdict = "nothing could be compared with the reference"
    elif n_off:
        verdict = f"{n_off} of {comparison.n_compared} results are not what the reference has"
    else:
        verdict = f"{comparison.n_compared} results agree with the reference"
    n_left = sum(one.n_results for one in comparison.chapters if one.not_compared)
    return "\n".join([*lines, "", verdict + (f"; {n_left} could not be compared" if n_left else "")])


def _shortened(text: str, width: int = 90) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
