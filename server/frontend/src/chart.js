/** One chart: a figure of the page with uPlot's axes, grid, crosshair and selection, and our curves. */

import uPlot from "uplot";
import { curveOf, isAbandoned, smoothCurves } from "./curves.js";
import { listenToGestures } from "./gestures.js";
import { Highlight } from "./highlight.js";
import { isShown } from "./legend.js";
import { drawAbandoned, drawCurve, planeOf } from "./lines.js";
import { drawMarkers, markerAt, markerLines } from "./markers.js";
import { plotOptions } from "./plot.js";
import { PointerBox } from "./pointer.js";
import { rangesOf, rounded } from "./ranges.js";
import { badgeOf, wordsOf } from "./summary.js";
import { resetZoom } from "./view.js";

const NEVER = -1;
const ZOOM_FROM_PX = 4; // a shorter drag is a click

export class Chart {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board */
  constructor(figure, board) {
    this.figure = figure;
    this.board = board;
    this.expression = figure.dataset.expression ?? null;
    this.title = this.expression ?? figure.dataset.path;
    this.place = figure.querySelector("[data-plot]");
    this.badge = figure.querySelector("[data-badge]");
    this.place.replaceChildren();
    this.place.tabIndex = 0;
    this.pointer = new PointerBox(this.place);
    this.highlight = new Highlight();
    /** @type {import("./frame.js").Series[]} */
    this.series = [];
    /** @type {import("./curves.js").Curve[]} */
    this.curves = [];
    /** @type {import("./curves.js").Curve[]} what later attempts left behind: drawn, but nothing else looks at it */
    this.tails = [];
    this.generation = NEVER;
    /** @type {string} the x axis that the curves are in */
    this.axis = "";
    this.buckets = 0;
    this.plot = null;
    /** @type {import("./ranges.js").Ranges|null} */
    this.ranges = null;
    figure.dataset.state = "waiting";
    listenToGestures(this);
  }

  /** What its lines belong to: the runs, or groups of runs, of the board. */
  get entries() {
    return this.board.entries;
  }

  /** Whether a series of what was asked for is one of this chart. @param {import("./frame.js").Series} item */
  owns(item) {
    return item.path === this.title && Boolean(item.expression) === (this.expression !== null);
  }

  /** What its data is asked for by. */
  get paths() {
    return this.expression === null ? [this.title] : [];
  }

  get expressions() {
    return this.expression === null ? [] : [this.expression];
  }

  get width() {
    return Math.max(Math.floor(this.place.clientWidth), 120);
  }

  get height() {
    return Math.max(this.place.clientHeight, 120);
  }

  /** Whether there is newer data than it shows. */
  get isStale() {
    return this.generation !== this.board.generation;
  }

  get isEmpty() {
    return this.generation === NEVER;
  }

  /** So that it is asked for again: it became larger. */
  expire() {
    if (!this.isEmpty) this.generation = NEVER + 0.5;
  }

  /**
   * Data from the server, asked for when the board was at `generation`.
   * @param {import("./frame.js").Series[]} series of everything that was asked for
   * @param {{generation: number, axis: string, runs: number[]|null}} asked `runs`: only of these, the others did not change
   */
  receive(series, { generation, axis, runs }) {
    const mine = series.filter((item) => this.owns(item));
    const kept = runs === null ? [] : this.series.filter((item) => !runs.includes(item.run));
    this.series = [...kept, ...mine];
    this.generation = generation;
    this.axis = axis;
    this.shape();
    this.board.paint(this);
  }

  /** Make curves of the data, as the view wants them. */
  shape() {
    const { view } = this.board;
    if (this.axis !== axisOf(view)) return; // the axis changed while it was on its way
    this.curves = this.series.filter((item) => !isAbandoned(item)).map((item) => this.curveFrom(item));
    this.tails = this.series.filter(isAbandoned).map((item) => this.curveFrom(item));
    this.smoothing = "";
    this.describe();
  }

  /** @param {import("./frame.js").Series} item @returns {import("./curves.js").Curve} */
  curveFrom(item) {
    const { view } = this.board;
    return curveOf(item, view.x, view.band);
  }

  /** What went wrong, where the chart would be. @param {string} [why] */
  fail(why = "could not be loaded, trying again") {
    this.figure.dataset.state = "failed";
    this.badge.textContent = why;
    this.badge.title = why;
  }

  /** Put it on the screen, or change what is there. A new axis needs a new plot; a new range only other numbers. */
  draw() {
    const { view, theme } = this.board;
    if (!this.board.isVisible(this) || this.axis !== axisOf(view)) return; // what it has is in another unit until new data comes
    const shown = this.shownCurves();
    this.ranges = rangesOf([...shown, ...this.shownTails()], view, view.ranges.get(this.title));
    if (!this.ranges) {
      this.unmount();
      return;
    }
    this.smooth(view);
    const kind = `${this.axis} ${view.y} ${theme.name}`;
    if (!this.plot || this.kind !== kind) {
      this.unmount();
      this.kind = kind;
      this.plot = new uPlot(this.options(view), this.frame(), this.place);
    } else if (this.plot.width !== this.width || this.plot.height !== this.height) {
      this.plot.setSize({ width: this.width, height: this.height });
      this.plot.setData(this.frame());
    } else {
      this.plot.setData(this.frame());
    }
    this.showHighlight();
  }

  /** @param {import("./view.js").View} view */
  smooth({ smooth }) {
    const span = this.ranges.x[1] - this.ranges.x[0];
    const wanted = smooth ? `${smooth.kind} ${smooth.amount} ${span}` : "none";
    if (this.smoothing === wanted) return;
    this.smoothing = wanted;
    smoothCurves([...this.curves, ...this.tails], span, smooth);
  }

  /** Out of view a chart keeps its numbers, but no canvas. */
  unmount() {
    this.pointer.hide();
    this.highlight.forget();
    this.plot?.destroy();
    this.plot = null;
  }

  shownCurves() {
    const { view } = this.board;
    return this.curves.filter((curve) => curve.points && isShown(view, this.entries.get(curve.key)?.label));
  }

  /** What later attempts left behind of the curves that are shown. */
  shownTails() {
    const { view } = this.board;
    return view.tails ? this.tails.filter((tail) => isShown(view, this.entries.get(tail.key)?.label)) : [];
  }

  /** uPlot only needs to know how far the axes reach: the curves are drawn from their own arrays. */
  /** @returns {any} as uPlot wants it: the curves are drawn from elsewhere */
  frame() {
    return [this.ranges.x, this.ranges.y];
  }

  describe() {
    const { text: counted, title, points } = badgeOf(this.curves, this.board.view);
    const hasTails = this.shownTails().length > 0;
    const text = hasTails ? `${counted} · dashed: abandoned` : counted; // the page of one run shows no legend
    this.badge.textContent = text;
    this.badge.title = hasTails ? `${title} Dashed and faint is what later attempts abandoned; it is not counted.` : title;
    this.place.setAttribute("aria-label", `${wordsOf(this.title, this.shownCurves(), this.entries)}. ${text}`);
    this.figure.dataset.state = points ? "ready" : "empty";
    this.figure.dataset.points = String(points);
    this.figure.dataset.drawn = String(this.curves.reduce((sum, curve) => sum + curve.x.length, 0));
  }

  /** @param {import("./view.js").View} view */
  options(view) {
    const { width, height } = this;
    return plotOptions({ width, height, view, theme: this.board.theme }, () => this.ranges, {
      paint: (plot) => this.paint(plot),
      point: (plot) => this.point(plot),
      select: (plot) => this.zoom(plot),
      reset: () => resetZoom(this.board.keeper),
    });
  }

  /** @param {any} plot */
  paint(plot) {
    const plane = planeOf(plot);
    const curves = this.shownCurves();
    for (const tail of this.shownTails()) drawAbandoned(plot.ctx, tail, plane, this.entries.get(tail.key)?.colour ?? "gray");
    for (const curve of curves) {
      const entry = this.entries.get(curve.key);
      drawCurve(plot.ctx, curve, plane, { colour: entry?.colour ?? "gray", dash: entry?.dash ?? [], crowd: curves.length });
    }
    drawMarkers(plot.ctx, plane, this.board.marks(), this.board);
  }

  /** The pointer is over this chart, or left it. @param {any} plot */
  point(plot) {
    if (this.board.isFollowing) return; // another chart moved our crosshair
    const mark = markerAt(plot, this.board.marks(), this.board);
    if (mark) {
      this.pointer.write(markerLines(mark, this.board), plot, plot.cursor.left, plot.cursor.top);
      this.board.point(this, plot, null);
      return;
    }
    const near = this.pointer.show(plot, this.shownCurves(), this.entries, this.board.view);
    this.board.point(this, plot, near?.key ?? null);
  }

  /** The crosshair of another chart stands at `x`; null: nowhere. @param {number|null} x */
  follow(x) {
    if (!this.plot) return;
    const left = x === null ? -10 : this.plot.valToPos(x, "x");
    this.plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  /** The curves of the highlighted entry come to the front. */
  showHighlight() {
    const entry = this.board.highlighted === null ? null : this.entries.get(this.board.highlighted);
    const all = this.plot ? this.shownCurves() : [];
    const curves = entry ? all.filter((curve) => curve.key === entry.key) : [];
    if (curves.length && all.length > 1) this.highlight.show(this.plot, curves, entry, this.board.theme.ground);
    else this.highlight.hide();
  }

  zoom(plot) {
    const { left, width } = plot.select;
    if (width < ZOOM_FROM_PX) return;
    const from = plot.posToVal(left, "x");
    const to = plot.posToVal(left + width, "x");
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.pointer.hide();
    this.zoomTo(from, to, { push: true });
  }

  /** @param {number} from @param {number} to @param {{push?: boolean}} how */
  zoomTo(from, to, how) {
    if (to > from) this.board.keeper.change({ from: rounded(from, to - from), to: rounded(to, to - from) }, how);
  }
}

/** The x axis in one word. @param {import("./view.js").View} view */
export const axisOf = (view) => (view.x === "metric" ? `metric ${view.xPath}` : view.x);
