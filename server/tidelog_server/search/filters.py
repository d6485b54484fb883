"""A filter of words for each stretch of a log: says for certain which words are not in it, in a fiftieth of the space.

It is a Bloom filter (B. H. Bloom, 1970, "Space/time trade-offs in hash coding with allowable errors") of which a word
sets `HASHES` bits: at `BITS_PER_WORD` one word in a hundred that is not there looks as if it were, and a search that
follows such a false trail reads the stretch and finds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

BITS_PER_WORD = 10
HASHES = 5
LEAST_BITS = 256
LONG_NUMBER = 5  # digits; every line of a log has other ones, and nobody looks for them


def make_filter(words: Iterable[str]) -> bytes:
    """The filter of these words."""
    hashes = [_hash(word) for word in words if not is_long_number(word)]
    size = LEAST_BITS
    while size < BITS_PER_WORD * len(hashes):
        size *= 2
    bits = np.zeros(size, np.uint8)
    if hashes:
        bits[_places(np.array(hashes, np.uint64), size).ravel()] = 1
    return np.packbits(bits, bitorder="little").tobytes()


def may_hold(made: bytes, words: Iterable[str]) -> bool:
    """False if one of the words is certainly not there."""
    size = 8 * len(made)
    wanted = [_hash(word) for word in words if not is_long_number(word)]
    if not wanted:
        return True
    places = _places(np.array(wanted, np.uint64), size).ravel()
    bits = np.frombuffer(made, np.uint8)
    return bool(((bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1).all())


def is_long_number(word: str) -> bool:
    """Whether filters leave this word out."""
    return len(word) >= LONG_NUMBER and word.isdecimal()


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _places(
    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]], size: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The bits of each word: two halves of its hash, combined `HASHES` times."""
    low, high = hashes & np.uint64(0xFFFFFFFF), hashes >> np.uint64(32)
    steps = np.arange(HASHES, dtype=np.uint64)[:, None]
    places: np.ndarray[tuple[int, int], np.dtype[np.int64]] = (
        (low + steps * (high | np.uint64(1))) % np.uint64(size)
    ).astype(np.int64)
    return places
