/**
 * A board of charts: which are in view, and one request for the data of all of those.
 *
 * A chart that is not in view costs nothing but its place. The server answers with as many buckets as the widest chart has
 * pixels, so that zooming asks again and shows what lay between.
 *
 * A board is put anywhere by HTML alone (docs/decisions/0009-boards-of-charts.md):
 *
 *     <div data-board id="charts" data-legend="#legend">              its view is kept in the address of the page
 *     <div data-board id="w7" data-legend="#w7-runs" data-view="x=relative&smooth=ema:0.6">   its own view
 *       <figure class="chart" data-path="train/loss">…               partials/chart.html draws these
 *
 * The legend has an element for each run (`data-run`, `data-label`, `data-name`, `data-dash`, a `.swatch` in its colour), and, where
 * runs are drawn in groups, one for each group (`data-group-key`), to which a run belongs by its `data-group`.
 */

import { Changes } from "./changes.js";
import { axisOf } from "./axis.js";
import { Chart } from "./chart.js";
import { portionsOf, post } from "./asking.js";
import { decodeFrame } from "./frame.js";
import { LinesChart } from "./lines_chart.js";
import { HeatMap } from "./heatmap.js";
import { entriesOf, listenToLegend, showAbandoned, showHidden, showNear } from "./legend.js";
import { Marks } from "./marks.js";
import { Painting } from "./painting.js";
import { OwnView, pageView } from "./view.js";

const NEAR_PX = 300; // charts this far outside of the window are loaded already
const COLLECT_MS = 8; // charts that come into view together are asked for together
const LIVE_MS = 1000; // between two updates of a run that is being logged
const RETRY_MS = 5000;
const MAX_PAIRS = 5000; // of run and path, in one request
const FIRST_PAIRS = 600; // in each of the first requests: so that something is drawn soon
const MAX_DRAWN = 60000; // points of one chart, over all its runs
const CROWD = 40; // curves, from which on a bucket is some pixels wide: its extremes are drawn, and lines cover one another
const MAX_CROWDED = 20000; // points of one chart with so many
const MANY_RUNS = 16; // from which on only those columns are asked for that are drawn: frames get large
const ABANDONED_RUNS = 10; // up to which charts also show what attempts left behind: among more nobody could tell
const MIN_BUCKETS = 100;
const MAX_BUCKETS = 4000;

/** @typedef {Chart|HeatMap} Item */

/** @typedef {{generation: number, refusal?: string, series?: import("./frame.js").Series[], axis?: string, runs?: number[]|null}} Answer of the server */

export class Board {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.legend = root.dataset.legend ?? "#legend";
    const isOfPage = root.dataset.view === undefined;
    /** @type {import("./view.js").ViewKeeper} */
    this.keeper = isOfPage ? pageView : new OwnView(root.dataset.view);
    this.view = this.keeper.current();
    this.theme = themeOf();
    /** @type {Map<Element, Item>} */
    this.items = new Map();
    /** @type {Set<Item>} */
    this.visible = new Set();
    /** @type {string|null} key of the entry that is brought to the front */
    this.highlighted = null;
    this.changes = new Changes();
    this.timer = 0;
    this.loadedAt = 0;
    this.running = null;
    this.isFollowing = false;
    this.painting = new Painting();
    this.events = new Marks(() => this.repaint());
    this.observer = new IntersectionObserver((seen) => this.look(seen), { rootMargin: `${NEAR_PX}px 0px` });
    this.keeper.listen((view) => this.change(view));
    listenToLegend(this.legend, this.keeper, (label) => this.highlightLabel(label));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    addEventListener("resize", () => this.repaint());
    this.collect(root);
  }

  /** Find the figures of the board; called again after a part of the page was swapped. @param {HTMLElement} root */
  collect(root) {
    this.root = root;
    this.readLegend();
    for (const [figure, item] of this.items) {
      if (figure.isConnected && root.contains(figure)) continue;
      this.observer.unobserve(figure);
      this.visible.delete(item);
      item.unmount();
      this.items.delete(figure);
    }
    const added = [...root.querySelectorAll("figure.chart")].filter((figure) => !this.items.has(figure)).map((figure) => this.itemOf(figure));
    for (const item of added) {
      this.items.set(item.figure, item);
      this.observer.observe(item.figure);
    }
    const view = this.keeper.current();
    if (axisOf(view) !== axisOf(this.view)) this.change(view); // another tab may begin with another axis
    this.showFull();
    this.lookAt(added);
  }

  /** Which of these are in view, without waiting for the first frame: until then the server may have answered. @param {Item[]} items */
  lookAt(items) {
    for (const item of items) {
      const { top, bottom, height } = item.figure.getBoundingClientRect();
      if (height && bottom > -NEAR_PX && top < innerHeight + NEAR_PX) this.visible.add(item);
    }
    this.load();
  }

  /** @param {HTMLElement} figure */
  itemOf(figure) {
    if (figure.dataset.heatmap !== undefined) return new HeatMap(figure, this);
    return figure.dataset.lines === undefined ? new Chart(figure, this) : new LinesChart(figure, this);
  }

  /** The board is no longer on the page. */
  leave() {
    this.running?.abort();
    this.observer.disconnect();
    for (const item of this.items.values()) item.unmount();
    this.items.clear();
    this.visible.clear();
  }

  readLegend() {
    const legend = document.querySelector(this.legend);
    const entries = entriesOf(legend);
    const ids = [...entries.values()].flatMap(({ runs }) => runs);
    if (this.ids && String(this.ids) !== String(ids)) {
      this.expire(null);
      this.restart();
    }
    this.entries = entries;
    this.ids = ids;
    this.isGrouped = [...entries.keys()].some((key) => key.startsWith("group"));
    showHidden(legend, this.view);
    this.markAbandoned();
    this.events.follow(ids);
  }

  /** @param {Item} item */
  isVisible(item) {
    return this.visible.has(item);
  }

  /** Draw an item soon. @param {Item} item */
  paint(item) {
    this.painting.add(item);
  }

  repaint() {
    for (const item of this.visible) this.paint(item);
  }

  /** What is to be marked on the x axis; nothing where the reader does not want it. */
  marks() {
    return this.view.marks ? this.events.found : [];
  }

  /** Whether what later attempts left behind is drawn beside the curves. */
  get showsTails() {
    return this.view.tails && this.view.x !== "metric" && !this.isGrouped && this.ids.length <= ABANDONED_RUNS;
  }

  /** The legend says of which runs something abandoned is drawn. */
  markAbandoned() {
    const tails = [...this.items.values()].flatMap((item) => item.shownTails());
    showAbandoned(document.querySelector(this.legend), new Set(tails.map(({ series }) => series.run)));
  }

  /** New points were logged: what is in view is asked for again, the rest when it comes into view. @param {number[]|null} runs */
  refresh(runs = null) {
    const known = runs?.filter((run) => this.ids.includes(run)) ?? null;
    if (known && !known.length) return;
    this.expire(known);
    this.events.refresh();
    this.scheduleStale();
  }

  /** @param {number[]|null} runs null: all that charts show may be different */
  expire(runs) {
    this.changes.add(this.isGrouped ? null : runs);
  }

  /** Raised whenever what charts show is no longer all there is. */
  get generation() {
    return this.changes.generation;
  }

  /** What is on its way is of no use any more: ask anew. */
  restart() {
    this.running?.abort();
    this.schedule(0);
  }

  /** @param {IntersectionObserverEntry[]} seen */
  look(seen) {
    for (const { target, isIntersecting } of seen) {
      const item = this.items.get(target);
      if (!item) continue;
      if (isIntersecting) {
        this.visible.add(item);
        this.paint(item);
      } else {
        this.visible.delete(item);
        item.unmount();
      }
    }
    this.scheduleStale();
  }

  /** Charts without data are loaded at once, others no more often than one can follow. */
  scheduleStale() {
    const stale = [...this.visible].filter((item) => item.isStale);
    if (!stale.length) return;
    const isUrgent = stale.some((item) => item.isEmpty);
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
    const items = [...this.visible].filter((item) => item.isStale).sort(inReadingOrder);
    if (!items.length || !this.ids.length) return;
    this.running = new AbortController();
    const { signal } = this.running;
    for (const item of items) item.measure(); // all before any is drawn, as the first are while others are asked for
    try {
      await this.loadParts([...this.parts(items)], signal);
      this.running = null;
      this.loadedAt = Date.now();
      this.scheduleStale();
    } catch (error) {
      this.running = null;
      if (signal.aborted) {
        this.schedule(0);
        return;
      }
      items.filter((item) => item.isStale).forEach((item) => item.fail());
      this.schedule(RETRY_MS);
    }
  }

  /** @param {Item[]} items */
  *parts(items) {
    let part = [];
    let pairs = 0;
    for (const item of items) {
      const more = (item.paths.length + item.expressions.length) * this.ids.length;
      if (part.length && pairs + more > (item.isEmpty ? FIRST_PAIRS : MAX_PAIRS)) {
        yield part;
        [part, pairs] = [[], 0];
      }
      part.push(item);
      pairs += more;
    }
    if (part.length) yield part;
  }

  /**
   * The server works on the next part while this one is drawn. Never on two at once: the first would come later, the second no sooner.
   * @param {Item[][]} parts @param {AbortSignal} signal
   */
  async loadParts(parts, signal) {
    let coming = this.ask(parts[0], signal);
    for (const [number, items] of parts.entries()) {
      const answer = await coming;
      if (number + 1 < parts.length) coming = this.ask(parts[number + 1], signal);
      coming.catch(() => {}); // whoever waits for it hears of it
      this.receive(items, answer);
    }
  }

  /** @param {Item[]} items @param {AbortSignal} signal @returns {Promise<Answer>} */
  async ask(items, signal) {
    const { generation, view } = this;
    const changed = this.changes.since(Math.min(...items.map((item) => item.generation)));
    const asked = this.question(items);
    const most = Math.max(1, Math.floor(MAX_PAIRS / (asked.paths.length + asked.expressions.length)));
    const series = [];
    // One heat map of many rows may be more than one request can ask for.
    for (const runs of this.isGrouped ? [this.ids] : portionsOf(changed ?? this.ids, most)) {
      const answer = await post({ ...asked, runs }, signal);
      if (answer.refusal) return { generation, refusal: answer.refusal };
      series.push(...decodeFrame(answer.frame).series);
    }
    return { generation, series, axis: axisOf(view), runs: changed };
  }

  /** What these items need to know, of whichever runs. @param {Item[]} items */
  question(items) {
    const { view } = this;
    const width = Math.max(...items.map((item) => item.size.width));
    const room = this.entries.size < CROWD ? MAX_DRAWN : MAX_CROWDED;
    return {
      paths: [...new Set(items.flatMap((item) => item.paths))],
      expressions: [...new Set(items.flatMap((item) => item.expressions))],
      buckets: Math.round(Math.max(MIN_BUCKETS, Math.min(width, room / this.entries.size, MAX_BUCKETS))),
      columns: this.ids.length > MANY_RUNS ? "drawn" : "all",
      axis: view.x,
      start: view.from,
      stop: view.to,
      ...(view.xPath ? { x_path: view.xPath } : {}),
      ...(this.showsTails ? { abandoned: true } : {}),
      ...(this.isGrouped ? { groups: [...this.entries.values()].map((entry) => entry.runs) } : {}),
    };
  }

  /**
   * Give the items what the server answered, or what it said is wrong: asking again would not help.
   * @param {Item[]} items @param {Answer} answer
   */
  receive(items, { generation, refusal, series, axis, runs }) {
    if (refusal) {
      for (const item of items) {
        item.generation = generation;
        item.fail(refusal);
      }
      return;
    }
    const areNew = items.some((item) => item.isEmpty);
    const byPath = new Map();
    for (const one of series) {
      if (byPath.has(one.path)) byPath.get(one.path).push(one);
      else byPath.set(one.path, [one]);
    }
    for (const item of items) {
      const mine = [...item.paths, ...item.expressions].flatMap((path) => byPath.get(path) ?? []);
      item.receive(mine, { generation, axis, runs });
    }
    if (areNew) this.painting.hurry();
    this.markAbandoned();
  }

  /** Another axis, zoom or choice of runs: what can be drawn at once is, and what is finer is asked for. */
  change(view) {
    const old = this.view;
    this.view = view;
    showHidden(document.querySelector(this.legend), view);
    if (old.full !== view.full) this.showFull();
    const needsData = axisOf(old) !== axisOf(view) || old.from !== view.from || old.to !== view.to || (view.tails && !old.tails);
    if (needsData) this.expire(null);
    for (const item of this.items.values()) {
      if (old.band !== view.band) item.shape();
      if (!needsData) item.describe();
    }
    this.markAbandoned();
    this.repaint();
    if (needsData) this.restart();
  }

  /** One chart may fill the window; its data is asked for again, for it has more pixels now. */
  showFull() {
    let full = null;
    for (const [figure, item] of this.items) {
      const isFull = item.title === this.view.full;
      if (isFull && !figure.classList.contains("is-full")) {
        item.expire();
        this.running?.abort(); // what it was asked for before it grew is too coarse
      }
      figure.classList.toggle("is-full", isFull);
      figure.querySelector("[data-full]")?.setAttribute("aria-pressed", String(isFull));
      if (isFull) full = item;
    }
    document.documentElement.classList.toggle("has-full-chart", Boolean(document.querySelector(".chart.is-full")));
    if (full) {
      full.place.focus({ preventScroll: true });
      this.scheduleStale();
    }
  }

  /** The pointer is over a chart, whose nearest line is that of `key`; the crosshairs of all others follow. */
  point(chart, plot, key) {
    this.highlightKey(key);
    const x = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null;
    this.crosshair = { chart, x };
    if (this.isMoving) return;
    this.isMoving = true;
    requestAnimationFrame(() => {
      this.isMoving = false;
      this.isFollowing = true;
      for (const item of this.visible) if (item !== this.crosshair.chart) item.follow(this.crosshair.x);
      this.isFollowing = false;
    });
  }

  /** @param {string|null} label of the legend's entry under the pointer */
  highlightLabel(label) {
    const entry = label === null ? null : [...this.entries.values()].find((one) => one.label === label);
    this.highlightKey(entry?.key ?? null, false);
  }

  /** @param {string|null} key @param {boolean} isNear whether the legend and tables mark it */
  highlightKey(key, isNear = true) {
    if (this.highlighted === key) return;
    this.highlighted = key;
    if (isNear) showNear(key === null ? null : (this.entries.get(key) ?? null));
    for (const item of this.visible) item.showHighlight();
  }

  drawAtOnce() {
    this.theme = themeOf();
    this.readLegend();
    for (const item of this.items.values()) if (item.plot) item.draw();
  }

  recolour() {
    this.theme = themeOf();
    this.readLegend();
    this.repaint();
  }
}

/** What stands higher is drawn first, heat maps, which need many series, last. @param {Item} a @param {Item} b */
const inReadingOrder = (a, b) => a.paths.length - b.paths.length || (a.figure.compareDocumentPosition(b.figure) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);

/** The colours of axes come from the style sheet, like everything else. */
function themeOf() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return { name: token("--theme"), ink: token("--ink-muted"), grid: token("--line-faint"), ground: token("--surface"), accent: token("--accent"), bad: token("--bad"), font: `11px ${token("--font")}` };
}
