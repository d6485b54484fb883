"""Output as the lines that a person saw: progress bars collapsed, colours left out, broken bytes marked.

Several bars at once go up and down between their rows. So a row that was written over is held back for a moment after
the newline behind it, in which the cursor may come back to it.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from typing import NamedTuple

from tidelog.console.rows import Row, shown_line

UNFINISHED_S = 30.0  # a line that is not finished by then is kept as it stands: a progress bar of hours is not silent
HELD_S = 2.0  # for so long a bar may be left for another one before it counts as finished
MOST_ROWS = 100  # that are held; and how far up the cursor comes back to

MOVE = r"\x1b\[\d{0,4}[ABEF]"  # cursor up and down, and the same to the beginning of a row
BEGUN_SEQUENCE = r"\x1b(\[\d{0,4})?\Z"


class Line(NamedTuple):
    """One line, and when its last part was printed (seconds since 1970)."""

    seconds: float
    text: str


class LineAssembler:
    """Makes lines of the pieces in which output comes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""  # a control sequence of which the rest is still to come
        self._rows = [Row()]  # those that may still change, from top to bottom
        self._at = 0  # the row that the cursor is in
        self._given: deque[str] = deque(maxlen=MOST_ROWS)  # what the rows above looked like

    def feed(self, data: bytes | str, seconds: float) -> list[Line]:
        """Return the lines that are finished by these bytes, or by this text."""
        text = self._begun + (self._decoder.decode(data) if isinstance(data, bytes) else data)
        begun = re.search(BEGUN_SEQUENCE, text)
        text, self._begun = (text[: begun.start()], begun.group()) if begun else (text, "")
        if "\x1b" in text and re.search(MOVE, text):
            return self._feed_moves(text, seconds)
        *finished, rest = text.split("\n")
        lines = [line for part in finished for line in self._finished(part, seconds)]
        self._write(rest, seconds)
        return lines

    def unfinished(self, now: float) -> list[Line]:
        """Return what was held back long enough, and what is to be seen of lines that have been open for long.

        The latter at most every `UNFINISHED_S`.
        """
        lines = self._done(now)
        for row in self._rows:
            if row.kept_at is not None and now - row.kept_at >= UNFINISHED_S and row.moved:
                row.kept_at, row.moved = now, False
                if text := row.seen():
                    lines.append(Line(row.seconds, text))
        return lines

    def end(self, now: float) -> list[Line]:
        """Return what is left: lines that were held back, and the last ones, if they were never finished."""
        self._write(self._begun + self._decoder.decode(b"", True), now)
        rows, left = self._rows, self._at
        self._begun, self._rows, self._at = "", [Row()], 0
        return [
            Line(row.seconds, row.seen())
            for number, row in enumerate(rows)
            if row.changed and (number < left or row.seen())
        ]

    def _feed_moves(self, text: str, seconds: float) -> list[Line]:
        lines: list[Line] = []
        for number, part in enumerate(re.split(f"(\n|{MOVE})", text)):
            if number % 2 == 0:
                self._write(part, seconds)
            else:
                self._move(part, seconds)
                lines += self._done(seconds)
        return lines

    def _finished(self, text: str, seconds: float) -> list[Line]:
        """Write a text and the newline behind it; the way of nearly every line is short."""
        if len(self._rows) == 1 and self._rows[0].is_new and "\r" not in text:
            seen = shown_line(text)
            self._given.append(seen)
            return [Line(seconds, seen)]
        self._write(text, seconds)
        self._go_down(seconds)
        return self._done(seconds)

    def _write(self, text: str, seconds: float) -> None:
        if text:
            self._rows[self._at].write(text, seconds)

    def _move(self, control: str, seconds: float) -> None:
        if control == "\n":
            self._go_down(seconds)
            return
        count = min(int(control[2:-1] or 1) or 1, MOST_ROWS)
        for _ in range(count):
            if control[-1] in "AF":
                self._go_up()
            else:
                self._go_down(seconds)

    def _go_down(self, seconds: float) -> None:
        row = self._rows[self._at]
        row.seconds = row.left_at = seconds
        row.kept_at = None
        self._at += 1
        if self._at == len(self._rows):
            self._rows.append(Row())
        else:
            self._rows[self._at].go_back()

    def _go_up(self) -> None:
        """Go to the row above; one that was given out already comes again if it changes."""
        if self._at:
            self._at -= 1
        else:
            self._rows.insert(0, Row(self._given.pop() if self._given else ""))
        self._rows[self._at].go_back()

    def _done(self, now: float) -> list[Line]:
        """Take out the rows above the cursor that are not held any more."""
        lines: list[Line] = []
        while self._at and self._is_done(self._rows[0], now):
            row = self._rows.pop(0)
            self._at -= 1
            text = row.seen()
            self._given.append(text)
            if row.changed:
                lines.append(Line(row.seconds, text))
        return lines

    def _is_done(self, row: Row, now: float) -> bool:
        return not row.is_bar or now - row.left_at >= HELD_S or self._at > MOST_ROWS
