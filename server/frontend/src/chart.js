/** One chart: a figure of the page with uPlot's axes, grid, crosshair and selection, and our curves. */

import uPlot from "uplot";
import { curveOf, hasNonPositive, xExtent, yExtent } from "./curves.js";
import { count, logTicks, momentTicks, numericTicks, spanTicks } from "./format.js";
import { drawCurve, planeOf } from "./lines.js";
import { PointerBox } from "./pointer.js";
import { SECONDS, logarithmicTicks, stepIncrements } from "./ticks.js";
import { changeView, resetZoom } from "./view.js";

const NEVER = -1;
const MARGIN = 0.06; // of the y range, above and below
const ZOOM_FROM_PX = 4; // a shorter drag is a click

export class Chart {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board */
  constructor(figure, board) {
    this.figure = figure;
    this.board = board;
    this.path = figure.dataset.path;
    this.place = figure.querySelector("[data-plot]");
    this.badge = figure.querySelector("[data-badge]");
    this.place.replaceChildren();
    this.pointer = new PointerBox(this.place);
    /** @type {import("./curves.js").Curve[]} */
    this.curves = [];
    this.generation = NEVER;
    /** @type {string} the x axis that the curves are in */
    this.axis = "";
    this.plot = null;
    figure.dataset.state = "waiting";
  }

  get width() {
    return Math.max(Math.floor(this.place.clientWidth), 120);
  }

  /** Whether there is newer data than it shows. */
  get isStale() {
    return this.generation !== this.board.generation;
  }

  get isEmpty() {
    return this.generation === NEVER;
  }

  /** Data from the server, asked for when the board was at `generation`. @param {import("./frame.js").Series[]} series @param {number} generation */
  receive(series, generation) {
    this.generation = generation;
    this.axis = this.board.view.x;
    this.curves = series.map((item) => curveOf(item, this.axis));
    this.describe();
    this.draw();
  }

  /** What went wrong, where the chart would be. */
  fail() {
    this.figure.dataset.state = "failed";
    this.badge.textContent = "could not be loaded, trying again";
  }

  /** Put it on the screen, or change what is there. A new axis needs a new plot; a new range only other numbers. */
  draw() {
    const { x, y } = this.board.view;
    if (!this.board.isVisible(this) || this.axis !== x) return; // what it has is in another unit until new data comes
    const wantsLog = y === "log";
    const shown = this.shownCurves();
    this.ranges = this.rangesOf(shown, wantsLog);
    if (!this.ranges) {
      this.unmount();
      return;
    }
    const kind = `${x} ${y} ${this.board.theme.name}`;
    if (!this.plot || this.kind !== kind) {
      this.unmount();
      this.kind = kind;
      this.plot = new uPlot(this.options(x, wantsLog), this.frame(), this.place);
    } else {
      if (this.plot.width !== this.width) this.plot.setSize({ width: this.width, height: this.height });
      this.plot.setData(this.frame());
    }
  }

  /** Out of view a chart keeps its numbers, but no canvas. */
  unmount() {
    this.pointer.hide();
    this.plot?.destroy();
    this.plot = null;
  }

  get height() {
    return Math.max(this.place.clientHeight, 120);
  }

  shownCurves() {
    const { hidden } = this.board.view;
    return this.curves.filter((curve) => curve.points && !hidden.has(this.board.runs.get(curve.run)?.label));
  }

  rangesOf(curves, isLog) {
    const { from, to } = this.board.view;
    const x = from === null ? xExtent(curves) : [from, to];
    const y = yExtent(curves, isLog);
    if (!x || !curves.length) return null;
    return { x: widened(x), y: isLog ? logRange(y ?? [0.1, 1]) : withMargin(y ?? [0, 1]) };
  }

  /** uPlot only needs to know how far the axes reach: the curves are drawn from their own arrays. */
  frame() {
    return [this.ranges.x, this.ranges.y];
  }

  /** The words beside the title. Nothing that is not drawn goes without being said. */
  describe() {
    const points = this.curves.reduce((sum, curve) => sum + curve.points, 0);
    const nonfinite = this.curves.reduce((sum, curve) => sum + curve.nonfinite, 0);
    const isBucketed = this.curves.some((curve) => curve.low);
    const isZoomed = this.board.view.from !== null;
    const parts = [points ? `${count(points)} ${points === 1 ? "point" : "points"}${isBucketed ? ", extremes exact" : ""}` : isZoomed ? "no points in this range" : "no points"];
    if (nonfinite) parts.push(`${count(nonfinite)} NaN or ∞`);
    if (this.board.view.y === "log" && hasNonPositive(this.curves)) parts.push("values ≤ 0 not shown");
    this.badge.textContent = parts.join(" · ");
    this.badge.title = isBucketed
      ? "The line is the mean of each bucket, the band reaches from its least to its greatest value: no spike is left out. Drag to zoom, double-click to reset."
      : "Every point is drawn. Drag to zoom, double-click to reset.";
    this.figure.dataset.state = points ? "ready" : "empty";
    this.figure.dataset.points = String(points);
    this.figure.dataset.drawn = String(this.curves.reduce((sum, curve) => sum + curve.x.length, 0));
  }

  options(x, isLog) {
    const { ink, grid, font } = this.board.theme;
    const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    return {
      width: this.width,
      height: this.height,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => resetZoom },
      },
      scales: {
        x: { time: false, range: () => this.ranges.x },
        y: { distr: isLog ? 3 : 1, range: () => this.ranges.y },
      },
      axes: [
        { ...axis, size: x === "time" ? 40 : 26, gap: 4, space: x === "step" ? 64 : 72, ...xTicks(x) },
        { ...axis, gap: 4, space: 32, size: labelWidth, ...(isLog ? LOGARITHMIC : NUMERIC) },
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => this.paint(plot)],
        setCursor: [(plot) => this.pointer.show(plot, this.shownCurves(), this.board.runs, this.board.view.x)],
        setSelect: [(plot) => this.zoom(plot)],
      },
    };
  }

  paint(plot) {
    const plane = planeOf(plot);
    const { highlighted } = this.board;
    const curves = this.shownCurves();
    // The run under the pointer is drawn last, over the others.
    curves.sort((a, b) => Number(a.run === highlighted) - Number(b.run === highlighted));
    const known = highlighted !== null && curves.some((curve) => curve.run === highlighted);
    for (const curve of curves) {
      const run = this.board.runs.get(curve.run);
      drawCurve(plot.ctx, curve, plane, { colour: run?.colour ?? "gray", dash: run?.dash ?? [], isFaint: known && curve.run !== highlighted, crowd: known ? 1 : curves.length });
    }
  }

  zoom(plot) {
    const { left, width } = plot.select;
    if (width < ZOOM_FROM_PX) return;
    const from = plot.posToVal(left, "x");
    const to = plot.posToVal(left + width, "x");
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.pointer.hide();
    changeView({ from: rounded(from, to - from), to: rounded(to, to - from) }, { push: true });
  }
}

/** A number of the address with no more digits than the screen could tell apart. @param {number} value @param {number} span */
function rounded(value, span) {
  const digits = Math.max(0, Math.min(6, 4 - Math.floor(Math.log10(span))));
  return Number(value.toFixed(digits));
}

/** @param {[number, number]} range */
function widened([low, high]) {
  return low < high ? [low, high] : [low - 1, high + 1];
}

/** @param {[number, number]} range */
function withMargin([low, high]) {
  const span = high - low || Math.abs(high) || 1;
  return Number.isFinite(span) ? [low - span * MARGIN, high + span * MARGIN] : [low, high];
}

/** @param {[number, number]} range */
function logRange([low, high]) {
  const factor = Math.max((high / low) ** MARGIN, 1.1);
  return [Math.max(low / factor, Number.MIN_VALUE), Math.min(high * factor, Number.MAX_VALUE)];
}

const NUMERIC = { values: (_, ticks, __, ___, increment) => numericTicks(ticks, increment) };

const LOGARITHMIC = { values: (_, ticks) => logTicks(ticks), splits: (_, __, low, high) => logarithmicTicks(low, high), filter: (_, ticks) => ticks };

/** @param {string} x */
function xTicks(x) {
  if (x === "step") return { ...NUMERIC, incrs: (_, __, low, high) => stepIncrements(low, high) };
  const format = x === "time" ? momentTicks : spanTicks;
  return { incrs: SECONDS, values: (_, ticks, __, ___, increment) => format(ticks, increment) };
}

/** The room that the labels of the y axis take. @param {any} _ @param {string[]|null} labels */
function labelWidth(_, labels) {
  const longest = Math.max(...(labels ?? [""]).map((label) => String(label).length), 3);
  return 14 + longest * 6.4;
}
