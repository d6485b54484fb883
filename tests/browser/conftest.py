"""A real Chromium on a real server that holds runs as people log them."""

from __future__ import annotations

import math
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

import tidelog
from benchmarks.jobs.many_runs import fill_project
from tests.conftest import ServerProcess, free_port
from tests.everything import Logged, log_everything

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]
DESK: ViewportSize = {"width": 1440, "height": 900}
RUNS = 55  # more than a page of the table
LONG_POINTS = 200_000
SPIKE_STEP, SPIKE = 123_456, 40.0
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"`{{7*7}}${7*7}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program. At home its absence skips these tests, in CI it fails them."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("There is no chromium on this machine; tests/system_packages.sh installs it.")
    pytest.skip("There is no chromium on this machine; `make test` installs it where it can.")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """The system's browser, never one that Playwright would download.

    Closed after each module: Playwright keeps an event loop running in this thread, and other tests start their own.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@dataclass(frozen=True)
class Site:
    """A server with runs. `labels` are those of the sweep, oldest first."""

    url: str
    folder: Path
    labels: list[str] = field(default_factory=list)

    def log(self, **options: Any) -> tidelog.Run:
        """Start a run on this server."""
        options = {"project": "mnist", "capture_hardware": False, **options}
        return tidelog.init_run(url=self.url, directory=self.folder / "journals", **options)


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server that all tests of the browser look at. Tests that change it log runs of their own."""
    folder = tmp_path_factory.mktemp("site")
    server = ServerProcess(folder / "data", free_port())
    server.start()
    made = Site(server.url, folder)
    for number in range(RUNS):
        made.labels.append(log_sweep_run(made, number))
    yield made
    server.stop()


@pytest.fixture(scope="session")
def long_run(site: Site) -> str:
    """The label of a run with a series far longer than a screen is wide, one spike and some NaN in it."""
    noise = random.Random(3)
    with site.log(project="long", name="long run") as run:
        values = [math.exp(-step / 40_000) + noise.random() * 0.1 for step in range(LONG_POINTS)]
        values[SPIKE_STEP] = SPIKE
        values[60_000:60_010] = [math.nan] * 10
        run["train/loss"].extend(values, steps=range(LONG_POINTS))
        for number in range(24):
            run[f"layers/norm_{number:02d}"].extend([noise.random() for _ in range(50)])
        run["monitoring/cpu_percent"].extend([noise.random() * 100 for _ in range(50)])
    return label_of(run)


@pytest.fixture(scope="session")
def many_runs(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a project of 2,000 runs."""
    data = tmp_path_factory.mktemp("many")
    fill_project(str(data), 2_000)
    server = ServerProcess(data, free_port())
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def full_run(site: Site) -> str:
    """The label of a run with something in each of its tabs."""
    with site.log(project="full", name="full run", tags=["baseline"]) as run:
        run["params"] = {"lr": 0.1, "optimizer": "sgd"}
        run["train/loss"].extend([1.0 / (step + 1) for step in range(50)])
        for gpu in range(2):
            run[f"monitoring/gpu/{gpu}/utilisation_percent"].extend([90.0] * 50)
            run[f"monitoring/gpu/{gpu}/hours"] = 1.0
            run[f"monitoring/gpu/{gpu}/idle_percent"] = 38.0 * gpu
        colours = "".join(f"\x1b[{code}mcolour {code}\x1b[0m " for code in (1, 2, 31, 32, 33, 34, 35, 36, 41, 42, 7))
        run["log"].extend([f"step {step}: loss {1.0 / (step + 1):.3f}" for step in range(3_000)] + [colours])
        for step in (0, 10, 20):
            picture = np.full((12, 24), 10 * step, dtype="uint8")
            run["images/samples"].append(picture, step=step, description=f"samples at {step}")
            run["weights"].append(tidelog.Histogram(edges=[0.0, 1.0, 2.0], counts=[step + 1.0, 2.0]), step=step)
        run.alert("Loss is rising", "for three epochs", level="warning")
    return label_of(run)


@pytest.fixture(scope="session")
def everything(site: Site) -> Logged:
    """A project with one of everything that a client can write."""
    return log_everything(site.url, site.folder, project="everything", text="word")


@pytest.fixture(scope="session")
def hostile(site: Site) -> Logged:
    """A project that carries markup in every text a client can write."""
    return log_everything(site.url, site.folder, project=f"p {HOSTILE}"[:200], text=HOSTILE)


def log_sweep_run(site: Site, number: int) -> str:
    """One run of a sweep over learning rates."""
    rate = (1e-4, 1e-3, 1e-2)[number % 3]
    with site.log(name=f"cnn-{number:02d}", tags=["sweep", f"group-{number % 2}"]) as run:
        run["params"] = {"lr": rate, "optimizer": {"name": "adam" if number % 2 else "sgd"}, "epochs": 10}
        run["val/loss"].extend([1.0 / (step + 1) + number / 100 for step in range(20)])
        run["val/accuracy"].extend([1 - 1.0 / (step + 2) for step in range(20)])
    return label_of(run)


def label_of(run: tidelog.Run) -> str:
    """The label that the server gave."""
    assert run.label is not None
    return run.label


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab."""
    with tab(browser, site, viewport=DESK) as page:
        yield page


@pytest.fixture
def plain(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab of a browser that runs no scripts."""
    with tab(browser, site, java_script_enabled=False) as page:
        yield page


@contextmanager
def tab(browser: Browser, site: Site, **options: Any) -> Iterator[Page]:
    """A tab of a browser of its own. What it complains about fails the test: errors, and what the security policy
    refused.
    """
    context = browser.new_context(base_url=site.url, **options)
    page = context.new_page()
    complaints = _complaints_of(page)
    yield page
    context.close()
    assert complaints == []


def _complaints_of(page: Page) -> list[str]:
    """The list that errors of this tab are appended to."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} ({message.location.get('url', '')} on {page.url})")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def drawn_chart(page: Page, path: str) -> Any:
    """The figure of the chart of `path`, once it shows data."""
    figure = page.locator(f'figure.chart[data-path="{path}"]')
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(f'figure.chart[data-path="{path}"][data-state="ready"] canvas')
    return figure
