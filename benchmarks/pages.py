"""The runs table of 100,000 runs and 40 columns in a real browser: first paint, sort, filter, group.

Beside it the limit: the browser shows the very same bytes, which it gets from memory instead of from a server.

    python -m benchmarks.pages [--rounds N] [--smoke]
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import NotInstalledError
from benchmarks.jobs.many_runs import METRICS, NUMBERS, PROJECT, fill_project
from benchmarks.report import Line, Question, answer
from benchmarks.servers import tidelog_server
from benchmarks.sizes import Size

RUNS = 100_000
SMOKE_RUNS = 300
FILLED = "TIDELOG_BENCHMARK_RUNS"  # a server folder that is filled already: filling takes minutes
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
REST_MS = 500  # after a page was painted it gets its further rows; nobody presses anything so soon
COLUMNS = (
    *METRICS,
    *(f"params/{number:02d}" for number in range(NUMBERS)),
    *("params/optimizer", "params/scheduler", "params/dataset", "params/model", "params/host", "sys/owner"),
    *("min(val/loss)", "max(val/accuracy)", "mean(train/loss)", "variance(val/loss)"),
)
# Resolves once the table shows another first row and that is on the screen.
SHOWN = """(first) => new Promise((resolve) => {
  const look = () => {
    const row = document.querySelector("#runs .run-row, #runs .group-row");
    if (row && row !== first) requestAnimationFrame(() => requestAnimationFrame(resolve));
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    with ExitStack() as stack:
        data = os.environ.get(FILLED, "")
        if not data:
            data = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data")
            fill_project(data, size.of(RUNS, SMOKE_RUNS))
        server = stack.enter_context(tidelog_server(Path(data)))
        browser = Browser(stack, server.url)
        lines = []
        for what, limit, act in _questions(browser):
            contenders = [
                Contender("tidelog", partial(_timed, act, False)),
                Contender("the same bytes from memory", partial(_timed, act, True), is_machine=True),
            ]
            lines += answer([Question(what, "p50", "ms", at_most=limit)], hold(contenders, size.rounds))
        return lines


def _questions(browser: Browser) -> list[tuple[str, float, Callable[[bool], float]]]:
    shape = f"runs table, {RUNS:,} runs x {len(COLUMNS)} columns"
    return [
        (f"{shape}: first paint", 300, browser.first_paint),
        (f"{shape}: sort by a column", 200, partial(browser.change, browser.sort)),
        (f"{shape}: filter by a number", 200, partial(browser.change, browser.filter, "`params/01` < 0.5")),
        (f"{shape}: filter by words", 200, partial(browser.change, browser.filter, "resnet")),
    ]


def _timed(act: Callable[[bool], float], from_memory: bool) -> Figures:
    act(from_memory)
    took = [act(from_memory) for _ in range(5)]
    return {"p50": statistics.median(took), "max": max(took)}


class Browser:
    """Chromium on a server, with one tab."""

    def __init__(self, stack: ExitStack, url: str) -> None:
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise NotInstalledError("playwright") from error
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            raise NotInstalledError("chromium")
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        stack.callback(browser.close)
        self.page: Any = browser.new_page(viewport={"width": 1440, "height": 900})
        self.address = f"{url}/projects/{PROJECT}?" + "&".join(f"column={quote(column)}" for column in COLUMNS)
        self._kept: dict[str, bytes] = {}
        self._from_memory = False
        self.page.route("**/projects/**", self._answer)

    def _answer(self, route: Any) -> None:
        request = route.request
        key = f"{request.headers.get('hx-target', '')} {request.url}"
        if self._from_memory and key in self._kept:
            route.fulfill(body=self._kept[key], content_type="text/html; charset=utf-8")
            return
        if self._from_memory:
            answer = route.fetch(max_retries=3)  # a connection that was kept may have been closed meanwhile
            self._kept[key] = answer.body()
            route.fulfill(response=answer)
            return
        route.continue_()

    def first_paint(self, from_memory: bool) -> float:
        """Seconds from the navigation to the first contentful paint; the page before is at rest."""
        self._from_memory = from_memory
        self.page.wait_for_timeout(REST_MS)
        self.page.goto(self.address)
        self.page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
        painted: float = self.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return painted / 1000

    def change(self, act: Callable[..., None], *arguments: Any) -> float:
        """Seconds from an action to the table that it leads to being on the screen."""
        *given, from_memory = arguments
        self._from_memory = from_memory
        self.page.goto(self.address)
        self.page.wait_for_selector("#runs .run-row")
        self.page.wait_for_timeout(REST_MS)
        first = self.page.query_selector("#runs .run-row")
        started = time.perf_counter()
        act(*given)
        self.page.evaluate(SHOWN, first)
        return time.perf_counter() - started

    def sort(self) -> None:
        """Press the head of a column."""
        self.page.evaluate("document.querySelector('th[data-column=\"val/loss\"] a.sort').click()")

    def filter(self, query: str) -> None:
        """Send a filter."""
        script = (
            "(q) => { document.querySelector('#query').value = q; document.querySelector('#filter').requestSubmit(); }"
        )
        self.page.evaluate(script, query)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
