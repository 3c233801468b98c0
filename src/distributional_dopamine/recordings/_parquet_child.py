"""Runs in a process of its own: reads Parquet files and leaves their columns as plain arrays.

Arguments: a folder to write to, and the files. Of file i, ``i/columns.json`` has the names of columns,
``i/j.npy`` the values of column j; where it is text, these are indices into the list in ``i/j.json``, -1 for
a missing value.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from fastparquet import ParquetFile


def unpack(path: str, folder: Path) -> None:
    """Leave the columns of one file in a folder."""
    frame = ParquetFile(path).to_pandas()
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    folder.mkdir()
    (folder / "columns.json").write_text(json.dumps([str(name) for name in frame.columns]))
    for j in range(frame.shape[1]):
        column = frame.iloc[:, j]
        if column.dtype == bool:
            np.save(folder / f"{j}.npy", column.to_numpy())
        elif pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
            values = column.to_numpy()
            if values.dtype == object:  # whole numbers of which some are missing
                values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            np.save(folder / f"{j}.npy", values)
        else:
            codes, known = pd.factorize(column.astype(object))
            words = [
                word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in known
            ]
            (folder / f"{j}.json").write_text(json.dumps(words))
            np.save(folder / f"{j}.npy", codes.astype(np.int64))


def main() -> int:
    """Unpack all files; 1, and a message on standard output, if one cannot be read."""
    warnings.simplefilter("ignore")
    for i, path in enumerate(sys.argv[2:]):
        try:
            unpack(path, Path(sys.argv[1]) / str(i))
        except BaseException as error:  # the reader's panics are no Exceptions
            print(" ".join(f"{type(error).__name__}: {error}".split())[:200])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
