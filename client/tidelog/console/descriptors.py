"""Capturing a stream below Python, at its file descriptor: what C libraries and child processes print is seen too."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

HEADER = struct.Struct("<cdI")
# A shell starts the relay and ends at once, so the relay is no child of a program that may wait for all that it has.
SHELL = "/bin/sh"
START = '"$0" "$@" &'
RELAY = os.path.join(os.path.dirname(__file__), "relay.py")
PIPE_BYTES = 1024 * 1024
ABOVE_THE_USUAL = 64  # sources of the relay's descriptors, so that none is overwritten before it is copied
READ_BYTES = 256 * 1024
LEFT_OUT = {b"a": 1, b"b": 2}
UNREAD = {b"g": 1, b"h": 2}

Output = Callable[[int, bytes, float], None]  # stream, bytes, seconds since 1970


class Descriptors:
    """The streams 1 and 2, as far as they are named, led through a relay process. See `relay` for why a process."""

    def __init__(self, streams: Sequence[int]) -> None:
        self._streams = streams
        self._saved: dict[int, int] = {}
        self._reading: dict[int, int] = {}  # the relay's ends: without them its death would be the program's
        self._told = self._request = -1
        self._buffer = bytearray()
        self._shell: int | None = None  # that starts the relay; its status is still to be taken
        self._settling = threading.Lock()

    def start(self) -> None:
        """Lead the streams through the relay. Raises OSError, with everything as it was.

        Does not wait until the relay is there: what is printed by then lies in the pipes.
        """
        made: list[int] = []

        def high(fd: int) -> int:
            copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE_THE_USUAL)
            made.append(copy)
            return copy

        def pipe(size: int | None = None) -> tuple[int, int]:
            reading, writing = os.pipe()
            ends = high(reading), high(writing)
            os.close(reading)
            os.close(writing)
            if size is not None:
                _enlarge(ends[1], size)
            return ends

        try:
            outputs = {stream: high(stream) for stream in (1, 2)}
            requests, self._request = pipe()
            self._told, tell = pipe(PIPE_BYTES)
            pipes = {stream: pipe(PIPE_BYTES) for stream in self._streams}
            sources = [outputs[1], outputs[2], tell, requests, *(pipes[stream][0] for stream in self._streams)]
            self._shell = os.posix_spawn(
                SHELL,
                [SHELL, "-c", START, sys.executable, "-I", "-S", RELAY, *map(str, self._streams)],
                {},
                file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(sources, start=1)],
            )
        except OSError:
            for fd in made:
                os.close(fd)
            raise
        for stream in self._streams:
            self._saved[stream] = outputs[stream]
            self._reading[stream] = pipes[stream][0]
            os.dup2(pipes[stream][1], stream, inheritable=True)
        kept = {self._request, self._told, *self._saved.values(), *self._reading.values()}
        for fd in made:
            if fd not in kept:
                os.close(fd)

    def settle(self) -> None:
        """Take the status of the shell, which ends in a moment: the program should not meet a child that is not its."""
        if self._shell is not None:
            with self._settling:
                if self._shell is not None:
                    _await_end(self._shell)
                    self._shell = None

    def stop(self) -> None:
        """Give the streams back, and ask the relay to say when it has passed on what was printed until now."""
        self._give_back()
        try:
            os.write(self._request, b"f")
        except OSError:  # the relay is gone, and `read` hears of it
            return

    def close(self) -> None:
        """Let go of the relay. It ends once nobody prints through it any more."""
        for fd in (self._request, self._told, *self._reading.values()):
            os.close(fd)
        self._reading.clear()

    def read(self, output: Output, left_out: Callable[[int, int], None], timeout_s: float) -> bool:
        """Wait for what the relay tells, hand it on, and return whether there may be more."""
        self.settle()
        if not select.select([self._told], [], [], timeout_s)[0]:
            return True
        data = os.read(self._told, READ_BYTES)
        if not data:
            self._do_without_the_relay(output)
            return False
        self._buffer += data
        more = True
        for kind, seconds, length, frame in self._frames():
            if kind in LEFT_OUT:
                left_out(LEFT_OUT[kind], length)
            elif kind in UNREAD:
                os.close(self._reading.pop(UNREAD[kind]))
            elif kind == b"f":
                more = False
            else:
                output(int(kind), frame, seconds)
        return more

    def _frames(self) -> Iterator[tuple[bytes, float, int, bytes]]:
        while len(self._buffer) >= HEADER.size:
            kind, seconds, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + (length if kind in (b"1", b"2") else 0)
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield kind, seconds, length, frame

    def _give_back(self) -> None:
        for stream, saved in self._saved.items():
            os.dup2(saved, stream, inheritable=True)
            os.close(saved)
        self._saved.clear()

    def _do_without_the_relay(self, output: Output) -> None:
        """Somebody killed it: give the streams back and pass on what it had not read yet."""
        self._give_back()
        for stream, reading in self._reading.items():
            os.set_blocking(reading, False)
            try:
                while data := os.read(reading, READ_BYTES):
                    output(stream, data, time.time())
                    os.write(stream, data)
            except OSError:  # nothing more, or nobody who reads it
                continue


def _await_end(pid: int) -> None:
    """Take the status of a child that ends in a moment."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:  # the program ignores its children: the system has taken it
        return


def _enlarge(fd: int, size: int) -> None:
    """Make room in a pipe: a burst is then taken without a wait. The system may allow less."""
    set_size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if set_size is not None:
        try:
            fcntl.fcntl(fd, set_size, size)
        except OSError:
            return
