"""What no user means to pass: an error at the call names it, before a server would refuse the journal."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tidelog
from tests.conftest import ServerProcess
from tidelog import Run
from tidelog.values.encoding import STRING_BYTES


class Homeless:
    """Its type does not say where it is from."""

    __module__ = None  # type: ignore[assignment]


class Reluctant:
    """It raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __str__(self) -> str:
        return "reluctant"


@pytest.fixture
def run() -> Run:
    """A run that keeps nothing."""
    return tidelog.init_run("p", mode="debug")


LONG = "x" * (STRING_BYTES + 1)
FAR = datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))

REFUSED: list[tuple[str, Callable[[Run], Any], str]] = [
    ("long tag", lambda run: run["sys/tags"].add(LONG), "16,777,221 bytes"),
    ("long set", lambda run: run.__setitem__("set", {LONG}), "16,777,221 bytes"),
    ("long description", lambda _: tidelog.init_run("p", mode="debug", description=LONG), "sys/description"),
    ("long tags", lambda _: tidelog.init_run("p", mode="debug", tags=[LONG]), "sys/tags"),
    ("no set", lambda run: run["set"].add(3), "3 (int)"),
    ("late datetime", lambda run: run.__setitem__("day", FAR), "year 10000"),
    ("first datetime", lambda run: run.__setitem__("day", datetime.min), "datetime.datetime(1, 1, 1"),
    ("first timestamp", lambda run: run["x"].append(1.0, timestamp=datetime.min), "datetime.datetime(1, 1, 1"),
    ("homeless value", lambda run: run.__setitem__("a", Homeless()), "Homeless"),
    ("homeless point", lambda run: run["a"].append(Homeless()), "Homeless"),
    ("homeless file", lambda run: run["a"].upload(Homeless()), "Homeless"),
    ("masked step", lambda run: run["a"].append(1.0, step=np.ma.masked), "masked"),
    ("bytes behind an array", lambda run: run["a"].extend(np.void(b"abc")), "void"),
    ("complex histogram", lambda _: tidelog.Histogram(np.array([1j])), "0.+1.j"),
    ("histogram of times", lambda _: tidelog.Histogram(np.array([0], "datetime64[s]")), "datetime64"),
    ("file out of a set", lambda run: run["set"].delete_files("../x"), "'../x'"),
    ("file without a name", lambda run: run["set"].delete_files(["a", ""]), "''"),
    ("file of a long name", lambda run: run["set"].delete_files("n" * 5_000), "4,096 bytes"),
    ("file by number", lambda run: run["set"].delete_files(3), "3 (int)"),
    ("files by number", lambda run: run["set"].upload_files(3), "3 (int)"),
    ("extension", lambda run: run["a"].upload(b"x", extension=3), "3 (int)"),
    ("closed file", lambda run: run["a"].upload(closed()), "closed file"),
    ("pickle", lambda _: tidelog.File.as_pickle(lambda: 1), "pickle"),
    ("long path", lambda run: run["a"].upload("d/" * 5_000), "/d/d/d"),
    ("directory", lambda _: tidelog.init_run("p", mode="offline", directory="a\0b"), "a\\x00b"),
    ("directory by number", lambda _: tidelog.init_run("p", directory=3), "3 (int)"),  # type: ignore[arg-type]
    ("nothing to track", lambda run: run["a"].track_files("nowhere/*"), "nothing to track at 'nowhere/*'"),
    ("content to track", lambda run: run["a"].track_files({"a": tidelog.File.from_content("x")}), "'a'"),
    ("deep metadata", lambda run: run["a"].track_files(__file__, metadata=deep()), "JSON"),
]


def closed() -> io.BytesIO:
    """An open file that is none."""
    file = io.BytesIO(b"x")
    file.close()
    return file


def deep() -> dict[str, Any]:
    """A dict that is nested deeper than anything can write down."""
    nested: dict[str, Any] = {}
    for _ in range(10 * sys.getrecursionlimit()):
        nested = {"k": nested}
    return nested


@pytest.mark.parametrize(("call", "named"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_it_is_refused_by_an_error_that_names_it(call: Callable[[Run], Any], named: str, run: Run) -> None:
    """And by one of ours, which says what to pass; a text of 16 MiB is not repeated in it."""
    with pytest.raises(tidelog.ArgumentError) as refused:
        call(run)
    assert named in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_stringify_takes_whatever_there_is() -> None:
    """A value that answers nothing is its text; a masked one is no number."""
    assert tidelog.stringify_unsupported({"a": Reluctant()}) == {"a": "reluctant"}
    assert "Homeless" in tidelog.stringify_unsupported(Homeless())


def test_a_masked_value_is_no_zero(run: Run) -> None:
    """numpy's item() would make it one."""
    from tidelog.values.encoding import as_float

    assert np.isnan(as_float(np.ma.masked))


def test_what_is_accepted_arrives(server: ServerProcess, tmp_path: Path) -> None:
    """The longest and oddest of all that the client takes, to the last byte; the server refuses none of it."""
    run = tidelog.init_run("p", url=server.url, directory=tmp_path / "journals", tags=["\0\x1b", "x" * 1_000_000])
    run["text"] = "x" * STRING_BYTES
    run["texts"].append("y" * STRING_BYTES)
    run["set"] = {"z" * (STRING_BYTES - 4)}
    run["first"], run["last"] = datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)
    (tmp_path / "control\n\x1b[31m").write_text("red")
    run["files"].upload_files(f"{tmp_path}/*")
    run["files"].upload_files({f"{number:0>4}" + '"' * 4_092: tidelog.File.from_content("") for number in range(10)})
    run["files"].delete_files([f"{number:0>4}" + '"' * 4_092 for number in range(4_100)])
    assert run.wait(120)
    assert [file["name"] for file in run["files"].fetch_files_list()] == ["control__[31m"]
    assert run["last"].fetch() == datetime.max.replace(microsecond=999_000, tzinfo=timezone.utc)
    run.stop()
