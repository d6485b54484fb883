"""Artifacts: versions, aliases, lineage and checked downloads, on every engine and store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidelog
from tests.conftest import ServerProcess
from tests.files.conftest import OpenRun


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows the hashes of another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of three files."""
    folder = tmp_path / "data"
    for name in ("train/0.txt", "train/1.txt", "labels.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}")
    return folder


def ask(server: ServerProcess, path: str, **parameters: str) -> Any:
    """What the API answers."""
    response = httpx.get(f"{server.url}/api{path}", params=parameters, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def test_tracking(files_server: ServerProcess, open_run: OpenRun, data: Path, tmp_path: Path) -> None:
    """Equal contents are one version, changed ones the next; names, hashes and places are recorded."""
    run = open_run(files_server)
    first = run["dataset"].track_files(data, "digits", aliases=["raw"], description="as scanned", metadata={"dpi": 300})
    again = run["dataset"].track_files(f"{data}/**/*", "digits")
    (data / "train/1.txt").write_text("relabelled")
    second = run["dataset"].track_files(data, "digits", wait=True)
    assert first == again != second
    assert run["dataset"].fetch_hash() == second
    listed = run["dataset"].fetch_files_list()
    assert [file["name"] for file in listed] == ["labels.csv", "train/0.txt", "train/1.txt"]
    assert listed[0]["location"] == f"file://{os.path.realpath(data)}/labels.csv"
    versions = ask(files_server, "/artifacts/versions", project="files", name="digits")["versions"]
    assert [(version["version"], version["hash"], version["aliases"]) for version in versions] == [
        (2, second, ["latest"]), (1, first, ["raw"]),
    ]  # fmt: skip
    assert (versions[1]["description"], versions[1]["metadata"]) == ("as scanned", {"dpi": 300})
    assert [artifact["name"] for artifact in ask(files_server, "/artifacts", project="files")["artifacts"]] == [
        "digits"
    ]
    back = Path(run["dataset"].download(tmp_path / "back"))
    assert (back / "train/1.txt").read_text() == "relabelled"


def test_a_tracked_file_that_changed_is_not_downloaded(
    files_server: ServerProcess, open_run: OpenRun, data: Path, tmp_path: Path
) -> None:
    """Nor is one that is gone; both are named."""
    run = open_run(files_server)
    run["dataset"].track_files(data, wait=True)
    (data / "labels.csv").write_text("other labels")
    with pytest.raises(tidelog.HashMismatchError, match=r"labels\.csv changed"):
        run["dataset"].download(tmp_path / "back")
    (data / "labels.csv").unlink()
    with pytest.raises(tidelog.FileNotHereError, match=r"labels\.csv"):
        run["dataset"].download(tmp_path / "back")


def test_uploading_using_and_lineage(
    files_server: ServerProcess, open_run: OpenRun, data: Path, tmp_path: Path
) -> None:
    """An uploaded version survives its sources; who made and who used it is known."""
    maker = open_run(files_server, custom_run_id="maker")
    maker["model"].track_files(data, "net", upload=True, aliases=["best"])
    maker.stop()
    for path in data.rglob("*.txt"):
        path.unlink()
    user = open_run(files_server, custom_run_id="user")
    artifact = user.use_artifact("net:best")
    assert (artifact.version, artifact.aliases, artifact.project) == (1, ["best", "latest"], "files")
    back = Path(artifact.download(tmp_path / "back"))
    assert (back / "train/0.txt").read_text() == "this is train/0.txt"
    lineage = ask(files_server, "/artifacts/versions", project="files", name="net")["lineage"]
    assert {(link["role"], link["run"]) for link in lineage} == {("made", maker.label), ("used", user.label)}
    for name in ("net:v7", "net:never", "nothing"):
        with pytest.raises(tidelog.ArtifactNotFoundError):
            user.use_artifact(name)


def test_objects_of_s3(
    files_server: ServerProcess, open_run: OpenRun, bucket: str, s3_endpoint: str, tmp_path: Path
) -> None:
    """A prefix is tracked by its ETags without reading it; objects come back from S3, checked."""
    from obstore.store import S3Store

    store = S3Store.from_url(bucket, config={"endpoint": s3_endpoint}, client_options={"allow_http": True})
    for name in ("data/a.bin", "data/deep/b.bin", "elsewhere.bin"):
        store.put(name, name.encode())
    run = open_run(files_server)
    run["dataset"].track_files(f"{bucket}/data", wait=True)
    listed = run["dataset"].fetch_files_list()
    assert [(file["name"], file["hash_kind"], file["location"]) for file in listed] == [
        ("a.bin", "etag", f"{bucket}/data/a.bin"), ("deep/b.bin", "etag", f"{bucket}/data/deep/b.bin"),
    ]  # fmt: skip
    back = Path(run["dataset"].download(tmp_path / "back"))
    assert (back / "deep/b.bin").read_bytes() == b"data/deep/b.bin"
    store.put("data/a.bin", b"changed")
    with pytest.raises(tidelog.HashMismatchError):
        run["dataset"].download(tmp_path / "back")


def test_hashes_are_remembered(tmp_path: Path, data: Path) -> None:
    """A file is read again only if its place, size or time changed; a torn line in the cache harms nothing."""
    from tidelog.files.hashes import HashCache

    cache = str(tmp_path / "hashes")
    old = data / "labels.csv"
    os.utime(old, ns=(1_000_000_000, 1_000_000_000))
    with HashCache(cache) as known:
        first = known.hash_of(str(old))
    with open(cache, "a") as lines:
        lines.write('["torn')
    with HashCache(cache) as known:
        before = old.stat()
        old.write_text("x" * before.st_size)
        os.utime(old, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert known.hash_of(str(old)) == first  # nothing that is looked at has changed
        os.utime(old, ns=(2_000_000_000, 2_000_000_000))
        assert known.hash_of(str(old)) != first


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ({"name": "a:b"}, tidelog.InvalidPathError.__base__),
        ({"aliases": [3]}, tidelog.UnsupportedTypeError),
        ({"metadata": {"x": object()}}, tidelog.UnsupportedTypeError),
        ({"description": 3}, tidelog.UnsupportedTypeError),
    ],
)
def test_wrong_labels_raise_at_the_call(tmp_path: Path, data: Path, labels: dict[str, Any], error: type) -> None:
    """And nothing is recorded."""
    run = tidelog.init_run(mode="debug", directory=tmp_path, capture_hardware=False)
    with pytest.raises(error):
        run["dataset"].track_files(data, **labels)
