/** A figure with a plot, on a board: what charts and heat maps have in common. */

import uPlot from "uplot";
import { axisOf } from "./axis.js";
import { listenToGestures } from "./gestures.js";
import { planeOf } from "./lines.js";
import { plotOptions } from "./plot.js";
import { PointerBox } from "./pointer.js";
import { rounded } from "./ranges.js";
import { resetZoom } from "./view.js";

const NEVER = -1;
const ZOOM_FROM_PX = 4; // a shorter drag is a click
const LEAST_PX = 120;

export class Plotted {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board @param {string} title */
  constructor(figure, board, title) {
    this.figure = figure;
    this.board = board;
    this.title = title;
    this.place = figure.querySelector("[data-plot]");
    this.badge = figure.querySelector("[data-badge]");
    this.place.replaceChildren();
    this.place.tabIndex = 0;
    this.pointer = new PointerBox(this.place);
    /** @type {import("./frame.js").Series[]} */
    this.series = [];
    this.generation = NEVER;
    /** @type {string} the x axis that its data is in */
    this.axis = "";
    this.plot = null;
    /** @type {import("./ranges.js").Ranges|null} */
    this.ranges = null;
    this.size = { width: 0, height: 0 };
    figure.dataset.state = "waiting";
    listenToGestures(/** @type {any} */ (this));
  }

  /** What its lines belong to: the runs, or groups of runs, of the board. */
  get entries() {
    return this.board.entries;
  }

  get width() {
    return Math.max(Math.floor(this.place.clientWidth), LEAST_PX);
  }

  get height() {
    return Math.max(this.place.clientHeight, LEAST_PX);
  }

  /** Look how large it is, before it is drawn. */
  measure() {
    this.size = { width: this.width, height: this.height };
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

  /** Whether it can be drawn now: what it has may be in another unit until new data comes. */
  get isDrawable() {
    return this.board.isVisible(/** @type {any} */ (this)) && this.axis === axisOf(this.board.view);
  }

  /**
   * What was asked for when the board was at `generation`, beside what it has of the runs that did not change.
   * @param {import("./frame.js").Series[]} series @param {{generation: number, axis: string, runs: number[]|null}} asked `runs`: only of these
   */
  keep(series, { generation, axis, runs }) {
    const kept = runs === null ? [] : this.series.filter((item) => !runs.includes(item.run));
    this.series = [...kept, ...series];
    this.generation = generation;
    this.axis = axis;
  }

  /** What went wrong, where the plot would be. @param {string} [why] */
  fail(why = "could not be loaded, trying again") {
    this.figure.dataset.state = "failed";
    this.badge.textContent = why;
    this.badge.title = why;
  }

  /** Put it on the screen, or change what is there. Another kind needs a new plot; another range only other numbers. @param {import("./ranges.js").Ranges} ranges @param {string} kind */
  put(ranges, kind) {
    this.ranges = ranges;
    if (!this.plot || this.kind !== kind) {
      this.unmount();
      this.kind = kind;
      this.plot = new uPlot(/** @type {any} */ (this.options()), this.frame(), this.place);
      return;
    }
    if (this.plot.width !== this.size.width || this.plot.height !== this.size.height) this.plot.setSize(this.size);
    this.plot.setData(this.frame());
  }

  /** uPlot only needs to know how far the axes reach: what is drawn comes from elsewhere. @returns {any} */
  frame() {
    return [this.ranges.x, this.ranges.y];
  }

  /** Out of view it keeps its numbers, but no canvas. */
  unmount() {
    this.pointer.hide();
    this.plot?.destroy();
    this.plot = null;
  }

  /** What uPlot is told, besides what a subclass changes. */
  options(view = this.board.view) {
    const { theme, keeper } = this.board;
    return plotOptions({ ...this.size, view, theme }, () => this.ranges, {
      paint: (plot) => this.paint(plot),
      point: (plot) => this.point(plot),
      select: (plot) => this.zoom(plot),
      reset: () => resetZoom(keeper),
    });
  }

  /** @param {any} plot */
  paint(plot) {
    this.drawOn(plot.ctx, planeOf(plot));
  }

  /** Draw the data, on a canvas or for a file. @param {any} _ink @param {import("./lines.js").Plane} _plane */
  drawOn(_ink, _plane) {}

  /** The pointer is over it, or left it. @param {any} _plot */
  point(_plot) {}

  /** The crosshair of another one stands at `x`; null: nowhere. @param {number|null} x */
  follow(x) {
    if (!this.plot) return;
    const left = x === null ? -10 : this.plot.valToPos(x, "x");
    this.plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  /** @param {any} plot in which a stretch was chosen */
  zoom(plot) {
    const { left, width } = plot.select;
    if (width < ZOOM_FROM_PX) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.pointer.hide();
    this.zoomTo(from, to, { push: true });
  }

  /** @param {number} from @param {number} to @param {{push?: boolean}} how */
  zoomTo(from, to, how) {
    if (to > from) this.board.keeper.change({ from: rounded(from, to - from), to: rounded(to, to - from) }, how);
  }
}
