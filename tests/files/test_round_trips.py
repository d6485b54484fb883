"""What was logged as a file comes back as it was, on every engine and store."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import httpx
import numpy as np
import pytest

import tidelog
from tests.conftest import ServerProcess
from tests.files.conftest import OpenRun


def test_files_of_every_kind(files_server: ServerProcess, open_run: OpenRun, tmp_path: Path) -> None:
    """A path, bytes, an open file, a file in a nested assignment, in several parts and empty."""
    large = os.urandom(20_000_000)
    (tmp_path / "model.pt").write_bytes(large)
    (tmp_path / "empty.txt").write_bytes(b"")
    run = open_run(files_server)
    run["model"].upload(tmp_path / "model.pt", description="after the first epoch")
    run["empty"].upload(str(tmp_path / "empty.txt"))
    run["bytes"].upload(b"some bytes")
    run["stream"].upload(io.StringIO("text"))
    run["assigned"] = {"page": tidelog.File.as_html("<b>hello</b>"), "lr": 0.1}
    contents = {
        "model": large,
        "empty": b"",
        "bytes": b"some bytes",
        "stream": b"text",
        "assigned/page": b"<b>hello</b>",
    }
    for path, content in contents.items():
        place = run[path].download(tmp_path / f"back-{path.replace('/', '-')}")
        assert Path(place).read_bytes() == content
        assert run[path].fetch_hash() == hashlib.sha256(content).hexdigest()
    assert run["assigned/lr"].fetch() == 0.1
    assert run["model"].fetch_extension() == "pt"
    folder = tmp_path / "downloads"
    folder.mkdir()
    assert run["model"].download(folder) == str(folder / "model.pt")
    with pytest.raises(tidelog.AttributeNotFoundError):
        run["nothing"].download(folder)
    run.stop()
    assert not list((tmp_path / "journals").rglob("*.segment"))


def test_a_series_of_images(files_server: ServerProcess, open_run: OpenRun, tmp_path: Path) -> None:
    """By step, with name and description; pixels come back as they were."""
    from PIL import Image

    run = open_run(files_server)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 40, 30, 3), np.uint8)
    for step, image in enumerate(pixels):
        run["images"].append(image, step=step, name=f"sample {step}.png", description=f"digit {step}")
    run["images"].append(Image.fromarray(pixels[0]), step=10)
    place = run["images"].download(tmp_path / "one.png", step=1)
    assert (np.asarray(Image.open(place)) == pixels[1]).all()
    last = run["images"].download_last(tmp_path / "last.png")
    assert (np.asarray(Image.open(last)) == pixels[0]).all()
    with httpx.Client(base_url=f"{files_server.url}/api", timeout=30) as client:
        listed = client.get(f"/runs/{run.label}/files/list", params={"path": "images", "step": 2}).json()
        [file] = listed["files"]
        assert (listed["type"], file["name"], file["description"]) == ("file_series", "sample 2.png", "digit 2")
        assert file["state"] == "received"
        assert (
            file["sha256"]
            == hashlib.sha256(
                client.get(f"/runs/{run.label}/files", params={"path": "images", "step": 2}).content
            ).hexdigest()
        )


def test_file_sets(files_server: ServerProcess, open_run: OpenRun, tmp_path: Path) -> None:
    """By pattern, by folder and by name; one takes another's place, some are deleted; one by one and as an archive."""
    source = tmp_path / "src"
    for name in ("a.py", "deep/b.py", "deep/er/c.py", "deep/data.bin"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"# {name}")
    run = open_run(files_server)
    run["code"].upload_files(f"{source}/**/*.py")
    run["code"].upload_files({"renamed.bin": tidelog.File.from_content("# deep/data.bin")})
    run["code"].upload_files({"renamed.bin": source / "deep/data.bin", "made.txt": tidelog.File.from_content("made")})
    assert [file["name"] for file in run["code"].fetch_files_list()] == [
        "a.py", "deep/b.py", "deep/er/c.py", "made.txt", "renamed.bin",
    ]  # fmt: skip
    (source / "a.py").write_text("# changed")
    run["code"].upload_files([source / "a.py"])
    run["code"].delete_files(["renamed.bin", "never there"])
    back = Path(run["code"].download(tmp_path / "back"))
    found = {str(path.relative_to(back)): path.read_text() for path in back.rglob("*") if path.is_file()}
    assert found == {
        "a.py": "# changed",
        "deep/b.py": "# deep/b.py",
        "deep/er/c.py": "# deep/er/c.py",
        "made.txt": "made",
    }
    with zipfile.ZipFile(run["code"].download(tmp_path / "all.zip")) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == found


def test_equal_contents_are_sent_once(files_server: ServerProcess, open_run: OpenRun, tmp_path: Path) -> None:
    """The second run's file is there without its bytes travelling."""
    (tmp_path / "weights.bin").write_bytes(os.urandom(3_000_000))
    for number in range(2):
        run = open_run(files_server, custom_run_id=f"run-{number}")
        run["weights"].upload(tmp_path / "weights.bin", wait=True)
        assert (
            Path(run["weights"].download(tmp_path / "back.bin")).read_bytes() == (tmp_path / "weights.bin").read_bytes()
        )
        assert run._session._background is not None
        assert run._session._background._delivery is not None
        shipper = run._session._background._delivery._file_shipper
        assert shipper is not None
        assert (shipper.sent_files, shipper.sent_bytes) == (1, 0 if number else 3_000_000)
