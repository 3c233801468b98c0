"""The claims under test: what was published, what this build finds, and a rule that says which holds.

A rule stands in ``published.yml`` with the verdict expected of it; a verdict is what the rule gives, never an
opinion, and one that comes out otherwise than expected fails the build. A claim that does not reproduce is a
fine thing to expect, and is shown as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from papermill_book.errors import BookError, known
from papermill_book.formatting import format_value

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_JUDGED = "not judged"
NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Claim:
    """One published statement, and how ours is judged against it."""

    id: str
    """Name of the claim; the anchor of its row."""
    chapter: str
    """The chapter that argues it."""
    result: str
    """Id of the reported result that stands against the published value."""
    statement: str
    """What was claimed, in our words."""
    published: Any
    """The published value: a number or a list of numbers."""
    published_text: str
    """The published value as it was printed."""
    cite: str
    """Key of the work in the bibliography."""
    where: str
    """Where we read it: figure, table, file."""
    read_in_paper: bool
    """Whether we read it in the work itself, or only as another source gives it."""
    rule: Mapping[str, Any]
    """Name of the rule to its argument."""
    expected: str
    """The verdict we expect: ``reproduced`` or ``not reproduced``."""
    format: str = ".3g"
    """How our number is printed."""


@dataclass(frozen=True)
class Verdict:
    """One claim beside what this build found."""

    claim: Claim
    result: Mapping[str, Any] | None
    """``{value, unit, interval, n}`` as reported; None if no chapter reported it."""
    verdict: str
    """``reproduced``, ``not reproduced``, ``not judged`` or ``not computed``."""
    reason: str
    """Why it was not judged; empty if it was."""

    @property
    def surprising(self) -> bool:
        """Whether a rule was applied and gave something else than we expect."""
        return self.verdict in (REPRODUCED, NOT_REPRODUCED) and self.verdict != self.claim.expected


def _numbers(value: Any) -> list[float]:
    return [float(item) for item in value] if isinstance(value, list) else [float(value)]


def _equals(result: Mapping[str, Any], claim: Claim, tolerance: float) -> bool:
    ours, theirs = _numbers(result["value"]), _numbers(claim.published)
    return len(ours) == len(theirs) and all(
        abs(a - b) <= tolerance for a, b in zip(ours, theirs, strict=True)
    )


def _inside_interval(result: Mapping[str, Any], claim: Claim, _: Any) -> bool:
    low, high = result["interval"]
    return bool(low <= claim.published <= high)


def _below(result: Mapping[str, Any], _: Claim, limit: float) -> bool:
    return bool(result["value"] < limit)


def _above(result: Mapping[str, Any], _: Claim, limit: float) -> bool:
    return bool(result["value"] > limit)


def _interval_above(result: Mapping[str, Any], _: Claim, limit: float) -> bool:
    return bool(result["interval"][0] > limit)


def _interval_below(result: Mapping[str, Any], _: Claim, limit: float) -> bool:
    return bool(result["interval"][1] < limit)


Rule = tuple[Callable[[Mapping[str, Any], Claim, Any], bool], str]

#: Name in ``published.yml`` to the test and to its wording on the page.
RULES: Mapping[str, Rule] = {
    "equals_within": (_equals, "equal to within {argument}"),
    "published_inside_interval": (_inside_interval, "published value inside our interval"),
    "below": (_below, "ours below {argument}"),
    "above": (_above, "ours above {argument}"),
    "interval_above": (_interval_above, "our whole interval above {argument}"),
    "interval_below": (_interval_below, "our whole interval below {argument}"),
}
_NEED_INTERVAL = {"published_inside_interval", "interval_above", "interval_below"}


def describe_rule(claim: Claim) -> str:
    """Say a claim's rule in words.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    str
    """
    parts = []
    for name, argument in claim.rule.items():
        # No tolerance at all needs no words about it.
        exact = name == "equals_within" and argument == 0
        wording = "equal" if exact else RULES[name][1]
        parts.append(wording.format(argument=format_value(argument, "g")) if "{" in wording else wording)
    return ", and ".join(parts)


def read_claims(path: Path) -> list[Claim]:
    """Read ``published.yml``.

    Parameters
    ----------
    path : Path
        May be absent: a book without claims.

    Returns
    -------
    list of Claim

    Raises
    ------
    BookError
        If an entry lacks a field, has an unknown one, names an unknown rule, or repeats an id.
    """
    if not path.is_file():
        return []
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise BookError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(entries, list):
        raise BookError(f"{path}: expected a list of claims, found {type(entries).__name__}")
    claims = [_read_claim(entry, f"{path}: claim {number}") for number, entry in enumerate(entries, 1)]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise BookError(f"{path}: two claims are called {claim.id!r}")
        seen.add(claim.id)
    return claims


def _read_claim(entry: Any, where: str) -> Claim:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
        raise BookError(f"{where}: expected a mapping with an id")
    where = f"{where} ({entry['id']})"
    needed = {"id", "chapter", "result", "statement", "published", "source", "rule", "expected"}
    for key in entry:
        if key not in needed | {"format"}:
            raise BookError(f"{where}: {key!r} is not a field. {known(str(key), needed | {'format'})}")
    missing = sorted(needed - set(entry))
    if missing:
        raise BookError(f"{where}: missing {', '.join(missing)}")
    published, source, rule = entry["published"], entry["source"], entry["rule"]
    for name, part, keys in (
        ("published", published, {"value", "text"}),
        ("source", source, {"cite", "where", "read_in_paper"}),
    ):
        if not isinstance(part, Mapping) or set(part) != keys:
            raise BookError(f"{where}: {name} is {part!r}; expected exactly {', '.join(sorted(keys))}")
    if not isinstance(rule, Mapping) or not rule:
        raise BookError(f"{where}: rule is {rule!r}; expected a mapping of rule name to argument")
    for name in rule:
        if name not in RULES:
            raise BookError(f"{where}: no rule called {name!r}. {known(str(name), RULES)}")
    if entry["expected"] not in (REPRODUCED, NOT_REPRODUCED):
        raise BookError(
            f"{where}: expected is {entry['expected']!r}; must be {REPRODUCED!r} or {NOT_REPRODUCED!r}"
        )
    return Claim(
        id=entry["id"],
        chapter=entry["chapter"],
        result=entry["result"],
        statement=entry["statement"],
        published=published["value"],
        published_text=str(published["text"]),
        cite=source["cite"],
        where=source["where"],
        read_in_paper=bool(source["read_in_paper"]),
        rule=dict(rule),
        expected=entry["expected"],
        format=entry.get("format", ".3g"),
    )


def judge(claim: Claim, results: Mapping[str, Mapping[str, Any]], not_judged: str = "") -> Verdict:
    """Hold one claim against the results of this build.

    Parameters
    ----------
    claim : Claim
    results : mapping
        Id to ``{value, unit, interval, n}``.
    not_judged : str
        Why no rule is applied in this build; empty to apply it.

    Returns
    -------
    Verdict

    Raises
    ------
    BookError
        If the rule needs an interval and none was reported.
    """
    result = results.get(claim.result)
    if result is None:
        return Verdict(claim, None, NOT_COMPUTED, f"no chapter reported {claim.result}")
    if not_judged:
        return Verdict(claim, result, NOT_JUDGED, not_judged)
    if result["value"] is None:
        return Verdict(claim, result, NOT_REPRODUCED, "the value could not be computed")
    if result["interval"] is None and _NEED_INTERVAL & set(claim.rule):
        raise BookError(
            f"claim {claim.id!r}: its rule needs an interval, but {claim.result!r} was reported without"
        )
    holds = all(RULES[name][0](result, claim, argument) for name, argument in claim.rule.items())
    return Verdict(claim, result, REPRODUCED if holds else NOT_REPRODUCED, "")


def as_json(verdicts: list[Verdict]) -> dict[str, Any]:
    """Put verdicts into the shape of ``_build/results/claims.json``.

    Parameters
    ----------
    verdicts : list of Verdict

    Returns
    -------
    dict
        Claim id to statement, published value, source, ours, rule, verdict and the expected verdict.
    """
    return {
        verdict.claim.id: {
            "chapter": verdict.claim.chapter,
            "statement": verdict.claim.statement,
            "published": {"value": verdict.claim.published, "text": verdict.claim.published_text},
            "source": {
                "cite": verdict.claim.cite,
                "where": verdict.claim.where,
                "read_in_paper": verdict.claim.read_in_paper,
            },
            "result": verdict.claim.result,
            "ours": dict(verdict.result) if verdict.result else None,
            "rule": describe_rule(verdict.claim),
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "expected": verdict.claim.expected,
        }
        for verdict in verdicts
    }
