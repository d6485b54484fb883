/** A heat map: a family of metrics (`layers/<n>/grad_norm`) as rows, steps as columns, the value as colour. One run at a time. */

import uPlot from "uplot";
import { axisOf } from "./chart.js";
import { curveOf, isAbandoned, nearest, xExtent } from "./curves.js";
import { count, number } from "./format.js";
import { listenToGestures } from "./gestures.js";
import { isShown } from "./legend.js";
import { planeOf } from "./lines.js";
import { plotOptions } from "./plot.js";
import { PointerBox, element, xText } from "./pointer.js";
import { rounded } from "./ranges.js";
import { resetZoom } from "./view.js";

const NEVER = -1;
const ZOOM_FROM_PX = 4;
const SHADES = 64;
const LABEL_ROOM_PX = 14; // of a row that gets its label

export class HeatMap {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board */
  constructor(figure, board) {
    this.figure = figure;
    this.board = board;
    this.title = figure.dataset.heatmap;
    /** @type {string[]} from below to above */
    this.paths = JSON.parse(figure.dataset.paths);
    this.rows = JSON.parse(figure.dataset.rows);
    this.expressions = [];
    this.place = figure.querySelector("[data-plot]");
    this.badge = figure.querySelector("[data-badge]");
    this.place.replaceChildren();
    this.place.tabIndex = 0;
    this.pointer = new PointerBox(this.place);
    /** @type {import("./frame.js").Series[]} */
    this.series = [];
    this.generation = NEVER;
    this.axis = "";
    this.plot = null;
    /** @type {import("./ranges.js").Ranges|null} */
    this.ranges = null;
    this.least = NaN;
    this.greatest = NaN;
    figure.dataset.state = "waiting";
    listenToGestures(this);
  }

  get width() {
    return Math.max(Math.floor(this.place.clientWidth), 120);
  }

  get height() {
    return Math.max(this.place.clientHeight, 120);
  }

  get isStale() {
    return this.generation !== this.board.generation;
  }

  get isEmpty() {
    return this.generation === NEVER;
  }

  expire() {
    if (!this.isEmpty) this.generation = NEVER + 0.5;
  }

  /** The legend's entries, as a chart has them. */
  get entries() {
    return this.board.entries;
  }

  /** The rows that are drawn, from below. */
  shownCurves() {
    return (this.curves ?? []).filter(Boolean);
  }

  /** Rows are curves: what attempts left behind has no place in them. */
  shownTails() {
    return [];
  }

  receive(series, { generation, axis, runs }) {
    const kept = runs === null ? [] : this.series.filter((item) => !runs.includes(item.run));
    this.series = [...kept, ...series.filter((item) => !isAbandoned(item))];
    this.generation = generation;
    this.axis = axis;
    this.shape();
    this.board.paint(this);
  }

  fail(why = "could not be loaded, trying again") {
    this.figure.dataset.state = "failed";
    this.badge.textContent = why;
  }

  /** The rows of the first run, or group, that is shown. */
  shape() {
    const { view, entries } = this.board;
    if (this.axis !== axisOf(view)) return;
    this.entry = [...entries.values()].find(({ label }) => isShown(view, label)) ?? null;
    const curves = this.series.map((item) => ({ path: item.path, curve: curveOf(item, view.x, view.band) }));
    const mine = curves.filter(({ curve }) => curve.key === this.entry?.key);
    this.curves = this.paths.map((path) => mine.find((one) => one.path === path)?.curve ?? null);
    this.describe();
  }

  describe() {
    if (!this.curves) return;
    const there = this.curves.filter(Boolean);
    const points = there.reduce((sum, curve) => sum + curve.points, 0);
    [this.least, this.greatest] = rangeOf(there, this.board.view.y === "log");
    const of = this.board.entries.size > 1 && this.entry ? `${this.entry.name} · ` : "";
    this.badge.textContent = points ? `${of}${number(this.least)} to ${number(this.greatest)} · ${count(points)} points` : "no points";
    this.badge.title = "The colour is the value of a point or the mean of a bucket: pale is the least, dark the greatest. Show one run alone to see its rows.";
    this.place.setAttribute("aria-label", `Heat map of ${this.title}, ${there.length} rows. ${this.badge.textContent}`);
    this.figure.dataset.state = points ? "ready" : "empty";
    this.figure.dataset.points = String(points);
  }

  draw() {
    const { view, theme } = this.board;
    if (!this.board.isVisible(this) || this.axis !== axisOf(view) || !this.curves) return;
    const wanted = [...this.board.entries.values()].find(({ label }) => isShown(view, label)) ?? null;
    if (wanted !== this.entry) this.shape();
    /** @type {[number, number]|null} */
    const x = view.from === null ? xExtent(this.curves.filter(Boolean)) : [view.from, view.to];
    if (!x) {
      this.unmount();
      return;
    }
    this.ranges = { x: x[0] < x[1] ? x : [x[0] - 1, x[1] + 1], y: [0, this.rows.length] };
    const kind = `${this.axis} ${theme.name}`;
    if (!this.plot || this.kind !== kind || this.plot.width !== this.width || this.plot.height !== this.height) {
      this.unmount();
      this.kind = kind;
      this.plot = new uPlot(this.options(), this.frame(), this.place);
    } else {
      this.plot.setData(this.frame());
    }
  }

  /** @returns {any} as uPlot wants it: the curves are drawn from elsewhere */
  frame() {
    return [this.ranges.x, this.ranges.y];
  }

  unmount() {
    this.pointer.hide();
    this.plot?.destroy();
    this.plot = null;
  }

  options() {
    const { width, height, board } = this;
    const made = plotOptions({ width, height, view: { ...board.view, y: "linear" }, theme: board.theme }, () => this.ranges, {
      paint: (plot) => this.paint(plot),
      point: (plot) => this.point(plot),
      select: (plot) => this.zoom(plot),
      reset: () => resetZoom(board.keeper),
    });
    const every = Math.max(1, Math.ceil((this.rows.length * LABEL_ROOM_PX) / height));
    const labelled = this.rows.map((_, row) => row).filter((row) => row % every === 0);
    const rows = { ...made.axes[1], grid: { show: false }, splits: () => labelled.map((row) => row + 0.5), values: () => labelled.map((row) => this.rows[row]), filter: (_, ticks) => ticks };
    return { ...made, axes: [{ ...made.axes[0], grid: { show: false } }, rows] };
  }

  /** @param {any} plot */
  paint(plot) {
    const plane = planeOf(plot);
    const { ctx } = plot;
    const isLog = this.board.view.y === "log";
    const shades = shadesOf(this.board.theme);
    ctx.save();
    ctx.beginPath();
    ctx.rect(plane.left, plane.top, plane.right - plane.left, plane.bottom - plane.top);
    ctx.clip();
    this.curves.forEach((curve, row) => {
      if (!curve) return;
      const top = plane.y(row + 1);
      const height = plane.y(row) - top;
      const gap = height > 6 * plane.ratio ? plane.ratio : 0;
      for (let i = 0; i < curve.x.length; i++) {
        const shade = shadeOf(curve.line[i], this.least, this.greatest, isLog);
        if (shade < 0) continue;
        const left = plane.x(curve.x[i]);
        const right = i + 1 < curve.x.length ? plane.x(curve.x[i + 1]) : left + (i ? left - plane.x(curve.x[i - 1]) : plane.right);
        ctx.fillStyle = shades[shade];
        ctx.fillRect(left, top, Math.max(right - left + 0.5, plane.ratio), height - gap);
      }
    });
    ctx.restore();
  }

  /** @param {any} plot */
  point(plot) {
    if (this.board.isFollowing) return;
    const { left, top } = plot.cursor;
    const row = left >= 0 ? Math.floor(plot.posToVal(top, "y")) : -1;
    const curve = this.curves[row];
    const place = curve ? nearest(curve.x, plot.posToVal(left, "x")) : -1;
    this.board.point(this, plot, null);
    if (place < 0) {
      this.pointer.hide();
      return;
    }
    const lines = [element("p", "pointer-x", `${xText(curve.x[place], this.board.view)} · ${this.paths[row]}`), element("p", "pointer-value", number(curve.line[place]))];
    if (curve.low && curve.low[place] !== curve.high[place]) lines.push(element("p", "pointer-range", `${number(curve.low[place])} … ${number(curve.high[place])}`));
    this.pointer.write(lines, plot, left, top);
  }

  /** @param {number|null} x */
  follow(x) {
    if (!this.plot) return;
    const left = x === null ? -10 : this.plot.valToPos(x, "x");
    this.plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  /** Rows are of one run: there is nothing to bring to the front. */
  showHighlight() {}

  zoom(plot) {
    const { left, width } = plot.select;
    if (width < ZOOM_FROM_PX) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoomTo(from, to, { push: true });
  }

  zoomTo(from, to, how) {
    if (to > from) this.board.keeper.change({ from: rounded(from, to - from), to: rounded(to, to - from) }, how);
  }
}

/** The least and the greatest number that has a colour. @param {import("./curves.js").Curve[]} curves @param {boolean} isLog */
export function rangeOf(curves, isLog) {
  let least = Infinity;
  let greatest = -Infinity;
  for (const { line } of curves) {
    for (const value of line) {
      if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
  }
  return least <= greatest ? [least, greatest] : [NaN, NaN];
}

/** Which shade a value has; -1 for none. */
export function shadeOf(value, least, greatest, isLog) {
  if (!Number.isFinite(value) || (isLog && value <= 0)) return -1;
  if (!(greatest > least)) return SHADES >> 1;
  const share = isLog ? Math.log(value / least) / Math.log(greatest / least) : (value - least) / (greatest - least);
  return Math.max(0, Math.min(SHADES - 1, Math.floor(share * SHADES)));
}

const shadesByTheme = new Map();

/** From pale to strong in lightness, so that the order can be seen without telling colours apart. @param {{name: string}} theme */
function shadesOf({ name }) {
  if (!shadesByTheme.has(name)) {
    const [from, to] = name === "dark" ? [22, 88] : [95, 25];
    const shade = (place) => `hsl(${Math.round(205 - 25 * place)} ${Math.round(35 + 40 * place)}% ${(from + (to - from) * place).toFixed(1)}%)`;
    shadesByTheme.set(name, Array.from({ length: SHADES }, (_, place) => shade(place / (SHADES - 1))));
  }
  return shadesByTheme.get(name);
}
