"""Pages of charts in a real browser: comparing 20 runs x 1M points, and 100 runs x 30 charts.

    python -m benchmarks.chart_pages [--rounds N] [--smoke] [--no-peers]

Chromium, headless, without a graphics card. *First paint* is from the start of the navigation to the frame in which
each chart in view has its curves; *zoom* from letting go of the mouse to the frame with the finer data. Beside a bare
page with uPlot that holds all points in the browser already. Needs playwright and a Chromium on the machine.
"""

from __future__ import annotations

import gzip
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import database_file
from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import NotInstalledError
from benchmarks.jobs import filling
from benchmarks.processes import ROOT, run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import tidelog_server
from benchmarks.sizes import Size

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LONG_RUNS, LONG_POINTS = 20, 1_000_000
MANY_RUNS, MANY_SERIES, MANY_POINTS = 100, 30, 1_000
SMOKE_RUNS, SMOKE_POINTS = 3, 3_000
WINDOW = {"width": 1440, "height": 900}
TALL = {"width": 1920, "height": 2000}  # thirty charts are in view
SCROLLS = 30
UPLOT = ROOT / "server/frontend/node_modules/uplot/dist/uPlot.iife.min.js"
DIST = ROOT / "server/tidelog_server/static/dist"
DEADLINE_MS = 120_000
REST_MS = 500  # before each act: nobody zooms in the first frame of a page, or opens one while another goes away

# Notes the time at which every chart in view is drawn.
WATCH = """() => {
  const inView = figure => {
    const box = figure.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  const isDrawn = figure => figure.dataset.state === 'ready' && figure.querySelector('canvas');
  const look = () => {
    const seen = [...document.querySelectorAll('figure.chart')].filter(inView);
    if (seen.length && seen.every(isDrawn)) window.drawnAt = performance.now();
    else requestAnimationFrame(look);
  };
  document.addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
}"""
# Notes how long after the end of a drag other points are drawn.
WATCH_ZOOM = """() => {
  const figure = document.querySelector('figure.chart');
  const before = figure.dataset.points;
  document.addEventListener('mouseup', () => {
    const start = performance.now();
    const look = () => requestAnimationFrame(() => {
      if (figure.dataset.points === before) look();
      else requestAnimationFrame(() => { window.zoomed = performance.now() - start; });
    });
    look();
  }, {once: true, capture: true});
}"""
WATCH_FRAMES = """() => {
  window.longest = 0;
  let last = performance.now();
  const tick = now => {
    window.longest = Math.max(window.longest, now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
BARE_DRAW = """async ({ runs, points }) => {
  const columns = [Float64Array.from({ length: points }, (_, i) => i)];
  for (let run = 0; run < runs; run++) {
    columns.push(Float64Array.from({ length: points }, (_, i) => Math.exp(-i / points) + Math.random() * 0.1));
  }
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  await frame();
  let start = performance.now();
  const series = [{}, ...columns.slice(1).map((_, run) => ({ stroke: `hsl(${run * 18} 80% 40%)` }))];
  const options = { width: 526, height: 214, series, scales: { x: { time: false } }, legend: { show: false } };
  const plot = new uPlot(options, columns, document.body);
  await frame();
  const first = performance.now() - start;
  start = performance.now();
  plot.setScale('x', { min: points * 0.6, max: points * 0.64 });
  await frame();
  return { first: first / 1000, zoom: (performance.now() - start) / 1000 };
}"""


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark; none, said so, where there is no browser."""
    with ExitStack() as stack:
        try:
            browser = _browser(stack)
        except NotInstalledError as error:
            print(f"pages of charts are left out: there is no {error}", file=sys.stderr)
            return []
        return _measure(size, browser, stack)


def _measure(size: Size, browser: Any, stack: ExitStack) -> list[Line]:
    runs, points = size.of(LONG_RUNS, SMOKE_RUNS), size.of(LONG_POINTS, SMOKE_POINTS)
    many = size.of(MANY_RUNS, SMOKE_RUNS)
    questions = {
        "long": [
            Question("compare 20 runs x 1M points in a browser: first paint", "first", "ms", at_most=300),
            Question("compare 20 runs x 1M points in a browser: zoom", "zoom", "ms", at_most=100),
        ],
        "many": [
            Question("100 runs x 30 charts in view in a browser: all drawn", "first", "s", at_most=1),
            Question("100 runs x 30 charts: longest frame while scrolling", "frame", "ms", at_most=100),
        ],
        "weight": [Question("script and style of a page, compressed", "weight", "bytes", at_most=200_000)],
    }
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = stack.enter_context(tidelog_server(folder / "tidelog"))
    fill = partial(run_job, filling.fill_tidelog, folder=str(folder), url=server.url)
    fill(runs=runs, series=1, length=points)
    fill(runs=many, series=size.of(MANY_SERIES, 2), length=MANY_POINTS)
    database_file.wait_for_rest(folder / "tidelog")
    with Connection(server.url) as connection:
        key = connection.get_json("/api/projects")["projects"][0]["key"]
    long_page = _address(server.url, key, range(1, runs + 1))
    many_page = _address(server.url, key, range(runs + 1, runs + many + 1))
    contests = {
        "long": [
            Contender("tidelog", lambda: _time_long(browser, long_page)),
            *([Contender("uPlot alone, points in memory", lambda: _time_bare(browser, runs, points))] * size.peers),
        ],
        "many": [Contender("tidelog", lambda: _time_many(browser, many_page))],
        "weight": [Contender("tidelog", _weigh)],
    }
    return [line for name, asked in questions.items() for line in answer(asked, hold(contests[name], size.rounds))]


def _browser(stack: ExitStack) -> Any:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None or importlib.util.find_spec("playwright") is None:
        raise NotInstalledError("playwright and a Chromium")
    from playwright.sync_api import sync_playwright

    started = stack.enter_context(sync_playwright())
    browser = started.chromium.launch(executable_path=program, args=ARGUMENTS)
    stack.callback(browser.close)
    return browser


def _address(url: str, key: str, numbers: Sequence[int] | range) -> str:
    runs = "&".join(f"run={key}-{number}" for number in numbers)
    return f"{url}/projects/benchmarks/compare?{runs}"


def _time_long(browser: Any, address: str) -> Figures:
    page = _open(browser, address, WINDOW)
    first = page.evaluate("window.drawnAt") / 1000
    page.wait_for_timeout(REST_MS)
    area = page.locator("figure.chart .u-over").first.bounding_box()
    page.evaluate(WATCH_ZOOM)
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + 0.6 * area["width"], middle)
    page.mouse.down()
    page.mouse.move(area["x"] + 0.62 * area["width"], middle)
    page.mouse.move(area["x"] + 0.64 * area["width"], middle)
    page.mouse.up()
    page.wait_for_function("() => window.zoomed > 0", timeout=DEADLINE_MS)
    zoom = page.evaluate("window.zoomed") / 1000
    page.context.close()
    return {"first": first, "zoom": zoom}


def _time_many(browser: Any, address: str) -> Figures:
    page = _open(browser, address, TALL)
    first = page.evaluate("window.drawnAt") / 1000
    page.set_viewport_size(WINDOW)
    page.wait_for_timeout(1000)
    page.evaluate(WATCH_FRAMES)
    page.mouse.move(900, 500)
    for number in range(SCROLLS):
        page.mouse.wheel(0, 120 if number % 20 < 10 else -120)
        page.wait_for_timeout(30)
    frame = page.evaluate("window.longest") / 1000
    page.context.close()
    return {"first": first, "frame": frame}


def _open(browser: Any, address: str, window: dict[str, int]) -> Any:
    """The page with its charts drawn, in a context of its own: nothing is cached."""
    page = browser.new_context(viewport=window).new_page()
    page.add_init_script(f"({WATCH})()")
    page.wait_for_timeout(REST_MS)
    page.goto(address)
    page.wait_for_function("() => window.drawnAt > 0", timeout=DEADLINE_MS)
    return page


def _time_bare(browser: Any, runs: int, points: int) -> Figures:
    if not UPLOT.exists():
        raise NotInstalledError("uPlot; run npm ci in server/frontend")
    page = browser.new_context(viewport=WINDOW).new_page()
    page.set_default_timeout(DEADLINE_MS)
    page.add_script_tag(path=UPLOT)
    page.wait_for_timeout(REST_MS)
    figures: dict[str, float] = page.evaluate(BARE_DRAW, {"runs": runs, "points": points})
    page.context.close()
    return figures


def _weigh() -> Figures:
    files = [DIST / "app.js", DIST / "style.css"]
    return {"weight": float(sum(len(gzip.compress(file.read_bytes(), 6)) for file in files))}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
