"""One row of the screen that output makes: what is to be seen of it, whatever was written over what."""

from __future__ import annotations

import re

LINE_CHARACTERS = 4_000  # a longer line is cut, and says so
KEPT_CHARACTERS = 4 * LINE_CHARACTERS  # of a line that is not finished: controls in it are not counted yet

# Control sequences of terminals (colours, cursor), titles of windows, and other controls except tab. Compiled when the
# first line comes: a run does not wait for that when it begins.
CONTROLS = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
CLEARS = r"\x1b\[[0-2]?[KJ]"


class Row:
    """A new row, or with the text that it was given out with, one that the cursor has come back to."""

    def __init__(self, given: str | None = None) -> None:
        self._text = given or ""  # what is to be seen of it
        self._overwriting = ""  # what came after the last return to its beginning
        self._returned = False
        self._overwritten = False
        self.changed = given is None  # since it was given out
        self.seconds = 0.0  # when its last part was printed
        self.left_at = 0.0  # when a newline last led away from it
        self.kept_at: float | None = None  # when it began, or was last kept unfinished
        self.moved = False  # since then

    def write(self, text: str, seconds: float) -> None:
        """Write from where the cursor is; carriage returns lead back to the beginning."""
        first, *returned = text.split("\r")
        self._put(first)
        for part in returned:
            self.go_back()
            self._put(part)
        self.kept_at = seconds if self.kept_at is None else self.kept_at
        self.seconds, self.moved = seconds, True

    def go_back(self) -> None:
        """Go to the beginning: what is written from now on takes the place of what is there."""
        self._settle()
        self._returned = True

    @property
    def is_new(self) -> bool:
        """Whether nothing was written to it yet."""
        return self.changed and self.kept_at is None and not self._returned

    @property
    def is_bar(self) -> bool:
        """Whether it was written over, as progress bars are."""
        self._settle()
        return self._overwritten

    def seen(self) -> str:
        """Return what is to be seen."""
        self._settle()
        return shown_line(self._text)

    def _put(self, text: str) -> None:
        if text:
            self.changed = True
        if self._returned:
            if len(self._overwriting) <= KEPT_CHARACTERS:  # of a line that is cut anyway, the rest is not kept
                self._overwriting += text[:KEPT_CHARACTERS]
        elif len(self._text) <= KEPT_CHARACTERS:
            self._text += text[:KEPT_CHARACTERS]

    def _settle(self) -> None:
        """Put what came after a return over what stood there, as a terminal does."""
        if self._overwriting:
            new, self._overwriting = self._overwriting, ""
            old = "" if re.search(CLEARS, new) else re.sub(CONTROLS, "", self._text)
            new = re.sub(CONTROLS, "", new)
            self._text = new + old[len(new) :]
            self._overwritten = True


def shown_line(text: str) -> str:
    """Return what is to be seen of a text without carriage returns, cut where it is very long."""
    text = re.sub(CONTROLS, "", text[: KEPT_CHARACTERS + LINE_CHARACTERS]).rstrip()
    if len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]} [cut: a line keeps {LINE_CHARACTERS:,} characters]"
