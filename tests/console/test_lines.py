"""What becomes of output on its way to lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog.console.lines import LINE_CHARACTERS, UNFINISHED_S, LineAssembler


def lines_of(*pieces: bytes | str) -> list[str]:
    """Return the lines that these pieces make."""
    assembler = LineAssembler()
    found = [line for number, piece in enumerate(pieces) for line in assembler.feed(piece, float(number))]
    return [line.text for line in [*found, *assembler.end(100.0)]]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["one\ntwo\n"], ["one", "two"]),
        (["on", "e\ntw", "o"], ["one", "two"]),
        (["a\r\nb\r\n"], ["a", "b"]),
        (["a\r", "\nb"], ["a", "b"]),
        (["\n\n"], ["", ""]),
        (["  1%|   |\r 50%|=  |\r100%|===|\n"], ["100%|===|"]),
        (["\r  1%", "\r 50", "%", "\r100%", "\ndone\n"], ["100%", "done"]),
        (["epoch 10 of 10\rshort\n"], ["short 10 of 10"]),  # as a terminal leaves it
        (["epoch 10 of 10\rshort\x1b[K\n"], ["short"]),
        (["\x1b[31mred\x1b[0m and \x1b]0;title\x07plain\tend\n"], ["red and plain\tend"]),
        ([b"caf\xc3", b"\xa9\n"], ["caf\u00e9"]),
        ([b"a\xffb\n"], ["a\ufffdb"]),
        ([b"half \xe2\x82"], ["half \ufffd"]),
        (["nul\x00 and bell\x07\n"], ["nul and bell"]),
    ],
)
def test_lines_are_those_that_a_person_saw(pieces: list[bytes | str], lines: list[str]) -> None:
    """Progress bars as they stood last, no colours, and broken bytes marked."""
    assert lines_of(*pieces) == lines


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_where_output_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    """Pieces end anywhere: within a character, within a line."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(edges)]
    assert lines_of(*pieces) == lines_of(data)


def test_a_long_line_is_cut_and_says_so() -> None:
    """However it comes, its memory stays bounded."""
    [line] = lines_of(*["x" * 1_000_000] * 3, "\n")
    assert line.startswith("x" * LINE_CHARACTERS + " [cut")
    [bar] = lines_of("\r" + "y" * 1_000_000, "\n")
    assert len(bar) < LINE_CHARACTERS + 100


def test_a_line_has_the_time_of_its_end() -> None:
    """Seconds since 1970, of its last piece."""
    assembler = LineAssembler()
    assembler.feed("begun ", 1.0)
    assert [tuple(line) for line in assembler.feed("and ended\n", 2.0)] == [(2.0, "begun and ended")]


def test_a_progress_bar_of_hours_is_kept_now_and_then() -> None:
    """As it stands, if it moved: the last state is not all that is ever seen."""
    assembler = LineAssembler()
    assembler.feed("\r 1%", 0.0)
    assert assembler.unfinished(UNFINISHED_S / 2) == []
    assembler.feed("\r 7%", UNFINISHED_S)
    assert [line.text for line in assembler.unfinished(UNFINISHED_S)] == [" 7%"]
    assert assembler.unfinished(3 * UNFINISHED_S) == []
    assembler.feed("\r 9%\n", 4 * UNFINISHED_S)
    assert assembler.unfinished(9 * UNFINISHED_S) == []
