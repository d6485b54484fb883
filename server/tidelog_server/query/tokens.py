"""Tokens: the words, texts, numbers and signs of a query, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tidelog_server.errors import QueryError

LENGTH_LIMIT = 10_000  # characters; keeps the number of conditions, and so the SQL, small
KEYWORDS = frozenset({"AND", "OR", "NOT", "CONTAINS", "MATCHES", "TRUE", "FALSE"})

Kind = Literal["word", "name", "string", "number", "sign", "end"]

# A number ends where no letter of a bare name follows: `3` is a number, `3d/acc` and `2026-01-01` are words.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w/.\-]))
  | (?P<word>[\w/.\-]+)
  | (?P<name>`(?:[^`]|``)*`)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<sign>==|!=|>=|<=|=|>|<|\(|\)|:)
    """,
    re.VERBOSE | re.DOTALL,
)
# A backslash quotes itself and quotation marks. Before anything else it stands for itself, so "\d+" needs no doubling.
_ESCAPE = re.compile(r"\\([\\\"'])")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database can hold these in a text, so no value has them


@dataclass(frozen=True)
class Token:
    """A piece of a query. `text` is what it means: without quotation marks, escapes resolved."""

    kind: Kind
    text: str
    position: int
    length: int

    @property
    def keyword(self) -> str | None:
        """The keyword that this word is, in capitals."""
        return self.text.upper() if self.kind == "word" and self.text.upper() in KEYWORDS else None

    def is_sign(self, *signs: str) -> bool:
        """Whether this is one of these signs."""
        return self.kind == "sign" and self.text in signs

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the query"
        text = self.text if len(self.text) <= 40 else self.text[:40] + "..."
        return {"name": f"`{text}`", "string": f'"{text}"'}.get(self.kind, text)


def tokenise(query: str) -> list[Token]:
    """Cut a query into tokens, the last of which is the end. Raises `QueryError`."""
    if len(query) > LENGTH_LIMIT:
        raise QueryError(f"The query is longer than {LENGTH_LIMIT:,} characters.", position=LENGTH_LIMIT)
    unstorable = UNSTORABLE.search(query)
    if unstorable:
        raise QueryError(
            f"A query cannot contain the character U+{ord(unstorable[0]):04X}.", position=unstorable.start()
        )
    tokens, position = [], 0
    while position < len(query):
        found = _TOKEN.match(query, position)
        if found is None:
            raise _unknown(query, position)
        if found.lastgroup != "space":
            tokens.append(_token(found))
        position = found.end()
    return [*tokens, Token("end", "", len(query), 1)]


def _token(found: re.Match[str]) -> Token:
    kind, text = found.lastgroup, found[0]
    position, length = found.start(), len(text)
    if kind == "name":
        return Token("name", text[1:-1].replace("``", "`"), position, length)
    if kind == "string":
        return Token("string", _ESCAPE.sub(r"\1", text[1:-1]), position, length)
    if kind == "number":
        return Token("number", text, position, length)
    return Token("word" if kind == "word" else "sign", text, position, length)


def _unknown(query: str, position: int) -> QueryError:
    character = query[position]
    rest = len(query) - position
    if character in "\"'":
        return QueryError(f"This text has no closing {character}.", position=position, length=rest)
    if character == "`":
        return QueryError("This attribute name has no closing `.", position=position, length=rest)
    message = (
        f"Unexpected {character}. Put texts in quotation marks and attribute names with such characters in `backticks`."
    )
    return QueryError(message, position=position)
