"""A project that holds something of every kind, logged by real clients, for tests that carry it elsewhere."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy

import tidelog
from tests.conftest import ServerProcess
from tidelog import cli

PROJECT = "exported"
ODD_NAN = struct.unpack("<d", bytes.fromhex("efbeadde0100f87f"))[0]
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)


class Everything:
    """Logs the project to a server, from folders below `place`."""

    def __init__(self, server: ServerProcess, place: Path) -> None:
        self.server = server
        self.journals = place / "journals"
        self.data = place / "data"
        self.data.mkdir(exist_ok=True)

    def log(self) -> None:
        """Everything. Labels have a gap, as a run is deleted."""
        self._values()
        self._deleted()
        self._series()
        self._failed()
        self._files()
        self._attempts()
        self._forks()
        self._models()
        self._crashed()
        self._by_people()

    @contextmanager
    def run(self, key: str | None = None, **settings: Any) -> Iterator[tidelog.Run]:
        """A run of the project that is home when the block ends."""
        with tidelog.init_run(
            PROJECT, custom_run_id=key, url=self.server.url, directory=self.journals, capture_hardware=False, **settings
        ) as run:
            yield run
            assert run.wait(60)

    def _values(self) -> None:
        with self.run("a key/with slash", name="values", tags=["x", "ü"], description="what\nit is") as run:
            run["params"] = {"lr": 0.1, "n": 2**62, "on": False, "text": "line\nline\ttab \u2028 ☃", "when": MOMENT}
            run["params/odd"] = {"nan": math.nan, "inf": -math.inf, "tiny": 5e-324, "zero": -0.0, "empty": ""}
            run["sys/group_tags"].add(["g"])
            run["emptied"].add(["a"])
            run["emptied"].clear()
            run.alert("it burns", "really\nburns", level="error", step=Decimal("3.000001"))
            run.alert("told", level="info")

    def _deleted(self) -> None:
        with self.run("deleted") as run:
            run["a"] = 1
        labels = {"labels": ["EXPORTED-2"]}
        for address in ("trash", "purge"):
            httpx.post(f"{self.server.url}/api/runs/{address}", json=labels, timeout=30).raise_for_status()

    def _series(self) -> None:
        with self.run("second", name="series") as run:
            run["train/loss"].extend(numpy.sin(numpy.arange(20_000.0)), steps=list(range(20_000)))
            run["train/every step"].append(1.5, step=-4e12, timestamp=0.001)
            run["train/every step"].append(math.nan, step=0.000001)
            run["train/every step"].append(-math.inf, step=Decimal("3999999999999.999999"))
            run["bits"].append(ODD_NAN, step=1)
            run["bits"].append(math.nan, step=2)
            run["bits"].append(-0.0, step=3)
            run["notes"].append("first ☃\n", step=0.5)
            run["notes"].append("", step=1)
            run["weights"].append(tidelog.Histogram(edges=[0.0, 0.1, math.pi], counts=[3, 1.5]), step=1)
            for step in range(3):
                run["pictures"].append(
                    tidelog.File.from_content(b"picture %d" % (step // 2), "png"), step=step, description=f"n {step}"
                )

    def _failed(self) -> None:
        try:
            with self.run("third") as run:
                run["a"].append(1.0)
                run["gone"] = 1
                del run["gone"]
                raise RuntimeError("as a training job might")
        except RuntimeError:
            return

    def _files(self) -> None:
        for name in ("train/0.txt", "train/1.txt", "labels.csv"):
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_text(f"this is {name}")
        with self.run("files") as run:
            run["model"].upload(tidelog.File.from_content(b"weights" * 100_000, "bin"))
            run["same"].upload(tidelog.File.from_content(b"weights" * 100_000, "pt"))
            run["data"].upload_files(str(self.data))
            run["data"].delete_files(["labels.csv"])
            run["none"].upload_files(str(self.data))
            run["none"].delete_files(["labels.csv", "train/0.txt", "train/1.txt"])
            run["where"].track_files(self.data, "digits", aliases=["raw"], metadata={"dpi": 300})
            run["kept"].track_files(self.data, "kept digits", upload=True, description="uploaded")
            (self.data / "train/1.txt").write_text("relabelled")
            run["where"].track_files(self.data, "digits", wait=True)
        with self.run("user") as run:
            run.use_artifact("digits:raw")
            run.use_artifact("kept digits")

    def _attempts(self) -> None:
        """Three attempts that go back: the second of what the first logged, the third of both."""
        for first, stop in ((0, 100), (60, 80), (20, 90)):
            with self.run("resumed", name="resumed") as run:
                for step in range(first, stop):
                    run["loss"].append(step + 1000 * first, step=step)
                for step in range(first, stop, 10):
                    run["notes"].append(f"from {first}", step=step)
                    run["images"].append(tidelog.File.from_content(f"{first} {step}", "txt"), step=step)
                    run["weights"].append(tidelog.Histogram(edges=[0.0, 1.0], counts=[step + first]), step=step)
                run[f"only/{first}"].append(1.0, step=first)
                run["lasting"].append(1.0, step=stop + 10 * first)
                for step in (first + 9, 9, first + 10):  # one of them before the first
                    run["behind"].append(float(first), step=step)
                    run["said behind"].append(f"from {first}", step=step)

    def _forks(self) -> None:
        with self.run("fork", fork_run_id="resumed", fork_step=50) as run:
            run["loss"].append(-1.0, step=51)
            run["notes"].append("of the fork", step=51)
        with self.run("fork of a fork", fork_run_id="fork", fork_step=51) as run:
            run["other"].append(-2.0, step=3)

    def _models(self) -> None:
        where = {"url": self.server.url, "directory": self.journals}
        with tidelog.init_project(PROJECT, **where) as project:
            project["about"] = "everything"
            assert project.wait(60)
        with tidelog.init_model(PROJECT, key="NET", name="a net", **where) as model:
            model["layers"] = 3
            assert model.wait(60)
        for number in range(2):
            with tidelog.init_model_version(
                "EXPORTED-NET", project=PROJECT, custom_id=f"v{number}", **where
            ) as version:
                version["weights"].upload(tidelog.File.from_content(b"weights %d" % number, "bin"))
                version.change_stage("production" if number else "archived")
                assert version.wait(60)

    def _crashed(self) -> None:
        run = tidelog.init_run(
            PROJECT, custom_run_id="crashed", mode="offline", url=self.server.url, directory=self.journals,
            capture_hardware=False,
        )  # fmt: skip
        run["a"].append(2.0)
        run._session.stream.stopped = True  # as if its process had been killed
        run._session.stream.folder.lock.release()  # type: ignore[attr-defined]
        assert cli.main(["sync", "--url", self.server.url, "--directory", str(self.journals)]) == 0

    def _by_people(self) -> None:
        url = f"{self.server.url}/api"
        number = httpx.get(f"{url}/runs/EXPORTED-1").json()["run_id"]
        httpx.post(f"{url}/marks", json={"run": number, "text": "looks good", "step": 2.5}).raise_for_status()
        content = {"selection": {"labels": ["EXPORTED-3"]}}
        for name, kind, about in (("curves", "dashboard", "EXPORTED-3"), ("paper", "report", None)):
            body = {"kind": kind, "name": name, "content": content, "run": about}
            httpx.post(f"{url}/dashboards", params={"project": PROJECT}, json=body).raise_for_status()
        for name, address in (("best ☃", "q=acc+%3E+0.9&run=EXPORTED-3&run=EXPORTED-1"), ("all", "")):
            view = {"name": name, "address": address}
            httpx.post(f"{url}/views", params={"project": PROJECT}, json=view).raise_for_status()
