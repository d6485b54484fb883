"""What is done to the journal of a dead writer before it is shipped: a torn tail is cut off and kept beside it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from tidelog.reading import spans
from tidelog.records import STATE_KIND, state
from tidelog.segments import MAGIC, TORN, JournalFolder

PIECE_BYTES = 64 * 1024 * 1024  # holds the longest record


class Ending(NamedTuple):
    """How a journal ends: where its last whole record does, whether that is a state record, and the torn rest."""

    offset: int
    has_state: bool
    records: int
    torn_bytes: int
    written_ms: int | None = None  # when a record was last written


def find_ending(folder: JournalFolder, start: int | None = None) -> Ending:
    """Read the journal from a record's beginning (by default its first byte on disk) to the last whole record."""
    segments = folder.segments()
    if not segments:
        return Ending(folder.acknowledged(), False, 0, 0)
    offset = segments[0].start if start is None else start
    end, count, kind = segments[-1].end, 0, 0
    while data := folder.read(offset, PIECE_BYTES):
        whole = 0
        for span in spans(data):
            whole, kind = span.end, span.kind
            count += span.records
        if not whole:
            break
        offset += whole
    return Ending(offset, kind == STATE_KIND, count, end - offset)


def mend(folder: JournalFolder) -> Ending:
    """Make the journal of a dead writer whole: it ends with its last whole record afterwards. Hold its lock."""
    folder.name_next()
    written_ms = _last_written_ms(folder)
    ending = find_ending(folder)._replace(written_ms=written_ms)
    if ending.torn_bytes:
        _keep(f"{folder.path}/{TORN}{ending.offset}.bin", folder.read(ending.offset, ending.torn_bytes))
        for segment in folder.segments():
            if segment.start > ending.offset:
                os.unlink(segment.path)
            elif segment.end > ending.offset:
                os.truncate(segment.path, ending.offset - segment.start + len(MAGIC))
    return ending


def _last_written_ms(folder: JournalFolder) -> int | None:
    segments = folder.segments()
    return os.stat(segments[-1].path).st_mtime_ns // 1_000_000 if segments else None


def add_state(folder: JournalFolder, ending: str) -> None:
    """End the journal of a writer that died without a word, in the name of the process that it was forked from."""
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(state(ending, time.time(), None, 0))


def _keep(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
