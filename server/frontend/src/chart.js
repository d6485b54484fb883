/** One chart: a figure of the page with uPlot's axes, grid, crosshair and selection, and our curves. */

import { axisOf } from "./axis.js";
import { curveOf, isAbandoned, smoothCurves } from "./curves.js";
import { Highlight } from "./highlight.js";
import { isShown } from "./legend.js";
import { drawAbandoned, drawCurve, planeOf } from "./lines.js";
import { drawMarkers, markerAt, markerLines } from "./markers.js";
import { Plotted } from "./plotted.js";
import { rangesOf } from "./ranges.js";
import { badgeOf, wordsOf } from "./summary.js";

export class Chart extends Plotted {
  /** @param {HTMLElement} figure @param {import("./board.js").Board} board */
  constructor(figure, board) {
    super(figure, board, figure.dataset.expression ?? figure.dataset.path);
    this.expression = figure.dataset.expression ?? null;
    this.highlight = new Highlight();
    /** @type {import("./curves.js").Curve[]} */
    this.curves = [];
    /** @type {import("./curves.js").Curve[]} what later attempts left behind: drawn, but nothing else looks at it */
    this.tails = [];
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

  /**
   * Data from the server, asked for when the board was at `generation`.
   * @param {import("./frame.js").Series[]} series of everything that was asked for
   * @param {{generation: number, axis: string, runs: number[]|null}} asked `runs`: only of these, the others did not change
   */
  receive(series, asked) {
    this.keep(series.filter((item) => this.owns(item)), asked);
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

  draw() {
    const { view, theme } = this.board;
    if (!this.isDrawable) return;
    const ranges = rangesOf([...this.shownCurves(), ...this.shownTails()], view, view.ranges.get(this.title));
    if (!ranges) {
      this.unmount();
      return;
    }
    this.smooth(view, ranges.x[1] - ranges.x[0]);
    this.put(ranges, `${this.axis} ${view.y} ${theme.name}`);
    this.showHighlight();
  }

  /** @param {import("./view.js").View} view @param {number} span of the x axis */
  smooth({ smooth }, span) {
    const wanted = smooth ? `${smooth.kind} ${smooth.amount} ${span}` : "none";
    if (this.smoothing === wanted) return;
    this.smoothing = wanted;
    smoothCurves([...this.curves, ...this.tails], span, smooth);
  }

  unmount() {
    this.highlight.forget();
    super.unmount();
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

  /** @param {any} plot */
  paint(plot) {
    super.paint(plot);
    drawMarkers(plot.ctx, planeOf(plot), this.board.marks(), this.board);
  }

  /** @param {any} ink a canvas, or one that writes a file @param {import("./lines.js").Plane} plane */
  drawOn(ink, plane) {
    const curves = this.shownCurves();
    for (const tail of this.shownTails()) drawAbandoned(ink, tail, plane, this.entries.get(tail.key)?.colour ?? "gray");
    for (const curve of curves) {
      const entry = this.entries.get(curve.key);
      drawCurve(ink, curve, plane, { colour: entry?.colour ?? "gray", dash: entry?.dash ?? [], crowd: curves.length });
    }
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

  /** The curves of the highlighted entry come to the front. */
  showHighlight() {
    const entry = this.board.highlighted === null ? null : this.entries.get(this.board.highlighted);
    const all = this.plot ? this.shownCurves() : [];
    const curves = entry ? all.filter((curve) => curve.key === entry.key) : [];
    if (curves.length && all.length > 1) this.highlight.show(this.plot, curves, entry, this.board.theme.ground);
    else this.highlight.hide();
  }
}
