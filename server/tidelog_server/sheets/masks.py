"""Masks: which runs of a sheet a query matches.

Numbers are compared here, in the columns; words are looked for in the names here; all else is asked of the database,
one condition at a time, and joined here. What a condition gave is remembered as long as no run changes.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa

from tidelog_server.query import syntax
from tidelog_server.query.conditions import condition
from tidelog_server.query.moments import parse_moment
from tidelog_server.query.scope import Scope, leaves
from tidelog_server.query.stored_values import FLOATS, spellings, to_ascii_lower
from tidelog_server.query.syntax import Aggregate, Attribute, Comparison, Subject, Words
from tidelog_server.query.value_types import ORDER, STORED, VIRTUAL
from tidelog_server.sheets.column import Column, Mask
from tidelog_server.sheets.loading import TAGS
from tidelog_server.sheets.sheet import Sheet
from tidelog_server.tables import runs

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def subjects_in(query: syntax.Query) -> set[Subject]:
    """The columns that a sheet must have for this query to be evaluated."""
    if isinstance(query, Words):
        return {Attribute(TAGS)} if query.words else set()
    numbers = (_numeric(leaf) for leaf in leaves(query))
    words: set[Subject] = {Attribute(TAGS)} if _has_words(query) else set()
    return words | {subject for subject in numbers if subject is not None}


def mask_of(connection: sa.Connection, sheet: Sheet, query: syntax.Query, scope: Scope) -> Mask:
    """The runs that match; those in the trash are not left out."""
    if isinstance(query, syntax.Not):
        return ~mask_of(connection, sheet, query.operand, scope)
    if isinstance(query, syntax.And | syntax.Or):
        join = np.logical_and if isinstance(query, syntax.And) else np.logical_or
        joined: Mask = join.reduce([mask_of(connection, sheet, operand, scope) for operand in query.operands])
        return joined
    found: Mask | None = sheet.remembered.get(query)
    if found is None:
        found = _leaf(connection, sheet, query, scope)
        if not _moves(query):
            sheet.remembered[query] = found
    return found


def _leaf(connection: sa.Connection, sheet: Sheet, query: syntax.Query, scope: Scope) -> Mask:
    if isinstance(query, Words):
        return _words(sheet, query)
    subject = _numeric(query) if isinstance(query, Comparison) else None
    if subject is not None:
        assert isinstance(query, Comparison)
        return _numbers(sheet.column(subject), query)
    matched = condition(query, scope, "collect")
    found = connection.scalars(sa.select(runs.c.id).where(runs.c.project_id == sheet.project_id, matched))
    return sheet.mask_of(found.all())


def _numeric(query: syntax.Query) -> Subject | None:
    """The column whose numbers decide a comparison, or None where numbers do not."""
    if not isinstance(query, Comparison) or query.operator not in ORDER:
        return None
    if isinstance(query.value, bool) or not isinstance(query.value, int | float):
        return None
    subject = query.subject
    if isinstance(subject, Aggregate):
        return Aggregate(subject.function, Attribute(subject.attribute.path))
    return None if subject.path in VIRTUAL else Attribute(subject.path)


def _numbers(column: Column, query: Comparison) -> Mask:
    """As `stored_values` compares a number: a NaN or an infinity, which is kept as a text, differs from all numbers."""
    holds: Mask = column.has_number & _COMPARE[query.operator](column.numbers, float(query.value))
    subject = query.subject
    if isinstance(subject, Aggregate):
        if subject.function == "last" and query.operator == "!=":
            holds |= column.has_word
        return holds
    types = STORED[subject.type or "float"]
    holds &= column.is_of(types)
    if query.operator == "!=" and subject.type != "int":
        holds |= column.has_word & column.is_of([name for name in types if name in FLOATS])
    return holds


def _words(sheet: Sheet, query: Words) -> Mask:
    if not query.words:
        return np.ones(len(sheet.rows), np.bool_)
    found = [_word(sheet, word) for word in query.words]
    joined: Mask = np.logical_and.reduce(found)
    return joined


def _word(sheet: Sheet, word: str) -> Mask:
    looked_for = spellings(word)
    texts = sheet.remembered.get("lowered")
    if texts is None:
        texts = sheet.remembered["lowered"] = list(map(to_ascii_lower, sheet.search_texts))
    if "\x1f" in word:  # it could reach from one text into the next
        named = (any(part in text for text in row.split("\x1f") for part in looked_for) for row in texts)
    elif len(looked_for) == 1:
        named = (looked_for[0] in text for text in texts)
    else:
        named = (any(part in text for part in looked_for) for text in texts)
    mask = np.fromiter(named, np.bool_, len(sheet.rows))
    tags = sheet.column(Attribute(TAGS))
    with_word = [code for code, text in enumerate(tags.words) if _is_tag_with(text, looked_for)]
    return mask | (np.isin(tags.codes, with_word) & tags.is_of(["string_set"]))


def _is_tag_with(text: str, looked_for: list[str]) -> bool:
    try:
        items = json.loads(text)
    except ValueError:
        return False
    return isinstance(items, list) and any(part in to_ascii_lower(str(item)) for item in items for part in looked_for)


def _has_words(query: syntax.Query) -> bool:
    if isinstance(query, syntax.Not):
        return _has_words(query.operand)
    if isinstance(query, syntax.And | syntax.Or):
        return any(map(_has_words, query.operands))
    return isinstance(query, Words)


def _moves(query: syntax.Query) -> bool:
    """Whether the answer may change while no run does: a time like -2d is another one every second."""
    value = query.value if isinstance(query, Comparison) else None
    return isinstance(value, str) and parse_moment(value, 0) != parse_moment(value, 1)
