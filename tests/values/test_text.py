"""What a stranger says, as one line for people."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chadsdk.text import one_line

_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x1b\u202e\u2066\r\n"))))
def test_no_line_breaks_commands_or_turns(text: str) -> None:
    """Whatever it holds: no control, no line break, no mark that turns the reading direction of what follows."""
    line = one_line(text)
    assert not {unicodedata.bidirectional(each) for each in line} & _TURNING
    assert not [each for each in line if unicodedata.category(each) in {"Cc", "Zl", "Zp"}]
    assert len(f"{line}.".splitlines()) == 1
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Mix \u202evaw.exe", "Mix vaw.exe"),
        ("a\x1b[2Jb", "a [2Jb"),
        (" a\t\r\n b ", "a b"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
    ],
)
def test_what_is_left(text: str, line: str) -> None:
    """An override goes, a control is a space, and right-to-left script itself is left alone."""
    assert one_line(text) == line
