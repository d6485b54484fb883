/**
 * Curves: series as they are drawn, in the units of the x axis.
 *
 * @typedef {Object} Curve
 * @property {string} key          of the entry of the legend that it belongs to
 * @property {Float64Array} x      ascending
 * @property {Float64Array} line   the value of a point, or the mean of a bucket
 * @property {Float64Array|null} low   where the band begins: the least value of each bucket; null where every point is there
 * @property {Float64Array|null} high
 * @property {Float64Array|null} n     of a group: how many runs have values there
 * @property {Float64Array|null} smooth  the line, smoothed
 * @property {number} points
 * @property {number} nonfinite
 * @property {boolean} isBound     the band holds every value but may be wider
 * @property {import("./frame.js").Series} series
 */

import { smoothed } from "./smoothing.js";

/**
 * @param {import("./frame.js").Series} series @param {import("./view.js").XAxis} axis @param {"ci"|"range"} band of a group
 * @returns {Curve}
 */
export function curveOf(series, axis, band = "ci") {
  const { columns } = series;
  const x = xOf(series, axis);
  const isRaw = "value" in columns;
  const isGroup = "n" in columns;
  const [low, high] = isRaw ? [null, null] : isGroup && band === "ci" ? [columns.low, columns.high] : [columns.min, columns.max];
  const curve = {
    key: keyOf(series),
    x,
    line: isRaw ? columns.value : columns.mean,
    low,
    high,
    n: isGroup ? columns.n : null,
    smooth: null,
    points: series.points,
    nonfinite: series.nonfinite,
    isBound: series.exact === false,
    series,
  };
  return axis === "step" || isAscending(x) ? curve : sorted(curve);
}

/** @param {import("./frame.js").Series} series */
const keyOf = ({ run, group }) => (group === undefined ? `run ${run}` : `group ${group}`);

/** Whether it is what a later attempt left behind, not the curve. @param {import("./frame.js").Series} series */
export const isAbandoned = ({ abandoned_by }) => Boolean(abandoned_by);

/** @param {import("./frame.js").Series} series @param {string} axis */
function xOf(series, axis) {
  if (axis === "step") return series.columns.step;
  if (axis === "metric") return series.columns.x;
  if (axis === "time") return series.columns.time;
  const start = series.start_ms / 1000;
  return series.columns.time.map((time) => time - start);
}

/** @param {Float64Array} x */
function isAscending(x) {
  for (let i = 1; i < x.length; i++) if (x[i] < x[i - 1]) return false;
  return true;
}

/** Several processes or a clock that went backwards: times need not follow steps. @param {Curve} curve @returns {Curve} */
function sorted(curve) {
  const order = Array.from(curve.x.keys()).sort((a, b) => curve.x[a] - curve.x[b]);
  const pick = (column) => column && Float64Array.from(order, (place) => column[place]);
  return { ...curve, x: pick(curve.x), line: pick(curve.line), low: pick(curve.low), high: pick(curve.high), n: pick(curve.n) };
}

/** Give the curves their smoothed lines, or take them away. @param {Curve[]} curves @param {number} span @param {import("./view.js").Smoothing|null} smoothing */
export function smoothCurves(curves, span, smoothing) {
  for (const curve of curves) curve.smooth = smoothing ? smoothed(curve.x, curve.line, span, smoothing) : null;
}

/** @param {Curve[]} curves @returns {[number, number]|null} */
export function xExtent(curves) {
  let least = Infinity;
  let greatest = -Infinity;
  for (const { x } of curves) {
    if (!x.length) continue;
    least = Math.min(least, x[0]);
    greatest = Math.max(greatest, x[x.length - 1]);
  }
  return least <= greatest ? [least, greatest] : null;
}

/**
 * The least and the greatest value to be drawn; on a logarithmic axis only what is above zero.
 * @param {Curve[]} curves @param {boolean} isLog @returns {[number, number]|null}
 */
export function yExtent(curves, isLog) {
  let least = Infinity;
  let greatest = -Infinity;
  const floor = isLog ? 0 : -Infinity;
  for (const { line, low, high } of curves) {
    for (const column of low ? [low, high, line] : [line]) {
      for (let i = 0; i < column.length; i++) {
        const value = column[i];
        if (value > floor && value < Infinity) {
          if (value < least) least = value;
          if (value > greatest) greatest = value;
        }
      }
    }
  }
  return least <= greatest ? [least, greatest] : null;
}

const OUTER = 0.02; // of the values at either end, that may be outliers
const MAX_SAMPLE = 20000;

/**
 * The range without outliers: from the 2nd to the 98th percentile of the lines. What it leaves out is still drawn, outside of view.
 * @param {Curve[]} curves @param {boolean} isLog @returns {[number, number]|null}
 */
export function usualExtent(curves, isLog) {
  const total = curves.reduce((sum, { line }) => sum + line.length, 0);
  const stride = Math.max(1, Math.ceil(total / MAX_SAMPLE));
  const values = [];
  for (const { line } of curves) {
    for (let i = 0; i < line.length; i += stride) if (Number.isFinite(line[i]) && (!isLog || line[i] > 0)) values.push(line[i]);
  }
  if (!values.length) return null;
  values.sort((a, b) => a - b);
  const cut = Math.floor(values.length * OUTER);
  return [values[cut], values[values.length - 1 - cut]];
}

/** Whether something cannot be drawn on a logarithmic axis. @param {Curve[]} curves */
export const hasNonPositive = (curves) => curves.some(({ low, line }) => (low ?? line).some((value) => value <= 0));

/** The place in `x` nearest to `value`, or -1. @param {Float64Array} x @param {number} value */
export function nearest(x, value) {
  let low = 0;
  let high = x.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - x[low - 1] < x[low] - value ? low - 1 : low;
}
