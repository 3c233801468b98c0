"""Each check of the sources finds what it is for, and leaves alone what is in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source_checks import ROOT, broken_links, code_lines, duplicated, secrets, undocumented, unused

HERE = Path("here.py")
GOOD = '''
def scale(values: FloatArray, by: float = 2.0, *, _seen: int = 0) -> FloatArray:
    """Make it larger.

    Parameters
    ----------
    values, by
        (n,) Hz, and how many times.

    Returns
    -------
    array
        (n,) Hz
    """
'''


def test_a_function_of_arrays_says_what_it_takes_and_gives() -> None:
    assert list(undocumented(HERE, GOOD)) == []
    assert list(undocumented(HERE, GOOD.replace("values, by", "values"))) == [
        "here.py:2: scale(): the parameter 'by' is not documented"
    ]
    assert list(undocumented(HERE, GOOD.replace("values, by", "values, by, to"))) == [
        "here.py:2: scale(): the parameter 'to' is documented, but not there"
    ]
    head, _, _ = GOOD.partition("\n    Parameters")
    assert list(undocumented(HERE, head + '"""\n')) == [
        "here.py:2: scale(): say what values must be, under Parameters",
        "here.py:2: scale(): say what comes back, under Returns",
    ]
    assert list(undocumented(HERE, 'def name(of: str) -> str:\n    """Give the name."""\n')) == []


def test_blocks_of_code_stand_in_one_place() -> None:
    block = "".join(f"a{n} = f({n},\n  {n})  # {n}\n" for n in range(4))
    other = "import os\n\nif True:\n    '''Words.'''\n" + "".join(
        f"    a{n} = f({n}, {n})\n" for n in range(4)
    )
    assert code_lines(block)[1] == (3, "a1 = f ( 1 , 1 )")
    there = [(Path("a.py"), block), (Path("b.py"), other)]
    assert list(duplicated(there, 4)) == ["b.py:5: the same 4 lines of code stand at a.py:1"]
    assert list(duplicated(there, 5)) == []


def test_definitions_are_used_by_somebody() -> None:
    sources = [(HERE, "def used(): pass\n\ndef unused_one(): pass\n")]
    assert list(unused(sources, [(Path("there.py"), "used()")])) == [
        "here.py:3: nobody uses the function 'unused_one'"
    ]
    assert list(unused(sources, [(Path("there.py"), "used(unused_one)")])) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[that](README.md) and [this](#here) and [there](https://example.org/a)", None),
        ("[that] (README.md)", "a space between"),
        ("one\n\n[that](READYOU.md)", "READYOU.md: there is no such file"),
        ("![](http://example.org/a.png)", "https, not http"),
    ],
)
def test_links_lead_somewhere(text: str, message: str | None) -> None:
    found = list(broken_links(ROOT / "page.md", text))
    assert len(found) == (message is not None)
    assert message is None or message in found[0]


def test_secrets_are_seen() -> None:
    # put together here, so that this file holds none
    for text in ("ghp_" + "a1" * 18, "AKIA" + "A" * 16, "pass" + 'word = "correct-horse"'):
        assert list(secrets(HERE, f"x\n{text}\n")) == [
            "here.py:2: this looks like a key, a token or a password"
        ]
    assert list(secrets(HERE, 'password = ""\ntoken = read()\nsha256 = "' + "ab" * 32 + '"')) == []
