"""What a search looks for: words in a row, whatever their capitals and what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidelog_server.errors import InvalidRequestError

PHRASE_CHARACTERS = 200
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Phrase:
    """Whole words, in small letters, that follow one another."""

    words: tuple[str, ...]

    def find(self, text: str) -> re.Match[str] | None:
        """The first place of the phrase in a text."""
        return self._expression().search(text)

    def _expression(self) -> re.Pattern[str]:
        # Between two words stands anything but letters and digits, and no end of a line. There is one way only to match
        # a text, so it takes linear time.
        return re.compile(r"\b" + r"[^\w\n]+".join(map(re.escape, self.words)) + r"\b", re.IGNORECASE)


def phrase_of(text: str) -> Phrase:
    """The phrase in what somebody typed; raises `InvalidRequestError` where there is no word in it."""
    if len(text) > PHRASE_CHARACTERS:
        raise InvalidRequestError(f"A search has up to {PHRASE_CHARACTERS} characters, not {len(text):,}.")
    words = tuple(WORD.findall(text.lower()))
    if not words:
        raise InvalidRequestError("Type a word to search for; signs alone are not looked for.")
    return Phrase(words)


def words_of(text: str) -> set[str]:
    """The words of a text in small letters."""
    return set(WORD.findall(text.lower()))
