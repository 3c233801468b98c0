"""Hold a crate against its profile, offline: ``python -m tests.papermill_book.crate_profile FILE``.

The validator asks the web for the context of RO-Crate 1.1. The same file lies in the package that writes our
crates, so it is laid into the validator's cache first.
"""

from __future__ import annotations

import io
import sys
import tempfile
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

import requests
from requests_cache import CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_NEEDS_WEB = "Web-based Data Entity: resource availability"


class _FromPackage(requests.adapters.BaseAdapter):
    """Answers for the web, with the context as the installed package has it."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        context = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
        assert f'"@id": "{_CONTEXT}"'.encode() in context, "this rocrate has another context: requirements.in"
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, _CONTEXT, request
        answer.headers["Content-Type"] = "application/ld+json"
        answer.raw = HTTPResponse(io.BytesIO(context), headers=answer.headers, preload_content=False)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def _seed(cache: Path) -> None:
    with CachedSession(str(cache), backend="sqlite") as session:
        session.mount(_CONTEXT, _FromPackage())
        session.get(_CONTEXT, headers={"Accept": "application/ld+json, application/json, */*;q=0.1"})


def problems_of(crate: Path) -> list[str]:
    """Check a crate against Process Run Crate, required and recommended.

    Parameters
    ----------
    crate : Path
        The zip file.

    Returns
    -------
    list of str
        What is wrong, a line each, sorted; empty if nothing is. Whether addresses answer is not asked.
    """
    with tempfile.TemporaryDirectory(prefix="crate-check-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the validator's own
        cache = Path(folder) / "cache"
        _seed(cache)
        result = validate(
            ValidationSettings(
                rocrate_uri=str(crate),
                profile_identifier="process-run-crate",
                requirement_severity=Severity.RECOMMENDED,
                cache_path=cache,
                offline=True,
            )
        )
        return sorted(
            f"{issue.check.identifier} ({issue.severity.name}): {issue.message} [{issue.violatingEntity}]"
            for issue in result.get_issues(Severity.RECOMMENDED)
            if issue.check.name != _NEEDS_WEB
        )


if __name__ == "__main__":
    found = problems_of(Path(sys.argv[1]))
    print("\n".join(found) or f"{sys.argv[1]}: nothing to mend, required or recommended")
    sys.exit(bool(found))
