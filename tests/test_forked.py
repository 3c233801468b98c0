"""What chapters' kernels are forked from: it must be safe to fork."""

from __future__ import annotations

import json
import subprocess
import sys


def test_it_starts_no_thread_and_leaves_out_what_would():
    script = (
        "import json, sys, threading, distributional_dopamine._forked; import matplotlib as mpl;"
        "print(json.dumps([threading.active_count(), 'jax' in sys.modules, "
        "'matplotlib.pyplot' in sys.modules and bool(sys.modules['matplotlib.pyplot'].get_fignums()),"
        "mpl.rcParams == mpl.rcParamsOrig]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    threads, jax, figures, untouched = json.loads(done.stdout)
    assert threads == 1
    assert not jax
    assert not figures
    assert untouched  # a chapter sets its style itself
