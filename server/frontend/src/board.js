/**
 * All charts of a page: which are in view, and one request for the data of all of those.
 *
 * A chart that is not in view costs nothing but its place. The server answers with as many buckets as the widest chart has
 * pixels, so that zooming asks again and shows what lay between.
 */

import { Chart } from "./chart.js";
import { decodeFrame } from "./frame.js";
import { listenToLegend, runsOfPage, showHidden } from "./legend.js";
import { currentView, onViewChange } from "./view.js";

const NEAR_PX = 300; // charts this far outside of the window are loaded already
const COLLECT_MS = 25; // charts that come into view together are asked for together
const LIVE_MS = 1000; // between two updates of a run that is being logged
const RETRY_MS = 5000;
const MAX_PAIRS = 5000; // of run and path, in one request
const MAX_DRAWN = 60000; // points of one chart, over all its runs
const MIN_BUCKETS = 100;
const MAX_BUCKETS = 4000;

export class Board {
  constructor() {
    this.view = currentView();
    this.runs = runsOfPage();
    this.theme = themeOf();
    /** @type {Map<Element, Chart>} */
    this.charts = new Map();
    /** @type {Set<Chart>} */
    this.visible = new Set();
    this.highlighted = null;
    this.generation = 0; // raised whenever what charts show is no longer all there is
    this.timer = 0;
    this.loadedAt = 0;
    this.running = null;
    this.observer = new IntersectionObserver((entries) => this.look(entries), { rootMargin: `${NEAR_PX}px 0px` });
    onViewChange((view) => this.change(view));
    listenToLegend((run) => this.highlight(run));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    addEventListener("resize", () => this.resize());
    this.collect();
  }

  /** Find the figures of the page; called again after a part of it was swapped. */
  collect() {
    this.runs = runsOfPage();
    showHidden(this.view.hidden);
    for (const [figure, chart] of this.charts) {
      if (figure.isConnected) continue;
      this.observer.unobserve(figure);
      this.visible.delete(chart);
      chart.unmount();
      this.charts.delete(figure);
    }
    for (const figure of document.querySelectorAll("figure.chart[data-path]")) {
      if (this.charts.has(figure)) continue;
      this.charts.set(figure, new Chart(figure, this));
      this.observer.observe(figure);
    }
  }

  /** @param {Chart} chart */
  isVisible(chart) {
    return this.visible.has(chart);
  }

  /** New points were logged: what is in view is asked for again, the rest when it comes into view. */
  refresh() {
    this.generation++;
    this.scheduleStale();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  look(entries) {
    for (const { target, isIntersecting } of entries) {
      const chart = this.charts.get(target);
      if (!chart) continue;
      if (isIntersecting) {
        this.visible.add(chart);
        chart.draw();
      } else {
        this.visible.delete(chart);
        chart.unmount();
      }
    }
    this.schedule(COLLECT_MS);
  }

  /** Charts without data are loaded at once, others no more often than one can follow. */
  scheduleStale() {
    const stale = [...this.visible].filter((chart) => chart.isStale);
    if (!stale.length) return;
    const isUrgent = stale.some((chart) => chart.isEmpty);
    this.schedule(isUrgent ? COLLECT_MS : Math.max(COLLECT_MS, this.loadedAt + LIVE_MS - Date.now()));
  }

  /** @param {number} delay_ms */
  schedule(delay_ms) {
    const at = Date.now() + delay_ms;
    if (this.timer && this.timerAt <= at) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.load();
    }, delay_ms);
  }

  async load() {
    if (this.running) return; // it looks again when it ends
    const charts = [...this.visible].filter((chart) => chart.isStale);
    if (!charts.length || !this.runs.size) return;
    this.running = new AbortController();
    const { signal } = this.running;
    try {
      for (const part of this.parts(charts)) await this.loadPart(part, signal);
      this.running = null;
      this.loadedAt = Date.now();
      this.scheduleStale();
    } catch (error) {
      this.running = null;
      if (signal.aborted) {
        this.schedule(0);
        return;
      }
      console.error(error);
      charts.filter((chart) => chart.isStale).forEach((chart) => chart.fail());
      this.schedule(RETRY_MS);
    }
  }

  /** @param {Chart[]} charts */
  *parts(charts) {
    const size = Math.max(1, Math.floor(MAX_PAIRS / this.runs.size));
    for (let from = 0; from < charts.length; from += size) yield charts.slice(from, from + size);
  }

  /** @param {Chart[]} charts @param {AbortSignal} signal */
  async loadPart(charts, signal) {
    const { generation } = this;
    const { x, from, to } = this.view;
    const width = Math.max(...charts.map((chart) => chart.width));
    const buckets = Math.round(Math.max(MIN_BUCKETS, Math.min(width, MAX_DRAWN / this.runs.size, MAX_BUCKETS)));
    const asked = { runs: [...this.runs.keys()], paths: charts.map((chart) => chart.path), buckets, axis: x, start: from, stop: to };
    const answer = await fetch("/api/charts", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/vnd.tidelog.frame" },
      body: JSON.stringify(asked),
      signal,
    });
    if (!answer.ok) throw new Error(`charts: ${answer.status}`);
    const { series } = decodeFrame(await answer.arrayBuffer());
    const byPath = Map.groupBy ? Map.groupBy(series, ({ path }) => path) : groupByPath(series);
    if (signal.aborted) return;
    for (const chart of charts) chart.receive(byPath.get(chart.path) ?? [], generation);
  }

  /** Another axis, zoom or choice of runs: what can be drawn at once is, and what is finer is asked for. */
  change(view) {
    const old = this.view;
    this.view = view;
    showHidden(view.hidden);
    const needsData = old.x !== view.x || old.from !== view.from || old.to !== view.to;
    if (needsData) this.generation++;
    for (const chart of this.charts.values()) {
      chart.draw();
      if (old.y !== view.y && !needsData) chart.describe();
    }
    if (!needsData) return;
    this.running?.abort();
    this.schedule(0);
  }

  /** @param {number|null} run */
  highlight(run) {
    if (this.highlighted === run) return;
    this.highlighted = run;
    for (const chart of this.visible) chart.plot?.redraw(false);
  }

  recolour() {
    this.theme = themeOf();
    this.runs = runsOfPage();
    for (const chart of this.visible) chart.draw();
  }

  resize() {
    for (const chart of this.visible) chart.draw();
  }
}

function groupByPath(series) {
  const found = new Map();
  for (const item of series) found.set(item.path, [...(found.get(item.path) ?? []), item]);
  return found;
}

/** The colours of axes come from the style sheet, like everything else. */
function themeOf() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return { name: token("--theme"), ink: token("--ink-muted"), grid: token("--line-faint"), font: `11px ${token("--font")}` };
}
