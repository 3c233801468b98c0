"""MATLAB 5 files, read by SciPy once their structure is known to be sound.

SciPy trusts the numbers in a file that say what comes next and how long it is: one flipped bit in them can
end the whole process, where a message was due. So every such number is checked first: known types, lengths
that fit into what holds them, as many values as the dimensions say. The format is described by MathWorks,
"MAT-File Format", in the chapter on level 5.
"""

from __future__ import annotations

import io
import math
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from distributional_dopamine.recordings.model import RecordingsError

_MATRIX, _COMPRESSED = 14, 15
_UINT32, _INT32, _INT8 = 6, 5, 1
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)  # classes double, single, int8 .. uint64
_NUMBER_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_TEXT_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 16: 1, 17: 2, 18: 4}
_COMPLEX = 0x0800
_LONGEST = 2**28  # bytes of one variable, unpacked; the public files stay below a millionth of it
_DEEPEST = 8  # structures in structures


def load_structures(path: Path, names: tuple[str, ...]) -> tuple[object, ...]:
    """Give variables of a MATLAB 5 file, or say why that cannot be done.

    Parameters
    ----------
    path
        The file.
    names
        Names of the variables.

    Returns
    -------
    tuple
        Their values as SciPy gives them, structures as objects with a field an attribute.

    Raises
    ------
    RecordingsError
        If the file cannot be read as MATLAB 5, or lacks one of the variables.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "cannot be opened"
        raise RecordingsError(f"{reason} ({error.strerror}).") from error
    try:
        check_structure(content, names)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # scipy only warns of a variable that it cannot read
            variables = loadmat(
                io.BytesIO(content), squeeze_me=True, struct_as_record=False, variable_names=list(names)
            )
    except Exception as error:  # scipy raises a dozen types on damaged files, and names none of them
        raise RecordingsError(
            f"cannot be read as a MATLAB 5 file ({error}). It is damaged, incomplete or something else; "
            "fetch it again, or save it with -v7 if it is your own."
        ) from error
    missing = [name for name in names if name not in variables]
    if missing:
        raise RecordingsError(
            f"has no variable {', '.join(missing)}; a file of this data set holds {', '.join(names)}."
        )
    return tuple(variables[name] for name in names)


def check_structure(content: bytes, names: tuple[str, ...]) -> None:
    """Check every type, length and dimension of the named variables of a MATLAB 5 file.

    Parameters
    ----------
    content
        The whole file.
    names
        Names of the variables; of others, only the heads are checked.

    Raises
    ------
    RecordingsError
        At the first number that cannot be right.
    """
    if content[126:128] not in (b"IM", b"MI") or content[:4] == bytes(4):
        raise RecordingsError("it has no MATLAB 5 header")
    order = "<" if content[126:128] == b"IM" else ">"
    if int(np.frombuffer(content, order + "u2", 1, 124)[0]) != 0x0100:
        raise RecordingsError("its header names another version than 5")
    if len(content) == 128:
        raise RecordingsError("it ends after its header")
    for element in _elements(content, 128, len(content), order, padded=False):
        inner = element
        if element.kind == _COMPRESSED:
            unpacked = _unpack(content[element.start : element.stop])
            inner = next(_elements(unpacked, 0, len(unpacked), order))
        if inner.kind != _MATRIX:
            raise RecordingsError(f"a variable is of type {inner.kind}, which is none")
        _check_matrix(inner, names, depth=0)


@dataclass(frozen=True)
class _Element:
    """A piece of a file: its type, and where its data start and stop."""

    content: bytes
    kind: int
    start: int
    stop: int
    order: str

    @property
    def n_bytes(self) -> int:
        return self.stop - self.start

    def numbers(self, kind: str) -> list[int]:
        return [int(n) for n in np.frombuffer(self.content[self.start : self.stop], self.order + kind)]


def _elements(content: bytes, at: int, end: int, order: str, *, padded: bool = True) -> Iterator[_Element]:
    """Go through the elements between two places, each with its length checked."""
    while at < end:
        if at + 8 > end:
            raise RecordingsError("it ends within the head of an element")
        first, second = (int(n) for n in np.frombuffer(content, order + "u4", 2, at))
        if first >> 16:  # up to four bytes of data, within the head itself
            kind, n_bytes, start, following = first & 0xFFFF, first >> 16, at + 4, at + 8
            if n_bytes > 4:
                raise RecordingsError(f"a short element of {n_bytes} bytes")
        else:
            kind, n_bytes, start = first, second, at + 8
            # Elements within a variable fill multiples of eight bytes; compressed variables do not.
            following = start + n_bytes + (-n_bytes % 8 if padded else 0)
        if start + n_bytes > end:
            raise RecordingsError("an element is longer than what holds it")
        yield _Element(content, kind, start, start + n_bytes, order)
        at = following


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, _LONGEST)
    if not unpacker.eof:
        raise RecordingsError("a packed variable is incomplete or too large")
    if not content:
        raise RecordingsError("a packed variable is empty")
    return content


def _check_matrix(matrix: _Element, names: tuple[str, ...] | None, depth: int) -> None:
    """Check an array, and for a structure or a cell all that it holds; ``names`` is None below the top."""
    if depth > _DEEPEST:
        raise RecordingsError("structures are nested too deeply")
    if matrix.n_bytes == 0 and names is None:
        return  # how an empty field is written
    parts = _elements(matrix.content, matrix.start, matrix.stop, matrix.order)
    flags, dimensions, name = (_next(parts) for _ in range(3))
    if (flags.kind, flags.n_bytes) != (_UINT32, 8):
        raise RecordingsError("an array has no flags")
    if dimensions.kind != _INT32 or dimensions.n_bytes not in range(8, 129, 4):
        raise RecordingsError("an array has no dimensions")
    shape = dimensions.numbers("i4")
    n_values = math.prod(shape)
    if min(shape) < 0:
        raise RecordingsError("an array has a negative dimension")
    if name.kind != _INT8:
        raise RecordingsError("an array has no name")
    if names is not None and matrix.content[name.start : name.stop].decode("latin-1") not in names:
        return
    flag = flags.numbers("u4")[0]
    array_class, is_complex = flag & 0xFF, bool(flag & _COMPLEX)
    if array_class in _NUMERIC:
        for _ in range(1 + is_complex):
            _check_data(_next(parts), n_values, _NUMBER_BYTES)
    elif array_class == _CHAR:
        data = _next(parts)
        if data.kind == 16:  # UTF-8, whose characters differ in length
            matrix.content[data.start : data.stop].decode("utf-8")
        else:
            _check_data(data, n_values, _TEXT_BYTES)
    elif array_class in (_CELL, _STRUCT):
        n_inner = n_values * (_n_fields(parts) if array_class == _STRUCT else 1)
        for _ in range(n_inner):
            inner = _next(parts)
            if inner.kind != _MATRIX:
                raise RecordingsError("a structure holds something that is no array")
            _check_matrix(inner, None, depth + 1)
    else:
        raise RecordingsError(
            f"an array is of class {array_class}, neither numbers, text, cell nor structure"
        )
    if next(parts, None) is not None:
        raise RecordingsError("an array holds more than it should")


def _next(parts: Iterator[_Element]) -> _Element:
    part = next(parts, None)
    if part is None:
        raise RecordingsError("an array ends too early")
    return part


def _n_fields(parts: Iterator[_Element]) -> int:
    """Check the names of a structure's fields and count them."""
    length, names = _next(parts), _next(parts)
    if (length.kind, length.n_bytes) != (_INT32, 4) or names.kind != _INT8:
        raise RecordingsError("a structure has no names of fields")
    longest = length.numbers("i4")[0]
    if longest < 1 or names.n_bytes % longest:
        raise RecordingsError("a structure has damaged names of fields")
    fields = [
        names.content[at : at + longest].split(b"\0")[0] for at in range(names.start, names.stop, longest)
    ]
    if len(set(fields)) < len(fields) or not all(field.isascii() for field in fields):
        raise RecordingsError("a structure has damaged names of fields")
    return len(fields)


def _check_data(data: _Element, n_values: int, sizes: dict[int, int]) -> None:
    if data.kind not in sizes:
        raise RecordingsError(f"values are of type {data.kind}, which is none")
    if data.n_bytes != n_values * sizes[data.kind]:
        raise RecordingsError(f"{n_values} values are in {data.n_bytes} bytes of type {data.kind}")
