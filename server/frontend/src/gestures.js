/**
 * A chart by keyboard and by touch.
 *
 * Keys of the chart that has the focus: left and right move along the x axis, + and - zoom, 0 or r shows the whole again, l switches the
 * logarithmic axis, s smoothing, Enter or f fills the window, Escape leaves it. Fingers: two zoom, one moves along where the chart
 * is zoomed and reads values where it is not, two taps show the whole again. The page still scrolls up and down.
 */

import { SMOOTHINGS, resetZoom, smoothingText } from "./view.js";

const MOVE = 0.2; // of the range, by one key
const ZOOM = 0.6; // what is left of the range after zooming in once
const TAP_MS = 320;
const SETTLE_MS = 120; // after the last movement, when the finer data is asked for

/** @param {import("./board.js").Item} chart */
export function listenToGestures(chart) {
  chart.place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== chart.place) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act(chart);
  });
  new Touch(chart);
}

/** What a key does to a chart. @type {Record<string, (chart: import("./board.js").Item) => void>} */
const KEYS = {
  ArrowLeft: (chart) => move(chart, -MOVE),
  ArrowRight: (chart) => move(chart, MOVE),
  "+": (chart) => zoom(chart, ZOOM),
  "=": (chart) => zoom(chart, ZOOM),
  "-": (chart) => zoom(chart, 1 / ZOOM),
  0: ({ board }) => resetZoom(board.keeper),
  r: ({ board }) => resetZoom(board.keeper),
  l: ({ board }) => toggleLog(board.keeper),
  s: ({ board }) => toggleSmoothing(board.keeper),
  f: (chart) => toggleFull(chart),
  Enter: (chart) => toggleFull(chart),
  Escape: ({ board }) => leaveFull(board.keeper),
};

/** @param {import("./view.js").ViewKeeper} keeper */
export const toggleLog = (keeper) => keeper.change({ y: keeper.current().y === "log" ? "linear" : "log" });

/** Off, or on as it was last. @param {import("./view.js").ViewKeeper} keeper */
export function toggleSmoothing(keeper) {
  const { smooth } = keeper.current();
  if (smooth) lastSmoothing = smoothingText(smooth);
  keeper.change({ smooth: smooth ? null : lastSmoothing });
}
let lastSmoothing = `ema:${SMOOTHINGS.ema.usual}`;

/** @param {import("./board.js").Item} chart */
export function toggleFull({ board, title }) {
  if (board.view.full === title) leaveFull(board.keeper);
  else board.keeper.change({ full: title }, { push: true });
}

/** @param {import("./view.js").ViewKeeper} keeper */
export function leaveFull(keeper) {
  if (keeper.current().full !== null) keeper.change({ full: null }, { push: true });
}

/** @param {import("./board.js").Item} chart @param {number} share of the range */
function move(chart, share) {
  const { view } = chart.board;
  if (view.from === null) return; // all of it is there
  const by = share * (view.to - view.from);
  chart.zoomTo(view.from + by, view.to + by, {});
}

/** @param {import("./board.js").Item} chart @param {number} factor */
function zoom(chart, factor) {
  if (!chart.ranges) return;
  const [from, to] = chart.ranges.x;
  const middle = (from + to) / 2;
  const half = ((to - from) / 2) * factor;
  chart.zoomTo(middle - half, middle + half, {});
}

class Touch {
  /** @param {import("./board.js").Item} chart */
  constructor(chart) {
    this.chart = chart;
    /** @type {Map<number, number>} the place of each finger, in pixels */
    this.fingers = new Map();
    this.tappedAt = 0;
    this.timer = 0;
    const { place } = chart;
    place.addEventListener("pointerdown", (event) => this.down(event), true);
    place.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) place.addEventListener(name, (event) => this.up(event));
  }

  down(event) {
    if (event.pointerType !== "touch" || !event.target.closest(".u-over")) return;
    this.fingers.set(event.pointerId, event.clientX);
    this.begin();
    if (this.fingers.size > 1) this.tappedAt = 0;
    else if (event.timeStamp - this.tappedAt < TAP_MS) resetZoom(this.chart.board.keeper);
    else this.tappedAt = event.timeStamp;
  }

  /** Remember what is under the fingers. */
  begin() {
    const { plot } = this.chart;
    if (!plot) return;
    const left = plot.over.getBoundingClientRect().left;
    this.width = plot.over.clientWidth;
    this.range = [...this.chart.ranges.x];
    this.held = [...this.fingers.values()].map((at) => this.range[0] + ((at - left) / this.width) * (this.range[1] - this.range[0]));
    this.left = left;
  }

  move(event) {
    if (!this.fingers.has(event.pointerId) || !this.held) return;
    this.fingers.set(event.pointerId, event.clientX);
    const at = [...this.fingers.values()].map((place) => (place - this.left) / this.width);
    if (at.length === 2) this.pinch(at);
    else if (this.chart.board.view.from !== null) this.show(this.held[0] - at[0] * (this.range[1] - this.range[0]), this.range[1] - this.range[0]);
    else this.read(event);
  }

  /** So that what was under each finger still is. @param {number[]} at shares of the width */
  pinch([a, b]) {
    if (Math.abs(a - b) < 0.02) return;
    const span = Math.abs((this.held[0] - this.held[1]) / (a - b));
    this.show(this.held[0] - a * span, span);
  }

  show(from, span) {
    const { chart } = this;
    chart.ranges = { ...chart.ranges, x: [from, from + span] };
    chart.plot?.setData(chart.frame());
    chart.pointer.hide();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => chart.zoomTo(from, from + span, {}), SETTLE_MS);
  }

  read(event) {
    const { plot } = this.chart;
    const area = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - area.left, top: event.clientY - area.top });
  }

  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size) this.begin();
    else this.held = null;
  }
}
