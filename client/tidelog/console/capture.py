"""The program's console, captured once however many runs listen to it.

A stream is led through its descriptor where that changes nothing for the program: it is Python's own, and no terminal.
Else `write` of the stream object is hooked.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable

from tidelog.console.descriptors import Descriptors
from tidelog.console.lines import Line, LineAssembler
from tidelog.console.streams import NAMES, HookedStream
from tidelog.messages import complain

LOOK_S = 0.5  # how long a line may wait before it is kept
STOP_S = 2.0

Listener = Callable[[int, list[Line]], None]  # stream, its new lines
Heard = Callable[[int, "bytes | str", float], None]
Lost = Callable[[int, int], None]


class Source:
    """What some streams are captured by. `follow` runs in a thread of its own until `stop` has been called."""

    streams: tuple[int, ...]

    def stop(self) -> None:
        """Give the streams back; what was printed until now is still heard."""
        raise NotImplementedError

    def follow(self, heard: Heard, lost: Lost) -> bool:
        """Wait a moment for output and hand it on; False once all of it is handed on."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything."""

    def settle(self) -> None:
        """Come to the end of what was begun in the background, before the program forks."""

    def forked(self) -> None:
        """Hear that this is a forked child, whose output the parent goes on to capture if it can."""


class DescriptorSource(Source):
    """Streams led through a relay."""

    def __init__(self, streams: Iterable[int]) -> None:
        self.streams = tuple(streams)
        self._descriptors = Descriptors(self.streams)
        _flush(self.streams)
        self._descriptors.start()

    def stop(self) -> None:
        """Give the descriptors back."""
        _flush(self.streams)
        self._descriptors.stop()

    def follow(self, heard: Heard, lost: Lost) -> bool:
        """Wait for what the relay tells."""
        return self._descriptors.read(heard, lost, LOOK_S)

    def close(self) -> None:
        """Let go of the relay."""
        self._descriptors.close()

    def settle(self) -> None:
        """Wait until the relay is on its own: a program that waits for its children then meets nothing of ours."""
        self._descriptors.settle()

    def forked(self) -> None:
        """Leave the relay to the parent."""
        self._descriptors.close()


class HookSource(Source):
    """A stream whose `write` is hooked."""

    def __init__(self, stream: int) -> None:
        self.streams = (stream,)
        self._hooked = HookedStream(stream)
        self._stopped = threading.Event()
        self.started = self._hooked.start()

    def stop(self) -> None:
        """Take the hook out."""
        self._hooked.stop()
        self._stopped.set()

    def follow(self, heard: Heard, lost: Lost) -> bool:
        """Wait a moment, then look what was printed."""
        going_on = not self._stopped.wait(LOOK_S)
        for text, seconds in self._hooked.take():
            heard(self._hooked.number, text, seconds)
        if self._hooked.left_out:
            count, self._hooked.left_out = self._hooked.left_out, 0
            lost(self._hooked.number, count)
        return going_on

    def forked(self) -> None:
        """Keep nothing in the child, where nobody takes it."""
        self._hooked.stop()


class Follower:
    """A source with the thread that follows it and the lines that it makes."""

    def __init__(self, source: Source, hear: Listener) -> None:
        self.source = source
        self._hear = hear
        self._assemblers = {stream: LineAssembler() for stream in source.streams}
        self._found: dict[int, list[Line]] = {stream: [] for stream in source.streams}
        self._done = threading.Event()

    def start(self) -> None:
        """Begin; see `Background.start` for why not with `threading`."""
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """Give the streams back, and wait until all that was printed is heard."""
        self.source.stop()
        if self._done.wait(STOP_S):
            self.source.close()

    def _run(self) -> None:
        try:
            while self.source.follow(self._output, self._lost):
                self._hand_on(LineAssembler.unfinished)
            self._hand_on(LineAssembler.end)
        except Exception:  # noqa: BLE001
            complain("the console is not captured any more; the program's output is not touched", traceback=True)
        finally:
            self._done.set()

    def _output(self, stream: int, data: bytes | str, seconds: float) -> None:
        self._found[stream] += self._assemblers[stream].feed(data, seconds)

    def _lost(self, stream: int, count: int) -> None:
        text = f"[tidelog: {count:,} bytes that came faster than they could be taken are not kept here]"
        self._found[stream] += [*self._assemblers[stream].end(time.time()), Line(time.time(), text)]

    def _hand_on(self, rest: Callable[[LineAssembler, float], list[Line]]) -> None:
        for stream, assembler in self._assemblers.items():
            lines, self._found[stream] = self._found[stream] + rest(assembler, time.time()), []
            if lines:
                self._hear(stream, lines)


class Console:
    """Which streams are captured in this process, and who listens."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._followers: list[Follower] = []
        self._listeners: dict[int, list[Listener]] = {1: [], 2: []}
        self._knows_forks = False

    def listen(self, streams: Iterable[int], listener: Listener) -> Callable[[], None]:
        """Hear what is printed from now on; returns what ends that. The listener is called by a thread of ours."""
        streams = tuple(streams)
        with self._lock:
            self._hear_of_forks()
            captured = {stream for follower in self._followers for stream in follower.source.streams}
            for source in _sources([stream for stream in streams if stream not in captured]):
                follower = Follower(source, self._hear)
                self._followers.append(follower)
                follower.start()
            for stream in streams:
                self._listeners[stream].append(listener)
        return lambda: self._end(streams, listener)

    def _end(self, streams: Iterable[int], listener: Listener) -> None:
        with self._lock:
            if not any(listener in self._listeners[stream] for stream in streams):
                return  # ended already, or a forked child
            others = {stream for stream, all_ in self._listeners.items() if any(one is not listener for one in all_)}
            unheard = [follower for follower in self._followers if not others & {*follower.source.streams}]
            self._followers = [follower for follower in self._followers if follower not in unheard]
        for follower in unheard:
            follower.stop()
        with self._lock:
            for stream in streams:
                self._listeners[stream].remove(listener)

    def _hear(self, stream: int, lines: list[Line]) -> None:
        for listener in list(self._listeners[stream]):
            listener(stream, lines)

    def _hear_of_forks(self) -> None:
        if not self._knows_forks:
            self._knows_forks = True
            os.register_at_fork(before=self._settle, after_in_child=self._forked)

    def _settle(self) -> None:
        for follower in list(self._followers):
            follower.source.settle()

    def _forked(self) -> None:
        for follower in self._followers:
            follower.source.forked()
        self._lock = threading.RLock()
        self._followers = []
        self._listeners = {1: [], 2: []}


CONSOLE = Console()


def _sources(streams: list[int]) -> list[Source]:
    """Return what captures these streams, begun; a stream that cannot be captured is left out."""
    led = [stream for stream in streams if _can_be_led(stream)]
    sources: list[Source] = []
    if led:
        try:
            sources.append(DescriptorSource(led))
        except OSError:  # no process or descriptor to be had
            led = []
    hooks = [HookSource(stream) for stream in streams if stream not in led]
    return sources + [hook for hook in hooks if hook.started]


def _can_be_led(stream: int) -> bool:
    """Say whether the descriptor may be replaced without the program noticing."""
    name = NAMES[stream]
    current = getattr(sys, name)
    if current is None or current is not getattr(sys, f"__{name}__") or not sys.executable:
        return False
    try:
        return current.fileno() == stream and not os.isatty(stream) and hasattr(os, "posix_spawn")
    except (OSError, ValueError):  # closed, or without a descriptor
        return False


def _flush(streams: Iterable[int]) -> None:
    for stream in streams:
        current = getattr(sys, NAMES[stream])
        try:
            current.flush()
        except (AttributeError, OSError, ValueError):  # replaced, full or closed: the program's own business
            continue
