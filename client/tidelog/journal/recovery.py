"""What is done to the journal of a dead writer before it is shipped: a torn tail is cut off and kept beside it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from tidelog.journal.reading import Column, Define, Span, last_record, spans
from tidelog.journal.records import STATE_KIND, state
from tidelog.journal.segments import MAGIC, ORIGIN, TORN, JournalFolder

PIECE_BYTES = 64 * 1024 * 1024  # holds the longest record
COPIED_AFTER_S = (
    60.0  # a writer.json that is so much younger than its writer was copied, and times of files say nothing
)


class Ending(NamedTuple):
    """How a journal ends: where its last whole record does, whether that is a state record, and the torn rest."""

    offset: int
    has_state: bool
    records: int
    torn_bytes: int
    written_ms: int | None = None  # when the last record was written


def find_ending(folder: JournalFolder, start: int | None = None) -> Ending:
    """Read the journal from a record's beginning (by default its first byte on disk) to the last whole record."""
    segments = folder.segments()
    if not segments:
        return Ending(folder.acknowledged(), False, 0, 0)
    offset = segments[0].start if start is None else start
    end, count, has_state, written_ms = segments[-1].end, 0, False, None
    while data := folder.read(offset, PIECE_BYTES):
        last: Span | None = None
        for span in spans(data):
            last = span
            count += span.records
        if last is None:
            break
        offset += last.end
        has_state = last.kind == STATE_KIND
        written_ms = _written_ms(folder, data, last)
    return Ending(offset, has_state, count, end - offset, written_ms)


def mend(folder: JournalFolder) -> Ending:
    """Make the journal of a dead writer whole: it ends with its last whole record afterwards. Hold its lock."""
    folder.name_next()
    ending = find_ending(folder)
    if ending.torn_bytes:
        _keep(f"{folder.path}/{TORN}{ending.offset}.bin", folder.read(ending.offset, ending.torn_bytes))
        for segment in folder.segments():
            if segment.start > ending.offset:
                os.unlink(segment.path)
            elif segment.end > ending.offset:
                stat = os.stat(segment.path)
                os.truncate(segment.path, ending.offset - segment.start + len(MAGIC))
                os.utime(segment.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # it says when the writer ended
    return ending


def _written_ms(folder: JournalFolder, data: bytes, last: Span) -> int:
    """When the last record was written: by the file's time, or where the folder was copied here by the record itself.

    What a program said itself of the time of a point is believed only where nothing better is known.
    """
    file_ms = os.stat(folder.segments()[-1].path).st_mtime_ns // 1_000_000
    if last.kind != STATE_KIND and not _was_copied(folder):
        return file_ms
    record = last_record(data, last)
    if isinstance(record, Define):
        return file_ms
    seconds = record.times[-1] if isinstance(record, Column) else record.seconds
    return min(file_ms, max(round(seconds * 1000), folder.origin().created_ms))


def _was_copied(folder: JournalFolder) -> bool:
    written_s = os.stat(f"{folder.path}/{ORIGIN}").st_mtime
    return written_s - folder.origin().created_ms / 1000 > COPIED_AFTER_S


def add_state(folder: JournalFolder, ending: str) -> None:
    """End the journal of a writer that died without a word, in the name of the process that it was forked from."""
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(state(ending, time.time(), None, 0))


def _keep(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
