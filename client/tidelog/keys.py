"""Random names: of runs, so that they sort by time, and of writers."""

from __future__ import annotations

import os
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that is read for something else
TIME_CHARACTERS = 9  # 45 bits of milliseconds: enough until the year 3084
RANDOM_CHARACTERS = 8  # 40 bits


def random_run_key() -> str:
    """Return a key such as `1kd3v8q2m-8fz0r4xt`: later ones sort behind earlier ones."""
    return f"{_base32(time.time_ns() // 1_000_000, TIME_CHARACTERS)}-{_base32(_random(40), RANDOM_CHARACTERS)}"


def random_writer() -> str:
    """Return a writer's id: 16 hexadecimal digits."""
    return os.urandom(8).hex()


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom((bits + 7) // 8), "little") % (1 << bits)


def _base32(number: int, characters: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(characters)))
