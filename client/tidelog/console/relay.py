"""A program that stands between a job and where its output goes, and tells the job what passed.

    python -I -S relay.py STREAM ...

Descriptors: 1 and 2 are where the output goes; 3 is where the job is told; 4 takes a byte when the job asks to be told
once all is passed on; from 5 on come the pipes that the named streams (1 or 2) are read from.

It is a process and not a thread of the job: code that holds Python's lock while it prints would wait for ever for a
thread that needs this lock to make room. It keeps passing on what it can after the job is gone, for the job's children,
and nothing that is told the job can hold it up: what does not fit is counted and left out there.

What is told is frames: kind, seconds since 1970, length, bytes. Kinds `1` and `2` are output, `a` and `b` say how many
bytes of stream 1 and 2 were left out (length, no bytes), `g` and `h` that nobody reads stream 1 and 2 any more, `f`
that all is passed on.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import sys
import time

HEADER = struct.Struct("<cdI")
READ_BYTES = 64 * 1024
UNTOLD_BYTES = 8 * 1024 * 1024  # what is kept for a job that does not listen just now
TELL, REQUESTS, FIRST_PIPE = 3, 4, 5
LEFT_OUT = {1: b"a", 2: b"b"}
UNREAD = {1: b"g", 2: b"h"}


class Telling:
    """What is still to be told the job. Nothing of it once the job is gone."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self._left_out = {1: 0, 2: 0}
        self._gone = False
        os.set_blocking(TELL, False)

    def output(self, stream: int, data: bytes) -> None:
        """Tell of output, or count it where there is no room."""
        if len(self.waiting) + len(data) > UNTOLD_BYTES:
            self._left_out[stream] += len(data)
            return
        self._say_what_was_left_out()
        self._add(b"%d" % stream, len(data), data)

    def all_passed(self) -> None:
        """Tell that there is nothing more just now."""
        self._say_what_was_left_out()
        self._add(b"f", 0, b"")

    def unread(self, stream: int) -> None:
        """Tell that nobody reads this stream any more."""
        self._add(UNREAD[stream], 0, b"")

    def push(self) -> None:
        """Write as much as the job takes."""
        try:
            while self.waiting:
                del self.waiting[: os.write(TELL, self.waiting[:READ_BYTES])]
        except BlockingIOError:
            return
        except OSError:
            self._gone = True
            self.waiting.clear()

    def _say_what_was_left_out(self) -> None:
        for stream, count in self._left_out.items():
            if count:
                self._add(LEFT_OUT[stream], min(count, 2**32 - 1), b"")
                self._left_out[stream] = 0

    def _add(self, kind: bytes, length: int, data: bytes) -> None:
        if not self._gone:
            self.waiting += HEADER.pack(kind, time.time(), length) + data


def main(streams: list[int]) -> None:
    """Pass on until nobody can write to the streams any more."""
    _leave_the_job()
    pipes = {FIRST_PIPE + number: stream for number, stream in enumerate(streams)}
    telling = Telling()
    asked = {REQUESTS}
    while pipes:
        # Without a poll object: there are four descriptors at most, all of small number.
        writing = [TELL] if telling.waiting else []
        readable, writable, _ = select.select([*pipes, *asked], writing, [])
        for pipe in [pipe for pipe in readable if pipe in pipes]:
            _pass_on(pipe, pipes, telling)
        if writable or not writing:
            telling.push()
        if REQUESTS in readable and not any(pipe in pipes for pipe in readable):
            if os.read(REQUESTS, 1):
                telling.all_passed()
                telling.push()
            else:
                asked.clear()  # the job is gone; its children may still print
    telling.all_passed()
    os.set_blocking(TELL, True)
    telling.push()


def _pass_on(pipe: int, pipes: dict[int, int], telling: Telling) -> None:
    stream = pipes[pipe]
    data = os.read(pipe, READ_BYTES)
    if data:
        telling.output(stream, data)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(stream, rest) :]
    except OSError:
        data = b""  # the reader is gone: so it must be for the job, which then hears of it as without us
        telling.unread(stream)
    if not data:
        os.close(pipe)
        del pipes[pipe]


def _leave_the_job() -> None:
    """Outlive the signals that end the job, and hold on to nothing of it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.setsid()
    os.chdir("/")
    os.closerange(FIRST_PIPE + len(sys.argv) - 1, 65536)


if __name__ == "__main__":
    main([int(stream) for stream in sys.argv[1:]])
