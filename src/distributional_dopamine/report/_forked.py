"""Import this in the process that is forked into one for each page of a report.

What every page would else do for itself is then done once: importing this package, and loading what Numba
knows of Python and NumPy. No thread is started, so that forking is safe.
"""

import numpy as np

from distributional_dopamine.evidence import (  # noqa: F401
    diagnostics,
    held_out_sign,
    nulls,
    reversal_points,
    sign_tests,
    split_half,
    verdict,
)
from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.report import decoded, drawing, prepared, sessions, tables, words  # noqa: F401

verdict.verdict_statistics(
    ResponseArrays(("a",), (1.0, 2.0), np.zeros(4), np.array([0, 2, 4]), np.zeros(4, dtype=np.bool_)),
    np.random.default_rng(0),
    n_splits=1,
)
