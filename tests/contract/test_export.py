"""An export, imported into an empty server and exported again, is the same export: on each engine, bit for bit."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pyarrow.parquet
import pytest

import tidelog
from tests.conftest import ServerProcess
from tidelog import cli
from tidelog.journal.segments import find_journals

PROJECT = "exported"
ODD_NAN = struct.unpack("<d", bytes.fromhex("efbeadde0100f87f"))[0]


@pytest.fixture
def first(start_server: Callable[..., ServerProcess], database_url: str, tmp_path: Path) -> ServerProcess:
    """A server with runs that hold everything an export knows, on each engine."""
    server = start_server("--database-url", database_url)
    where = {"project": PROJECT, "url": server.url, "directory": tmp_path / "journals", "capture_hardware": False}
    with tidelog.init_run(name="values", custom_run_id="a key/with slash", tags=["x", "ü"], **where) as run:
        run["params"] = {"lr": 0.1, "n": 2**62, "on": False, "text": "line\nline\ttab \u2028 ☃", "when": moment()}
        run["params/odd"] = {"nan": math.nan, "inf": -math.inf, "tiny": 5e-324}
    with tidelog.init_run(name="series", custom_run_id="second", **where) as run:
        run["train/loss"].extend(numpy.sin(numpy.arange(20_000.0)), steps=list(range(20_000)))
        run["train/every step"].append(1.5, step=-4e12, timestamp=0.001)
        run["train/every step"].append(math.nan, step=0.000001)
        run["train/every step"].append(-math.inf, step=Decimal("3999999999999.999999"))
        run["bits"].append(ODD_NAN, step=1)
        run["bits"].append(math.nan, step=2)
        run["bits"].append(-0.0, step=3)
        run["notes"].append("first ☃\n", step=0.5)
        run["notes"].append("", step=1)
    try:
        with tidelog.init_run(custom_run_id="third", **where) as run:
            run["a"].append(1.0)
            run["gone"] = 1
            del run["gone"]
            raise RuntimeError("as a training job might")
    except RuntimeError:
        pass
    run = tidelog.init_run(custom_run_id="crashed", mode="offline", **where)
    run["a"].append(2.0)
    run._session.stream.stopped = True  # as if its process had been killed
    run._session.stream.folder.lock.release()  # type: ignore[attr-defined]
    assert cli.main(["sync", "--url", server.url, "--directory", str(tmp_path / "journals")]) == 0
    assert find_journals(str(tmp_path / "journals")) == []
    return server


@pytest.fixture
def second(start_server: Callable[..., ServerProcess], tmp_path: Path) -> ServerProcess:
    """An empty server."""
    return start_server("--database-url", f"sqlite:///{tmp_path / 'second.db'}")


def moment() -> datetime:
    """A moment with milliseconds."""
    return datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)


def export(server: ServerProcess, folder: Path, *options: str) -> list[dict[str, Any]]:
    """Export everything; what `export_runs` says."""
    from tidelog.exchange.exporting import export_runs
    from tidelog.shipping.connecting import connected

    with connected(server.url, None) as transport:
        return [run._asdict() for run in export_runs(transport, PROJECT, str(folder))]


def bring(server: ServerProcess, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Import everything by the command; what it says of each run."""
    capsys.readouterr()
    assert cli.main(["import", str(folder), "--url", server.url, "--json"]) == 0
    runs: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["runs"]
    return runs


def content(folder: Path) -> dict[str, Any]:
    """Everything in an export, with the bits of numbers, but for what names its server."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".json":
            document = json.loads(path.read_text("utf-8"))
            found[name] = {key: value for key, value in document.items() if key not in ("server", "revision")}
        elif path.suffix == ".parquet":
            table = pyarrow.parquet.read_table(path).combine_chunks()
            if path.stem in ("float_series", "abandoned_series"):
                table = table.take(pyarrow.array(_by_path(table), pyarrow.int64())).combine_chunks()
            found[name] = [_bits(column) for column in table.columns]
    return found


def _by_path(table: pyarrow.Table) -> list[int]:
    """The rows by path: a server has the paths in the order in which it first saw them."""
    paths = table["path"].to_pylist()
    return sorted(range(len(paths)), key=lambda row: paths[row])


def _bits(column: pyarrow.ChunkedArray) -> Any:
    if pyarrow.types.is_floating(column.type):
        return column.to_numpy().tobytes()
    return column.to_pylist()


def test_export_import_export_is_the_same(
    first: ServerProcess, second: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs with labels, names, states, errors and times; values; points with the bits of values and NaNs; texts."""
    export(first, tmp_path / "a")
    imported = bring(second, tmp_path / "a", capsys)
    assert [run["run"] for run in imported] == [f"EXPORTED-{number}" for number in (1, 2, 3, 4)]
    export(second, tmp_path / "b")
    one, other = content(tmp_path / "a"), content(tmp_path / "b")
    assert one == other
    assert len(one) == 4 + 4 * 9
    third = one["runs/EXPORTED-3/run.json"]
    assert third["state"] == "failed"
    assert "as a training job might" in third["error"]
    assert one["runs/EXPORTED-4/run.json"]["state"] == "crashed"
    bits = pyarrow.parquet.read_table(tmp_path / "a/runs/EXPORTED-2/float_series.parquet").to_pandas()
    values = bits[bits["path"] == "bits"]["value"].to_numpy()
    assert values.tobytes() == struct.pack("<ddd", ODD_NAN, math.nan, -0.0)
    steps = bits[bits["path"] == "train/every step"]["step"].tolist()
    assert list(map(str, steps)) == ["-4000000000000.000000", "0.000001", "3999999999999.999999"]


def test_importing_twice_imports_once(
    first: ServerProcess, second: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent again; and into the server that it came from, nothing is imported."""
    export(first, tmp_path / "a")
    assert all(run["sent_bytes"] for run in bring(second, tmp_path / "a", capsys))
    assert [run["sent_bytes"] for run in bring(second, tmp_path / "a", capsys)] == [0, 0, 0, 0]
    export(second, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert cli.main(["import", str(tmp_path / "a"), "--url", first.url]) == 1
    assert "EXPORTED-1: not imported: a run with its key is there" in capsys.readouterr().out


def test_an_import_that_was_cut_goes_on(
    first: ServerProcess, second: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """After any number of batches: the rest is sent, and it comes to the same."""
    from tidelog.errors import ServerUnreachableError
    from tidelog.shipping.transport import Transport

    export(first, tmp_path / "a")
    monkeypatch.setattr("tidelog.exchange.importing.BATCH_BYTES", 20_000)
    monkeypatch.setattr("tidelog.exchange.importing_records.ROWS", 1_000)
    post_bytes, sent = Transport.post_bytes, []

    def cut(self: Transport, path: str, *rest: Any) -> Any:
        if len(sent) == 7:
            raise ServerUnreachableError("cut")
        sent.append(path)
        return post_bytes(self, path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Transport, "post_bytes", cut)
        assert cli.main(["import", str(tmp_path / "a"), "--url", second.url]) == 4
    runs = bring(second, tmp_path / "a", capsys)
    assert 0 < runs[1]["sent_bytes"] < 450_000
    export(second, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_exporting_again_writes_what_is_new(first: ServerProcess, tmp_path: Path) -> None:
    """Runs that did not change stay; one that went on is written again; what a cut left half written is thrown away."""
    export(first, tmp_path / "a")
    (tmp_path / "a/runs/EXPORTED-2.partial").mkdir()
    with tidelog.init_run(
        project=PROJECT, url=first.url, with_id="EXPORTED-1", directory=tmp_path / "j", capture_hardware=False
    ) as run:
        run["more"] = 1
    runs = export(first, tmp_path / "a")
    assert [run["unchanged"] for run in runs] == [False, True, True, True]
    assert "more" in content(tmp_path / "a")["runs/EXPORTED-1/attributes.parquet"][0]


def test_an_export_has_one_project_and_one_version(
    first: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is refused before anything is written or sent."""
    export(first, tmp_path / "a")
    assert cli.main(["export", str(tmp_path / "a"), "--project", "other", "--url", first.url]) != 0
    assert cli.main(["import", str(tmp_path), "--url", first.url]) == 2
    assert "is it part of an export" in capsys.readouterr().err
    (tmp_path / "a/export.json").write_text('{"format": "tidelog-export", "version": 99, "project": "exported"}')
    assert cli.main(["import", str(tmp_path / "a"), "--url", first.url]) == 2
    assert "version 99" in capsys.readouterr().err
