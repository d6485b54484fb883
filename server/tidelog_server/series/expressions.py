"""Expressions over metrics: `train/loss - val/loss`, `log10(lr)`, `` 100 * (1 - `val/top-1`) ``.

A name with slashes is one metric; a slash that divides stands between spaces or beside a number or a bracket. A metric
whose name has other characters stands in backticks. An expression is evaluated in two ways: on the values of the steps
that all its metrics have, exactly; or on what is known of their extremes, which gives bounds that no value leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Union

import numpy as np

from tidelog_server.errors import InvalidRequestError
from tidelog_server.series.points import Floats

MAX_CHARACTERS = 1_000
MAX_METRICS = 8
MAX_DEPTH = 40


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    value: float


@dataclass(frozen=True)
class Metric:
    """The value of a series."""

    path: str


@dataclass(frozen=True)
class Call:
    """A function or an operator, with what it is applied to."""

    name: str
    arguments: tuple[Expression, ...]


Expression = Union[Number, Metric, Call]  # noqa: UP007 - evaluated when Call is not there yet


@dataclass(frozen=True)
class Bounds:
    """Numbers of which only the least and the greatest that they may be are known."""

    low: Floats
    high: Floats


def parse(text: str) -> Expression:
    """The expression that `text` is. `InvalidRequestError` says what is wrong and where."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequestError(f"The expression is longer than {MAX_CHARACTERS:,} characters.")
    parser = _Parser(text)
    found = parser.whole()
    if not (paths := metrics_of(found)):
        raise InvalidRequestError(f"The expression {text[:80]!r} names no metric.")
    if len(paths) > MAX_METRICS:
        raise InvalidRequestError(f"The expression names {len(paths)} metrics; {MAX_METRICS} at most can be combined.")
    return found


def metrics_of(expression: Expression) -> tuple[str, ...]:
    """The paths of its metrics, each once, in the order in which they occur."""
    return tuple(dict.fromkeys(_walk(expression)))


def evaluate(expression: Expression, values: Mapping[str, Floats]) -> Floats:
    """Its values, element by element; NaN or infinite where it has none (`log(-1)`, `1 / 0`)."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(expression, values), np.float64)


def bounds(expression: Expression, values: Mapping[str, Bounds]) -> Bounds:
    """Bounds of its values, for metrics within these bounds. They hold, but may be wider than what was logged."""
    with np.errstate(all="ignore"):
        found = _bounds(expression, values)
    # Where a metric has nothing but NaN, so has the expression.
    is_nothing = np.logical_or.reduce([np.isnan(known.low) for known in values.values()])
    return Bounds(np.where(is_nothing, np.nan, found.low), np.where(is_nothing, np.nan, found.high))


def _walk(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Metric):
        yield expression.path
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from _walk(argument)


def _value(expression: Expression, values: Mapping[str, Floats]) -> Floats:
    if isinstance(expression, Number):
        return np.full(len(next(iter(values.values()))), expression.value)
    if isinstance(expression, Metric):
        return values[expression.path]
    arguments = [_value(argument, values) for argument in expression.arguments]
    return np.asarray(FUNCTIONS[expression.name].apply(*arguments))


def _bounds(expression: Expression, values: Mapping[str, Bounds]) -> Bounds:
    if isinstance(expression, Number):
        constant = np.full(len(next(iter(values.values())).low), expression.value)
        return Bounds(constant, constant)
    if isinstance(expression, Metric):
        return values[expression.path]
    arguments = [_bounds(argument, values) for argument in expression.arguments]
    return FUNCTIONS[expression.name].bound(*arguments)


@dataclass(frozen=True)
class _Function:
    arity: int
    apply: Callable[..., Floats]
    bound: Callable[..., Bounds]


def _of_corners(apply: Callable[..., Floats]) -> Callable[..., Bounds]:
    """Bounds of a function that is monotone in each argument: it is extreme where its arguments are."""

    def bound(*arguments: Bounds) -> Bounds:
        ends = product(*((argument.low, argument.high) for argument in arguments))
        return _around([apply(*corner) for corner in ends])

    return bound


def _around(corners: list[Floats]) -> Bounds:
    """From the least to the greatest corner. A corner that is no number (0 x infinity) tells nothing: no bounds."""
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
    unknown = np.isnan(low) | np.isnan(high)
    return Bounds(np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high))


def _bound_quotient(first: Bounds, second: Bounds) -> Bounds:
    found = _of_corners(np.divide)(first, second)
    may_be_zero = (second.low <= 0) & (second.high >= 0)
    return Bounds(np.where(may_be_zero, -np.inf, found.low), np.where(may_be_zero, np.inf, found.high))


def _bound_power(first: Bounds, second: Bounds) -> Bounds:
    """Monotone in each argument where the base is positive; with a fixed whole exponent wherever the base may be."""
    found = _of_corners(np.power)(first, second)
    is_fixed = (second.low == second.high) & (second.low == np.round(second.low)) & (second.low > 0)
    is_even = is_fixed & (np.mod(second.low, 2) == 0)
    spans_zero = (first.low <= 0) & (first.high >= 0)
    low = np.where(is_even & spans_zero, 0.0, found.low)
    known = (first.low > 0) | is_fixed
    return Bounds(np.where(known, low, -np.inf), np.where(known, found.high, np.inf))


def _bound_absolute(of: Bounds) -> Bounds:
    found = _around([np.abs(of.low), np.abs(of.high)])
    return Bounds(np.where((of.low <= 0) & (of.high >= 0), 0.0, found.low), found.high)


def _on(least: float, apply: Callable[..., Floats]) -> Callable[[Bounds], Bounds]:
    """Bounds of a rising function that is defined from `least` on: what lies below gives no number."""

    def bound(of: Bounds) -> Bounds:
        low, high = apply(np.maximum(of.low, least)), apply(of.high)
        return Bounds(np.where(of.high < least, np.nan, low), high)

    return bound


def _negated(value: Floats) -> Floats:
    return np.asarray(-value)


FUNCTIONS: dict[str, _Function] = {
    "+": _Function(2, np.add, _of_corners(np.add)),
    "-": _Function(2, np.subtract, _of_corners(np.subtract)),
    "*": _Function(2, np.multiply, _of_corners(np.multiply)),
    "/": _Function(2, np.divide, _bound_quotient),
    "^": _Function(2, np.power, _bound_power),
    "negative": _Function(1, _negated, _of_corners(_negated)),
    "abs": _Function(1, np.abs, _bound_absolute),
    "sqrt": _Function(1, np.sqrt, _on(0.0, np.sqrt)),
    "exp": _Function(1, np.exp, _of_corners(np.exp)),
    "log": _Function(1, np.log, _on(0.0, np.log)),
    "log2": _Function(1, np.log2, _on(0.0, np.log2)),
    "log10": _Function(1, np.log10, _on(0.0, np.log10)),
    "min": _Function(2, np.minimum, _of_corners(np.minimum)),
    "max": _Function(2, np.maximum, _of_corners(np.maximum)),
}
CALLABLE = sorted(name for name in FUNCTIONS if name.isalnum() and name != "negative")

# A path takes every slash that stands between two of its letters; "a / b" and "a /2" divide.
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.]*(?:/[\w.]+)*)"
    r"|`(?P<quoted>[^`]+)`"
    r"|(?P<sign>\*\*|[-+*/^(),]))"
)
_SUMS, _PRODUCTS = ("+", "-"), ("*", "/")


class _Parser:
    """Recursive descent: sums of products of powers."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._place = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._sum()
        if self._place < len(self._tokens):
            raise self._wrong("something that ends the expression")
        return found

    def _split(self) -> Iterator[tuple[str, str, int]]:
        at, end = 0, len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None or match.lastgroup is None:
                raise InvalidRequestError(
                    f"The expression has {self._text[at:].lstrip()[:20]!r} where a metric, a number or an operator "
                    "was expected. A metric with other characters than letters, digits, _ . / stands in backticks."
                )
            yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)
            at = match.end()

    def _sum(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidRequestError(f"The expression has brackets within one another more than {MAX_DEPTH} deep.")
        found = self._product()
        while sign := self._take_sign(*_SUMS):
            found = Call(sign, (found, self._product()))
        self._depth -= 1
        return found

    def _product(self) -> Expression:
        found = self._signed()
        while sign := self._take_sign(*_PRODUCTS):
            found = Call(sign, (found, self._signed()))
        return found

    def _signed(self) -> Expression:
        negative = False
        while sign := self._take_sign("-", "+"):
            negative ^= sign == "-"
        found = self._power()
        return Call("negative", (found,)) if negative else found

    def _power(self) -> Expression:
        found = self._atom()
        if self._take_sign("^", "**"):
            return Call("^", (found, self._exponent()))
        return found

    def _exponent(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidRequestError(f"The expression has more than {MAX_DEPTH} powers within one another.")
        found = self._signed()
        self._depth -= 1
        return found

    def _atom(self) -> Expression:
        kind, text = self._next()
        if kind == "number":
            return Number(float(text))
        if kind == "quoted":
            return Metric(text.strip("/"))
        if kind == "name":
            return self._call(text) if self._take_sign("(") else Metric(text)
        if (kind, text) == ("sign", "("):
            found = self._sum()
            self._expect(")")
            return found
        self._place -= 1
        raise self._wrong("a metric or a number")

    def _call(self, name: str) -> Expression:
        if name not in CALLABLE:
            raise InvalidRequestError(f"There is no function {name[:40]!r}; there are {', '.join(CALLABLE)}.")
        arguments = [self._sum()]
        while self._take_sign(","):
            arguments.append(self._sum())
        self._expect(")")
        if len(arguments) != (arity := FUNCTIONS[name].arity):
            raise InvalidRequestError(f"{name} takes {arity} argument{'s' * (arity > 1)}, not {len(arguments)}.")
        return Call(name, tuple(arguments))

    def _next(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise self._wrong("a metric or a number")
        kind, text, _ = self._tokens[self._place]
        self._place += 1
        return kind, text

    def _take_sign(self, *signs: str) -> str:
        if self._place < len(self._tokens):
            kind, text, _ = self._tokens[self._place]
            if kind == "sign" and text in signs:
                self._place += 1
                return text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._wrong(repr(sign))

    def _wrong(self, expected: str) -> InvalidRequestError:
        if self._place == len(self._tokens):
            return InvalidRequestError(f"The expression ends where {expected} was expected: {self._text[:80]!r}.")
        _, text, at = self._tokens[self._place]
        return InvalidRequestError(f"The expression has {text[:40]!r} at character {at + 1} instead of {expected}.")
