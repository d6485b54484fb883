/** A heat map: a family of metrics (`layers/<n>/grad_norm`) as rows, steps as columns, the value as colour. One run at a time. */

import { axisOf } from "./axis.js";
import { curveOf, isAbandoned, nearest, xExtent } from "./curves.js";
import { count, number } from "./format.js";
import { isShown } from "./legend.js";
import { Plotted } from "./plotted.js";
import { element, xText } from "./pointer.js";

const SHADES = 64;
const LABEL_ROOM_PX = 14; // of a row that gets its label

export class HeatMap extends Plotted {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board */
  constructor(figure, board) {
    super(figure, board, figure.dataset.heatmap);
    /** @type {string[]} from below to above */
    this.paths = JSON.parse(figure.dataset.paths);
    this.rows = JSON.parse(figure.dataset.rows);
    this.expressions = [];
    this.least = NaN;
    this.greatest = NaN;
  }

  /** The rows that are drawn, from below. */
  shownCurves() {
    return (this.curves ?? []).filter(Boolean);
  }

  /** Rows are curves: what attempts left behind has no place in them. */
  shownTails() {
    return [];
  }

  receive(series, asked) {
    this.keep(series.filter((item) => !isAbandoned(item)), asked);
    this.shape();
    this.board.paint(this);
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
    if (!this.isDrawable || !this.curves) return;
    const wanted = [...this.entries.values()].find(({ label }) => isShown(view, label)) ?? null;
    if (wanted !== this.entry) this.shape();
    /** @type {[number, number]|null} */
    const x = view.from === null ? xExtent(this.shownCurves()) : [view.from, view.to];
    if (!x) {
      this.unmount();
      return;
    }
    this.put({ x: x[0] < x[1] ? x : [x[0] - 1, x[1] + 1], y: [0, this.rows.length] }, `${this.axis} ${theme.name}`);
  }

  options() {
    const made = super.options({ ...this.board.view, y: "linear" });
    const rows = { ...made.axes[1], grid: { show: false }, splits: () => this.labelled().map((row) => row + 0.5), values: () => this.labelled().map((row) => this.rows[row]), filter: (_, ticks) => ticks };
    return { ...made, axes: [{ ...made.axes[0], grid: { show: false } }, rows] };
  }

  /** The rows that have room for a label. @returns {number[]} */
  labelled() {
    const every = Math.max(1, Math.ceil((this.rows.length * LABEL_ROOM_PX) / this.size.height));
    return this.rows.map((_, row) => row).filter((row) => row % every === 0);
  }

  /** @param {any} ink a canvas, or one that writes a file @param {import("./lines.js").Plane} plane */
  drawOn(ink, plane) {
    const shades = shadesOf(this.board.theme);
    const look = { least: this.least, greatest: this.greatest, isLog: this.board.view.y === "log" };
    ink.save();
    ink.beginPath();
    ink.rect(plane.left, plane.top, plane.right - plane.left, plane.bottom - plane.top);
    ink.clip();
    this.curves.forEach((curve, row) => {
      if (!curve) return;
      const top = plane.y(row + 1);
      const height = plane.y(row) - top;
      const gap = height > 6 * plane.ratio ? plane.ratio : 0;
      for (const { left, right, shade } of boxesOf(curve, plane, look)) {
        ink.fillStyle = shades[shade];
        ink.fillRect(left, top, Math.max(right - left + 0.5, plane.ratio), height - gap);
      }
    });
    ink.restore();
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

  /** Rows are of one run: there is nothing to bring to the front. */
  showHighlight() {}
}

/**
 * The boxes of one row, from left to right: neighbours of one shade are one box, what has no shade has none.
 * @param {{x: Float64Array, line: Float64Array}} curve @param {import("./lines.js").Plane} plane @param {{least: number, greatest: number, isLog: boolean}} look
 */
export function boxesOf({ x, line }, plane, { least, greatest, isLog }) {
  const boxes = [];
  let open = null;
  for (let i = 0; i < x.length; i++) {
    const shade = shadeOf(line[i], least, greatest, isLog);
    const left = plane.x(x[i]);
    const right = i + 1 < x.length ? plane.x(x[i + 1]) : left + (i ? left - plane.x(x[i - 1]) : plane.right);
    if (open && open.shade === shade) open.right = right;
    else if (shade >= 0) boxes.push((open = { left, right, shade }));
    else open = null;
  }
  return boxes;
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
