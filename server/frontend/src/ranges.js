/** From where to where the axes of a chart reach. */

import { usualExtent, xExtent, yExtent } from "./curves.js";

/** @typedef {{x: [number, number], y: [number, number]}} Ranges */

const MARGIN = 0.06; // of the y range, above and below

/**
 * @param {import("./curves.js").Curve[]} curves @param {import("./view.js").View} view @param {[number, number]|undefined} manual of y
 * @returns {Ranges|null}
 */
export function rangesOf(curves, view, manual) {
  const isLog = view.y === "log";
  /** @type {[number, number]|null} */
  const x = view.from === null ? xExtent(curves) : [view.from, view.to];
  if (!x || !curves.length) return null;
  if (manual && (!isLog || manual[0] > 0)) return { x: widened(x), y: manual };
  const y = view.outliers ? yExtent(curves, isLog) : (usualExtent(curves, isLog) ?? yExtent(curves, isLog));
  return { x: widened(x), y: isLog ? logRange(y ?? [0.1, 1]) : withMargin(y ?? [0, 1]) };
}

/** A number of the address with no more digits than the screen could tell apart. @param {number} value @param {number} span */
export function rounded(value, span) {
  const digits = 4 - Math.floor(Math.log10(span));
  return digits <= 20 ? Number(value.toFixed(Math.max(0, digits))) : value;
}

/** @param {[number, number]} range @returns {[number, number]} */
function widened([low, high]) {
  return low < high ? [low, high] : [low - 1, high + 1];
}

/** @param {[number, number]} range @returns {[number, number]} */
function withMargin([low, high]) {
  const span = high - low || Math.abs(high) || 1;
  return Number.isFinite(span) ? [low - span * MARGIN, high + span * MARGIN] : [low, high];
}

/** @param {[number, number]} range @returns {[number, number]} */
function logRange([low, high]) {
  const factor = Math.max((high / low) ** MARGIN, 1.1);
  return [Math.max(low / factor, Number.MIN_VALUE), Math.min(high * factor, Number.MAX_VALUE)];
}
