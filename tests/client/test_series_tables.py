"""Series of texts and histograms, and files of many runs, from a program against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tidelog
from tests.conftest import ServerProcess


@pytest.fixture
def logged(server: ServerProcess, tmp_path: Path) -> dict[str, Any]:
    """Two runs with notes, a histogram and a file each."""
    for number in range(2):
        with tidelog.init_run(
            project="things", url=server.url, directory=tmp_path / "journals", capture_hardware=False
        ) as run:
            run["notes"].append(f"first of {number}", step=0.5, timestamp=1_790_000_000.25)
            run["notes"].append("second", step=1)
            run["weights"].append(tidelog.Histogram(edges=[0, 1, 2], counts=[3, 4]), step=2)
            run["model/last"].upload(tidelog.File.from_content(f"weights {number}".encode(), extension="bin"))
            assert run.wait(60)
    return {"project": "things", "url": server.url, "output": "python"}


def test_texts_and_histograms_of_many_runs(logged: dict[str, Any]) -> None:
    """In one long table; bounds of steps are included."""
    notes = tidelog.fetch_series(**logged, paths="^notes$")
    assert notes["run"] == ["THINGS-2", "THINGS-2", "THINGS-1", "THINGS-1"]
    assert notes["value"] == ["first of 1", "second", "first of 0", "second"]
    assert notes["step"] == [0.5, 1, 0.5, 1]
    assert notes["time"][0].timestamp() == 1_790_000_000.25
    assert tidelog.fetch_series(**logged, paths=["notes"], stop=0.5)["step"] == [0.5, 0.5]
    histograms = tidelog.fetch_series(**logged, type="histogram")
    assert histograms["value"] == [{"edges": [0, 1, 2], "counts": [3, 4]}] * 2
    with pytest.raises(tidelog.ArgumentError, match="fetch_metrics reads numbers"):
        tidelog.fetch_series(**logged, type="float")


def test_files_are_downloaded_to_their_run_and_path(logged: dict[str, Any], tmp_path: Path) -> None:
    """Whole, twice as well as once."""
    for _ in range(2):
        files = tidelog.download_files(**logged, paths="^model/", destination=tmp_path / "here")
        assert files["run"] == ["THINGS-2", "THINGS-1"]
        assert [Path(file).read_bytes() for file in files["file"]] == [b"weights 1", b"weights 0"]
        assert Path(files["file"][0]).parent == tmp_path / "here" / "THINGS-2" / "model" / "last"
