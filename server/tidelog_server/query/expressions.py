"""SQL expressions that SQLite and PostgreSQL spell differently. Each means the same on both, for every text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

INDEXED_CHARACTERS = 200  # of a text, in ix_attributes_text

Condition = sa.ColumnElement[bool]


class text_position(FunctionElement[int]):
    """Where in the first text the second begins, from 1; 0 if nowhere."""

    type = sa.Integer()
    inherit_cache = True


class binary_text(FunctionElement[str]):
    """A text whose order and letters are those of its bytes, whatever the database's locale."""

    type = sa.Text()
    inherit_cache = True


class items_of(FunctionElement[Any]):
    """The items of a JSON array as rows: a FROM clause with one column, `value`."""

    inherit_cache = True


@compiles(text_position)
def _strpos(element: text_position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(text_position, "sqlite")
def _instr(element: text_position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(binary_text)
def _collated(element: binary_text, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


@compiles(binary_text, "sqlite")
def _as_it_is(element: binary_text, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(items_of)
def _jsonb_elements(element: items_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSONB))"


@compiles(items_of, "sqlite")
def _json_each(element: items_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


def items(array: sa.ColumnElement[str]) -> sa.TableValuedAlias:
    """The items of a JSON array, as a FROM clause with the column `value`."""
    return items_of(array).table_valued("value", joins_implicitly=True)


def text_contains(text: sa.ColumnElement[str], part: str) -> Condition:
    """Whether the text contains the part, character for character. (LIKE ignores case on SQLite alone.)"""
    return text_position(text, sa.literal(part)) > 0


def in_ids(column: sa.ColumnElement[int], ids: Iterable[int]) -> Condition:
    """Whether the column is one of any number of ids, which travel as one parameter."""
    listed = items(sa.literal(json.dumps(list(ids))))
    return column.in_(sa.select(sa.cast(listed.c.value, sa.BigInteger)))


def ascii_lower(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The text with A to Z as a to z and all else as it is: SQLite's lower(), and PostgreSQL's for COLLATE "C"."""
    return sa.func.lower(binary_text(text))


def indexed_part(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """What the index on texts holds. The numbers are literals: an index is not found by parameters."""
    return binary_text(sa.func.substr(text, sa.literal_column("1"), sa.literal_column(str(INDEXED_CHARACTERS))))
