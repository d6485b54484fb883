"""Reading a run back, from the real server."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pandas
import pytest

import tidelog
from tests.client.conftest import NOBODY, OpenRun
from tests.conftest import ServerProcess, free_port
from tidelog.fetching import reader as fetching
from tidelog.shipping.transport import Transport


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all of these tests: each reads the run of a project of its own."""
    server = ServerProcess(tmp_path_factory.mktemp("server"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_run(open_run: OpenRun) -> OpenRun:
    """Opens runs of a project that no other test has."""
    project = f"p{uuid.uuid4().hex[:8]}"
    return lambda **settings: open_run(**{"project": project, **settings})


@pytest.fixture
def logged(open_run: OpenRun, server: ServerProcess) -> tidelog.Run:
    """A run with something of everything."""
    run = open_run(mode="async", url=server.url, name="a name", tags=["x", "y"], custom_run_id="the key")
    run["train/loss"].extend([0.5, 0.25, math.nan, math.inf], steps=[0, 0.5, 1, 2], timestamps=[1.0, 2.0, 3.0, 4.5])
    run["params"] = {"lr": 0.1, "n": 3, "on": True, "opt": {"name": "Ädam"}}
    run["params/when"] = datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=timezone.utc)
    return run


def test_values_come_back_with_their_types(logged: tidelog.Run) -> None:
    """A namespace is a nested dict, a series in it its last value; what was just logged is there."""
    assert logged["params"].fetch() == {
        "lr": 0.1, "n": 3, "on": True, "opt": {"name": "Ädam"},
        "when": datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=timezone.utc),
    }  # fmt: skip
    assert logged["params/on"].fetch() is True
    assert logged["sys/tags"].fetch() == {"x", "y"}
    assert logged["sys/name"].fetch() == "a name"
    assert logged["train"].fetch() == {"loss": math.inf}


def test_a_series_comes_back_whole(logged: tidelog.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps, times and values as they were logged: NaN and infinities too."""
    monkeypatch.setattr(fetching, "find_spec", lambda _: None)
    series = logged["train/loss"].fetch_values()
    assert isinstance(series, tidelog.SeriesValues)
    assert list(series.steps) == [0.0, 0.5, 1.0, 2.0]
    assert list(series.timestamps or ()) == [1.0, 2.0, 3.0, 4.5]
    assert repr(list(series.values)) == "[0.5, 0.25, nan, inf]"
    assert logged["train/loss"].fetch_values(include_timestamp=False).timestamps is None
    assert logged["train/loss"].fetch_last() == math.inf
    logged["train/loss"].append(7.0, step=3)
    assert logged["train/loss"].fetch_last() == 7.0


def test_a_series_is_a_table_where_pandas_is_installed(logged: tidelog.Run) -> None:
    """With the columns step, value and timestamp."""
    table = logged["train/loss"].fetch_values()
    assert isinstance(table, pandas.DataFrame)
    assert list(table) == ["step", "value", "timestamp"]
    assert [moment.timestamp() for moment in table["timestamp"]] == [1, 2, 3, 4.5]
    assert table["step"].tolist() == [0, 0.5, 1, 2]
    assert list(logged["train/loss"].fetch_values(include_timestamp=False)) == ["step", "value"]


def test_a_long_series_comes_page_by_page(logged: tidelog.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages join without a gap."""
    monkeypatch.setattr(fetching, "find_spec", lambda _: None)
    logged["long"].extend(range(1000), steps=[number / 4 for number in range(1000)])
    get_bytes = Transport.get_bytes
    monkeypatch.setattr(
        Transport, "get_bytes", lambda self, path, params: get_bytes(self, path, {**params, "limit": 300})
    )
    series = logged["long"].fetch_values()
    assert list(series.values) == list(range(1000))
    assert list(series.steps) == [number / 4 for number in range(1000)]


def test_existence_can_be_asked(logged: tidelog.Run) -> None:
    """Of paths and of namespaces."""
    assert logged.exists("train/loss")
    assert logged.exists("train")
    assert not logged.exists("trai")


def test_what_is_not_there_is_an_error_that_names_it(logged: tidelog.Run) -> None:
    """For values, series and namespaces; a value is no series."""
    for read in (
        logged["a/b"].fetch,
        logged["a/b"].fetch_last,
        logged["a/b"].fetch_values,
        logged["params/n"].fetch_last,
    ):
        with pytest.raises(tidelog.AttributeNotFoundError, match=r"the run P.*-1 has no"):
            read()


def test_a_run_is_read_by_label_and_by_key(logged: tidelog.Run, open_run: OpenRun, server: ServerProcess) -> None:
    """Mode read-only needs no journal and leaves none."""
    logged.wait()
    for name in ({"with_id": logged.label}, {"custom_run_id": "the key"}):
        reader = open_run(mode="read-only", url=server.url, directory=Path("nowhere"), **name)
        assert reader["params/n"].fetch() == 3
        assert not Path("nowhere").exists()
        reader.stop()


def test_a_run_is_gone_on_with(logged: tidelog.Run, open_run: OpenRun, server: ServerProcess) -> None:
    """By its label: steps count on, and its name stays."""
    logged["count"].append(1.0)
    logged.stop()
    resumed = open_run(mode="async", url=server.url, with_id=logged.label)
    resumed["count"].append(2.0)
    assert resumed["count"].fetch_values()["step"].tolist() == [0.0, 1.0]
    assert resumed["sys/name"].fetch() == "a name"
    assert (resumed.key, resumed.label) == ("the key", logged.label)


def test_a_run_that_is_not_there_is_said(open_run: OpenRun, server: ServerProcess) -> None:
    """Reading raises; logging to it goes into the journal only."""
    for name in ({"with_id": "NO-1"}, {"custom_run_id": "none"}):
        with pytest.raises(tidelog.RunNotFoundError):
            open_run(mode="read-only", url=server.url, **name)["x"].fetch()
    run = open_run(mode="async", url=server.url, with_id="NO-1")
    run["x"].append(1.0)
    assert run.wait(60.0) is False


@pytest.mark.parametrize("mode", ["offline", "debug"])
def test_a_mode_without_a_server_reads_nothing(open_run: OpenRun, mode: str) -> None:
    """That is an error of its own."""
    run = open_run(mode=mode)
    with pytest.raises(tidelog.NoServerError, match=mode):
        run["x"].fetch()


def test_without_a_server_reading_says_so(open_run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where the data is meanwhile."""
    monkeypatch.setattr(fetching, "WAIT_TIMEOUT_S", 0.01)
    run = open_run(mode="async", url=NOBODY)
    with pytest.raises(tidelog.ServerUnreachableError, match="The data is safe in"):
        run["x"].fetch()
    reader = open_run(mode="read-only", url=NOBODY, with_id="P-1")
    with pytest.raises(tidelog.ServerUnreachableError):
        reader["x"].fetch()


def test_the_address_of_a_run_leads_to_its_page(logged: tidelog.Run) -> None:
    """Before and after the label is known."""
    early = logged.get_url()
    logged.wait()
    assert logged.get_url().endswith(f"/projects/{logged.project}/runs/{logged.label}")
    assert early.startswith(logged.get_url().rpartition("/")[0])
    assert httpx.get(logged.get_url(), timeout=60.0).status_code == 200


def test_texts_and_histograms_come_back(
    open_run: OpenRun, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one, all of them, and as part of a namespace; a text as long as it was logged."""
    monkeypatch.setattr(fetching, "find_spec", lambda _: None)
    run = open_run(mode="async", url=server.url)
    run["logs"].extend(["first", "x" * 20_000], steps=[1, 2.5], timestamps=[5.0, 6.0])
    run["grads"].append(tidelog.Histogram([0.0, 1.0], bins=2), step=3)
    assert run["logs"].fetch() == run["logs"].fetch_last() == "x" * 20_000
    assert run["logs"].fetch_values() == ([1.0, 2.5], ["first", "x" * 20_000], [5.0, 6.0])
    histogram = run["grads"].fetch_last()
    assert (list(histogram.edges), list(histogram.counts)) == ([0.0, 0.5, 1.0], [1.0, 1.0])
    with pytest.raises(tidelog.AttributeNotFoundError):
        run["nothing"].fetch_values()


def test_texts_are_a_table_where_pandas_is_installed(open_run: OpenRun, server: ServerProcess) -> None:
    """With the same columns as numbers have."""
    run = open_run(mode="async", url=server.url)
    run["logs"].append("a line", step=1)
    table = run["logs"].fetch_values()
    assert table.columns.tolist() == ["step", "value", "timestamp"]
    assert table["value"].tolist() == ["a line"]


def test_structure_of_a_run(open_run: OpenRun, server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Types of what there is, nested; what was popped is not there."""
    run = open_run(mode="async", url=server.url)
    run["a"] = {"lr": 0.1, "gone": 1, "b": {"name": "x"}}
    run["logs"].append("a line")
    run.pop("a/gone")
    assert run.get_attribute_types("a") == {"a/lr": "float", "a/b/name": "string"}
    structure = run.get_structure()
    assert structure["a"] == {"lr": "float", "b": {"name": "string"}}
    assert structure["logs"] == "string series"
    run.print_structure()
    assert "a/\n    b/\n        name: string\n    lr: float\n" in capsys.readouterr().out
