"""What becomes of output on its way to lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog.console.lines import HELD_S, UNFINISHED_S, LineAssembler
from tidelog.console.rows import LINE_CHARACTERS


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
    assert [line.text for line in assembler.unfinished(9 * UNFINISHED_S)] == [" 9%"]
    assert assembler.unfinished(9 * UNFINISHED_S) == []


TQDM = "\rtrain: 0%" + "".join(
    f"\n\rval {epoch}: 0%\x1b[A\n\rval {epoch}: 50%\x1b[A\n\rval {epoch}: 99%\x1b[A{end}\rtrain: {epoch + 1}0%"
    for epoch, end in enumerate(["\n\r          \x1b[A", "\n\r          \x1b[A"])
)
RICH = "\x1b[?25l\r\x1b[2Ktrain 0%\nval   0%" + "".join(
    f"\r\x1b[2K\x1b[1A\x1b[2K{printed}train {part}%\nval   {part}%"
    for part, printed in ((10, ""), (20, "a line\n"), (30, ""))
)


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        (f"{TQDM}\ndone\n", ["train: 20%", "done"]),
        (TQDM, ["train: 20%"]),
        (
            TQDM.replace("\n\r          \x1b[A", "\rval: 99%, stays\n"),
            ["val: 99%, stays", "val: 99%, stays", "train: 20%"],
        ),
        (f"{RICH}\n\x1b[?25h", ["a line", "train 30%", "val   30%"]),
        ("one\n\x1b[1Atwo\n", ["one", "two"]),  # a plain line is given out at once, and again if it changes
        ("one\n\x1b[1A\nthree\n", ["one", "three"]),
        ("\x1b[3Aone\n", ["one"]),
        (f"one\x1b[{'9' * 5_000}A two\n", ["one two"]),
        ("a\rA\nb\rB\nc\rC\x1b[2F*\x1b[1E+\x1b[B\n", ["*", "+", "C"]),
    ],
)
def test_bars_above_each_other_are_as_they_stood_last(printed: str, lines: list[str]) -> None:
    """tqdm with a position, rich, and others that move the cursor between rows, wherever their output is cut."""
    assert texts(printed) == texts(*printed) == lines


def texts(*pieces: str) -> list[str]:
    """Return the lines of pieces that come in one moment."""
    assembler = LineAssembler()
    return [
        line.text for line in [*(line for piece in pieces for line in assembler.feed(piece, 0.0)), *assembler.end(1.0)]
    ]


def test_a_bar_is_held_back_only_for_a_moment() -> None:
    """It may be left for another bar; then what came behind it follows in its order."""
    assembler = LineAssembler()
    assert assembler.feed("\r100%\nplain\n", 0.0) == []
    assert assembler.unfinished(HELD_S / 2) == []
    assert [tuple(line) for line in assembler.unfinished(HELD_S)] == [(0.0, "100%"), (0.0, "plain")]
    assert [line.text for line in assembler.feed("more\n", HELD_S)] == ["more"]
    assert len(assembler.feed("\rbar\n" * 1_000, HELD_S)) > 800
