"""Import this in a process that will be forked into many, each of which runs a chapter.

What nearly every chapter would else do for itself is then done once: importing this package, loading what
Numba knows of Python and NumPy, and finding and reading the fonts. No thread is started, so that forking is
safe; and JAX, which would start some, is left to the one chapter that wants it.
"""

import numpy as np
from matplotlib.figure import Figure

from distributional_dopamine import figures, tasks, widgets  # noqa: F401
from distributional_dopamine.distributions import expectiles, risk  # noqa: F401
from distributional_dopamine.evidence import (  # noqa: F401
    decoding,
    discounting,
    held_out_sign,
    light_identification,
    nulls,
    power,
    rivals,
    robustness,
    shared_spikes,
    variable_probability,
)
from distributional_dopamine.learning import (  # noqa: F401
    accounts,
    biased_learning,
    channels,
    laplace,
    opponent,
    receptors,
    temporal_difference,
    value_estimation,
)
from distributional_dopamine.recordings import simulator  # noqa: F401

expectiles(np.array([0.0, 1.0]), np.array([0.5]))
_figure = Figure(layout="constrained")
_figure.subplots().set_title("$x$")
figures.draw_svg(_figure)
