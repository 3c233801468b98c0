"""Say where each public data set is found, and fetch what is missing.

Run before a build, ``python -m distributional_dopamine.recordings`` asks the network once and in the
terminal, not once a chapter and unseen.
"""

from __future__ import annotations

import logging
import sys

from distributional_dopamine.recordings.model import RecordingsError
from distributional_dopamine.recordings.registry import NotAvailableError, data_sets, locate


def main() -> int:
    """Find or fetch every data set, a line each; 1 if a file is not what it should be, else 0."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    status = 0
    reachable = True
    for data_set in data_sets().values():
        try:
            located = locate(data_set, allow_network=reachable)
        except NotAvailableError as error:
            reachable = False  # what did not answer once is not asked again
            print(f"{data_set.name}: not available. {error}")
        except RecordingsError as error:
            status = 1
            print(f"{data_set.name}: {error}", file=sys.stderr)
        else:
            print(f"{data_set.name}: {len(located.paths)} file(s) from the {located.origin}, checked.")
    return status


if __name__ == "__main__":
    sys.exit(main())
