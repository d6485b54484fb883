"""Output as the lines that a person saw: progress bars collapsed, colours left out, broken bytes marked."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

LINE_CHARACTERS = 4_000  # a longer line is cut, and says so
KEPT_CHARACTERS = 4 * LINE_CHARACTERS  # of a line that is not finished: controls in it are not counted yet
UNFINISHED_S = 30.0  # a line that is not finished by then is kept as it stands: a progress bar of hours is not silent

# Control sequences of terminals (colours, cursor), titles of windows, and other controls except tab. Compiled when the
# first line comes: a run does not wait for that when it begins.
CONTROLS = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
CLEARS = r"\x1b\[[0-2]?[KJ]"


class Line(NamedTuple):
    """One line, and when its last part was printed (seconds since 1970)."""

    seconds: float
    text: str


class LineAssembler:
    """Makes lines of the pieces in which output comes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._current = ""  # of the line that is not finished: what is to be seen of it
        self._overwriting = ""  # what came after the last carriage return
        self._returned = False
        self._seconds = 0.0
        self._kept_at: float | None = None  # when the line began, or was last kept unfinished
        self._moved = False  # since then

    def feed(self, data: bytes | str, seconds: float) -> list[Line]:
        """Return the lines that are finished by these bytes, or by this text."""
        text = self._decoder.decode(data) if isinstance(data, bytes) else data
        if not text:
            return []
        *finished, rest = text.split("\n")
        lines = []
        for part in finished:
            self._add(part)
            lines.append(self._finish(seconds))
        if rest:
            self._add(rest)
            self._kept_at = seconds if self._kept_at is None else self._kept_at
            self._seconds, self._moved = seconds, True
        return lines

    def unfinished(self, now: float) -> list[Line]:
        """Return what is to be seen of a line that has been open for long; at most every `UNFINISHED_S`."""
        if self._kept_at is None or now - self._kept_at < UNFINISHED_S or not self._moved:
            return []
        self._kept_at, self._moved = now, False
        text = self._seen()
        return [Line(self._seconds, text)] if text else []

    def end(self, now: float) -> list[Line]:
        """Return the last line, if it was never finished."""
        self._add(self._decoder.decode(b"", True))
        return [self._finish(now)] if self._seen() else []

    def _add(self, text: str) -> None:
        first, *returned = text.split("\r")
        self._write(first)
        for part in returned:
            self._settle()
            self._returned = True
            self._write(part)

    def _write(self, text: str) -> None:
        if self._returned:
            self._overwriting += text[:KEPT_CHARACTERS]
        elif len(self._current) <= KEPT_CHARACTERS:  # of a line that is cut anyway, the rest is not kept
            self._current += text[:KEPT_CHARACTERS]

    def _settle(self) -> None:
        """Put what came after a carriage return over what stood there, as a terminal does."""
        new, self._overwriting = self._overwriting, ""
        if new:
            old = "" if re.search(CLEARS, new) else re.sub(CONTROLS, "", self._current)
            new = re.sub(CONTROLS, "", new)
            self._current = new + old[len(new) :]

    def _seen(self) -> str:
        self._settle()
        text = re.sub(CONTROLS, "", self._current).rstrip()
        if len(text) <= LINE_CHARACTERS:
            return text
        return f"{text[:LINE_CHARACTERS]} [cut: a line keeps {LINE_CHARACTERS:,} characters]"

    def _finish(self, seconds: float) -> Line:
        text = self._seen()
        self._current, self._returned, self._kept_at = "", False, None
        return Line(seconds, text)
