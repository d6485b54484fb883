"""The parser: tokens to a tree, by recursive descent, with every check that an error can point at.

query      = words | any | nothing
any        = all { OR all }
all        = inverse { AND inverse }
inverse    = NOT inverse | "(" any ")" | exists "(" attribute ")" | comparison
comparison = subject operator value
subject    = attribute | function "(" attribute ")"
attribute  = name [ ":" type ]
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import cast

from tidelog_server.errors import QueryError
from tidelog_server.query import syntax
from tidelog_server.query.checks import problem_of_type, problem_of_value, type_of
from tidelog_server.query.syntax import FUNCTIONS, Aggregate, Attribute, Comparison, Exists, Literals, Operator, Subject
from tidelog_server.query.tokens import UNSTORABLE, Token, tokenise
from tidelog_server.query.value_types import OPERATORS, TEXT, VIRTUAL, ValueType, find_type

NESTING_LIMIT = 100  # parentheses and NOTs within one another
CONDITION_LIMIT = 100  # conditions in one query: each is a subquery
PATTERN_COUNT_LIMIT = 5  # regular expressions in one query: each reads the texts of all runs
WORD_LIMIT = 20

_BARE_NAME = re.compile(r"[\w/.\-]+")


def parse(query: str) -> syntax.Query:
    """The tree of a query. Raises `QueryError`, which says where it goes wrong and what was expected there."""
    try:
        tokens = tokenise(query)
        words = _as_words(tokens)
        return words if words is not None else _Parser(tokens).query()
    except QueryError as error:
        raise error.about(query) from None


@lru_cache(maxsize=10_000)
def parse_subject(text: str) -> Subject:
    """A column or a sort order: a path as it is, or `min(path)` and the like. Raises `QueryError`."""
    aggregate = re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", text, re.DOTALL)
    function = FUNCTIONS.get(aggregate[1].lower()) if aggregate else None
    path = _unquoted(aggregate[2] if aggregate and function else text)
    if not path or UNSTORABLE.search(path):
        message = "Expected the path of an attribute, or an aggregate such as min(path)."
        raise QueryError(message, position=0, length=max(1, len(text))).about(text)
    return Aggregate(function, Attribute(path)) if function else Attribute(path)


def _unquoted(text: str) -> str:
    text = text.strip()
    quoted = len(text) >= 2 and text[0] == text[-1] == "`"
    return text[1:-1].replace("``", "`") if quoted else text


def _as_words(tokens: list[Token]) -> syntax.Words | None:
    """A query of nothing but words, or None if there is any operator in it."""
    words = tokens[:-1]
    if any(token.keyword or token.kind in ("name", "sign") for token in words):
        return None
    if len(words) > WORD_LIMIT:
        raise QueryError(
            f"More than {WORD_LIMIT} words.", position=words[WORD_LIMIT].position, length=words[WORD_LIMIT].length
        )
    return syntax.Words(tuple(token.text for token in words if token.text))


class _Parser:
    """One pass over the tokens of one query."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._conditions = 0
        self._patterns = 0

    def query(self) -> syntax.Query:
        tree = self._any()
        if self._peek().kind != "end":
            raise _expected("AND, OR or the end of the query", self._peek())
        return tree

    def _any(self) -> syntax.Query:
        operands = [self._all()]
        while self._take_keyword("OR"):
            operands.append(self._all())
        return operands[0] if len(operands) == 1 else syntax.Or(tuple(operands))

    def _all(self) -> syntax.Query:
        operands = [self._inverse()]
        while self._take_keyword("AND"):
            operands.append(self._inverse())
        return operands[0] if len(operands) == 1 else syntax.And(tuple(operands))

    def _inverse(self) -> syntax.Query:
        token = self._peek()
        if token.keyword == "NOT":
            self._enter(self._take())
            tree: syntax.Query = syntax.Not(self._inverse())
        elif token.is_sign("("):
            self._enter(self._take())
            tree = self._any()
            self._expect_sign(")")
        else:
            return self._condition()
        self._depth -= 1
        return tree

    def _condition(self) -> syntax.Query:
        token = self._peek()
        self._conditions += 1
        if self._conditions > CONDITION_LIMIT:
            raise _error(f"More than {CONDITION_LIMIT} conditions.", token)
        if self._is_call("exists"):
            self._take()
            return Exists(self._in_parentheses())
        return self._comparison()

    def _comparison(self) -> Comparison:
        subject = self._subject()
        operator_token = self._peek()
        operator = self._operator(subject)
        self._check_operator(subject, operator, operator_token)
        value_token = self._peek()
        value = self._value(operator_token, operator)
        problem = problem_of_value(subject, operator, value)
        if problem:
            raise _error(problem, value_token)
        return Comparison(subject, operator, value)

    def _subject(self) -> Subject:
        if not self._is_call(*FUNCTIONS):
            return self._attribute()
        token = self._take()
        attribute = self._in_parentheses()
        if attribute.path in VIRTUAL or attribute.type not in (None, "float", "floatSeries"):
            raise _error(f"{token.text}() is for float series, which {attribute} is not.", token)
        return Aggregate(FUNCTIONS[token.text.lower()], attribute)

    def _in_parentheses(self) -> Attribute:
        self._expect_sign("(")
        attribute = self._attribute()
        self._expect_sign(")")
        return attribute

    def _attribute(self) -> Attribute:
        token = self._peek()
        named = token.kind == "name" or (token.keyword is None and token.kind in ("word", "number"))
        if not named or not token.text or (token.kind == "number" and not _BARE_NAME.fullmatch(token.text)):
            hint = " (a keyword is an attribute only in `backticks`)" if token.keyword else ""
            raise _expected(f"the name of an attribute{hint}", token)
        self._take()
        return Attribute(token.text, self._type_of(token.text))

    def _type_of(self, path: str) -> ValueType | None:
        if not self._peek().is_sign(":"):
            return None
        self._take()
        token = self._take()
        value_type = find_type(token.text) if token.kind == "word" else None
        if value_type is None:
            raise _expected(f"a type after : (one of {', '.join(OPERATORS)})", token)
        problem = problem_of_type(path, value_type)
        if problem:
            raise _error(problem, token)
        return value_type

    def _operator(self, subject: Subject) -> Operator:
        token = self._peek()
        if token.keyword == "NOT" and self._tokens[self._next + 1].keyword in ("CONTAINS", "MATCHES"):
            self._take()
            return cast(Operator, f"NOT {self._take().keyword}")
        if token.keyword in ("CONTAINS", "MATCHES"):
            return cast(Operator, self._take().keyword)
        if token.is_sign("=", "==", "!=", ">", ">=", "<", "<="):
            return cast(Operator, self._take().text.replace("==", "="))
        raise _expected(f"an operator after {subject} ({', '.join(TEXT)})", token)

    def _check_operator(self, subject: Subject, operator: Operator, token: Token) -> None:
        if operator.endswith("MATCHES"):
            self._patterns += 1
            if self._patterns > PATTERN_COUNT_LIMIT:
                raise _error(f"More than {PATTERN_COUNT_LIMIT} regular expressions.", token)
        value_type = type_of(subject)
        if value_type is not None and operator not in OPERATORS[value_type]:
            accepted = ", ".join(OPERATORS[value_type]) or "none: ask for exists(...)"
            raise _error(f"{operator} cannot be used with the type {value_type}, which has {accepted}.", token)

    def _value(self, operator_token: Token, operator: Operator) -> Literals:
        token = self._peek()
        if token.keyword in ("TRUE", "FALSE"):
            return self._take().keyword == "TRUE"
        if token.kind == "string":
            return self._take().text
        if token.kind == "number":
            return _number(self._take())
        wanted = f"a value after {operator}"
        if token.text.lstrip("+-").lower() in ("nan", "inf", "infinity"):
            raise _error('No number. Find such values with = "NaN", = "Infinity" or = "-Infinity".', token)
        if token.kind in ("word", "name") and not token.keyword:
            raise _expected(f'{wanted}; a text goes in quotation marks, "{token.text[:40]}"', token)
        raise _expected(f'{wanted}, such as 0.5, "text" or true', token)

    def _is_call(self, *names: str) -> bool:
        token = self._peek()
        return token.kind == "word" and token.text.lower() in names and self._tokens[self._next + 1].is_sign("(")

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            raise _error(f"Parentheses and NOTs are nested more than {NESTING_LIMIT} deep.", token)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _take_keyword(self, keyword: str) -> bool:
        found = self._peek().keyword == keyword
        if found:
            self._take()
        return found

    def _expect_sign(self, sign: str) -> None:
        token = self._peek()
        if not token.is_sign(sign):
            raise _expected(sign, token)
        self._take()


def _number(token: Token) -> int | float:
    if not math.isfinite(float(token.text)):
        raise _error("This number is too large: numbers go up to 1.8e308.", token)
    return int(token.text) if re.fullmatch(r"[+-]?[0-9]+", token.text) else float(token.text)


def _expected(what: str, found: Token) -> QueryError:
    return _error(f"Expected {what}, found {found}.", found)


def _error(message: str, token: Token) -> QueryError:
    return QueryError(message, position=token.position, length=token.length)
