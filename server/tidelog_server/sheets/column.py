"""A column: one attribute or aggregate of every run of a sheet, as arrays in the order of the sheet's runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tidelog_server.tables import ATTRIBUTE_TYPES

NO_TYPE = 0
TYPE_CODES = {name: code for code, name in enumerate(ATTRIBUTE_TYPES, start=1)}
NO_WORD = -1

Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Values:
    """Some values for a column: where their runs stand, and either their numbers or their texts."""

    places: Positions
    types: NDArray[np.uint8]
    numbers: NDArray[np.float64] | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Column:
    """Values by position. A run has a number, or a text (NaN and the infinities are texts), or nothing.

    `words` are the texts that occur, sorted by their bytes; `codes` says which of them a run has.
    """

    types: NDArray[np.uint8]
    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    words: tuple[str, ...]

    @classmethod
    def of(cls, length: int, values: Iterable[Values] = ()) -> Column:
        """The column of a sheet with so many runs."""
        empty = cls(np.zeros(length, np.uint8), np.full(length, np.nan), np.full(length, NO_WORD, np.int32), words=())
        return empty.patched(np.zeros(0, np.intp), values)

    def patched(self, cleared: Positions, values: Iterable[Values]) -> Column:
        """A copy in which the runs at `cleared` have nothing, apart from what `values` then say."""
        types, numbers, codes, words = self.types.copy(), self.numbers.copy(), self.codes.copy(), self.words
        types[cleared], numbers[cleared], codes[cleared] = NO_TYPE, np.nan, NO_WORD
        for part in values:
            types[part.places] = part.types
            if part.numbers is not None:
                numbers[part.places] = part.numbers
                continue
            words, codes = _with_words(words, codes, set(part.texts))
            code_of = {word: code for code, word in enumerate(words)}
            codes[part.places] = [code_of[text] for text in part.texts]
        return Column(types, numbers, codes, words)

    def widened(self, places: Positions) -> Column:
        """A copy in which runs with nothing are inserted before these positions."""
        return Column(
            np.insert(self.types, places, NO_TYPE),
            np.insert(self.numbers, places, np.nan),
            np.insert(self.codes, places, NO_WORD),
            self.words,
        )

    @cached_property
    def has_number(self) -> Mask:
        """Which runs have a number."""
        present: Mask = ~np.isnan(self.numbers)
        return present

    @property
    def has_word(self) -> Mask:
        """Which runs have a text."""
        present: Mask = self.codes != NO_WORD
        return present

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return self.types.nbytes + self.numbers.nbytes + self.codes.nbytes + sum(map(len, self.words))

    def is_of(self, types: Iterable[str]) -> Mask:
        """Which runs have a value of one of these types."""
        among: Mask = np.isin(self.types, [TYPE_CODES[name] for name in types])
        return among


def _with_words(
    words: tuple[str, ...], codes: NDArray[np.int32], texts: set[str]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The vocabulary with these texts in it, and the codes as they then are."""
    if texts <= set(words):
        return words, codes
    wider = tuple(sorted({*words, *texts}))
    place = {word: code for code, word in enumerate(wider)}
    moved = np.array([*(place[word] for word in words), NO_WORD], np.int32)
    return wider, moved[codes]
