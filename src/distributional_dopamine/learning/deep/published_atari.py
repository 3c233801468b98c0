"""Published results of distributional agents on 57 Atari games, each row with where it was read.

Scores are per cent of a human reference, 0 for random play and 100 for the human; the mean and the median are
over games. Tables of papers give the best agent found during training; the replication gives final medians
over five seeds, which are lower. `read` says whether the row was read in the paper itself ("primary"), in
another text that reports it ("secondary"), or taken by us off a released figure ("figure").
"""

from __future__ import annotations

import pandas as pd

__all__ = ["published_atari"]

_C51 = ("Bellemare et al. 2017, Fig. 6 with its erratum", "bellemare2017", "primary", "best during training")
_QR = ("Dabney et al. 2018a", "dabney2018qr", "secondary", "best during training")
_IQN = ("Dabney et al. 2018b", "dabney2018iqn", "secondary", "best during training")
_RAINBOW = ("Hessel et al. 2018, Table 2", "hessel2018", "secondary", "best during training")
_ZOO = ("DQN Zoo, commit 45061f4, figure", "dqnzoo2020", "figure", "end of training, 5 seeds")

# agent, whether it learns a distribution, mean, median, games above human, games above DQN, source
_ROWS: tuple[
    tuple[str, bool, float | None, float, int | None, int | None, tuple[str, str, str, str]], ...
] = (
    ("DQN", False, 228, 79, 24, 0, _C51),
    ("Double DQN", False, 307, 118, 33, 43, _C51),
    ("Dueling", False, 373, 151, 37, 50, _C51),
    ("Prioritized", False, 434, 124, 39, 48, _C51),
    ("Prioritized Dueling", False, 592, 172, 39, 44, _C51),
    # The camera-ready paper printed a mean of 1010; the erratum corrects it to 701 (Atlantis episodes had run
    # beyond thirty minutes). The median did not change.
    ("C51", True, 701, 178, 40, 50, _C51),
    ("QR-DQN-0", True, 881, 199, 38, 52, _QR),
    ("QR-DQN-1", True, 915, 211, 41, 54, _QR),
    ("QR-DQN", True, 864, 193, None, None, _IQN),
    ("IQN", True, 1019, 218, None, None, _IQN),
    ("Rainbow", True, 1189, 230, None, None, _IQN),
    ("DQN", False, None, 79, None, None, _RAINBOW),
    ("Double DQN", False, None, 117, None, None, _RAINBOW),
    ("Prioritized Double DQN", False, None, 140, None, None, _RAINBOW),
    ("Dueling Double DQN", False, None, 151, None, None, _RAINBOW),
    ("Noisy DQN", False, None, 118, None, None, _RAINBOW),
    ("Distributional DQN", True, None, 164, None, None, _RAINBOW),
    ("Rainbow", True, None, 223, None, None, _RAINBOW),
    ("DQN", False, None, 43, None, None, _ZOO),
    ("Double DQN", False, None, 89, None, None, _ZOO),
    ("Prioritized", False, None, 125, None, None, _ZOO),
    ("C51", True, None, 144, None, None, _ZOO),
    ("QR-DQN", True, None, 148, None, None, _ZOO),
    ("IQN", True, None, 172, None, None, _ZOO),
    ("Rainbow", True, None, 187, None, None, _ZOO),
)


def published_atari() -> pd.DataFrame:
    """Return the published table, one row for each agent and source.

    Returns
    -------
    pandas.DataFrame
        Columns `agent`; `distributional` (whether it learns a distribution); `mean` and `median` (per cent of
        the human reference, over games); `above_human` and `above_dqn` (number of games of 57; missing where
        not read); `source`; `citation` (key of the bibliography); `read` ("primary", "secondary" or
        "figure"); `protocol` (which score of a run counts).

    Examples
    --------
    >>> table = published_atari()
    >>> table.query("agent == 'C51' and read == 'primary'")["mean"].item()
    701.0
    """
    rows = [(*row[:-1], *row[-1]) for row in _ROWS]
    columns = ["agent", "distributional", "mean", "median", "above_human", "above_dqn"]
    table = pd.DataFrame(rows, columns=[*columns, "source", "citation", "read", "protocol"])
    counts = {"above_human": "Int64", "above_dqn": "Int64"}
    return table.astype({"mean": float, "median": float, **counts})
