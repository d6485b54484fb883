/** What uPlot is told of a chart: axes, grid, cursor and selection. The curves are drawn by lines.js. */

import { logTicks, momentTicks, numericTicks, spanTicks } from "./format.js";
import { SECONDS, logarithmicTicks, stepIncrements } from "./ticks.js";

/**
 * @param {{width: number, height: number, view: import("./view.js").View, theme: {ink: string, grid: string, font: string}}} look
 * @param {() => import("./ranges.js").Ranges} ranges
 * @param {{paint: (plot: any) => void, point: (plot: any) => void, select: (plot: any) => void, reset: () => void}} on
 * @returns {any} more than the types of uPlot know of
 */
export function plotOptions({ width, height, view, theme }, ranges, on) {
  const isLog = view.y === "log";
  const axis = { stroke: theme.ink, font: theme.font, grid: { stroke: theme.grid, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => on.reset },
    },
    scales: {
      x: { time: false, range: () => ranges().x },
      y: { distr: isLog ? 3 : 1, range: () => ranges().y },
    },
    axes: [
      { ...axis, size: view.x === "time" ? 40 : 26, gap: 4, space: view.x === "step" ? 64 : 72, ...xTicks(view.x) },
      { ...axis, gap: 4, space: 32, size: labelWidth, ...(isLog ? LOGARITHMIC : NUMERIC) },
    ],
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    hooks: { draw: [on.paint], setCursor: [on.point], setSelect: [on.select] },
  };
}

const NUMERIC = { values: (_, ticks, __, ___, increment) => numericTicks(ticks, increment) };

const LOGARITHMIC = { values: (_, ticks) => logTicks(ticks), splits: (_, __, low, high) => logarithmicTicks(low, high), filter: (_, ticks) => ticks };

/** @param {import("./view.js").XAxis} x */
function xTicks(x) {
  if (x === "step") return { ...NUMERIC, incrs: (_, __, low, high) => stepIncrements(low, high) };
  if (x === "metric") return NUMERIC;
  const format = x === "time" ? momentTicks : spanTicks;
  return { incrs: SECONDS, values: (_, ticks, __, ___, increment) => format(ticks, increment) };
}

/** The room that the labels of the y axis take. @param {any} _ @param {string[]|null} labels */
function labelWidth(_, labels) {
  const longest = Math.max(...(labels ?? [""]).map((label) => String(label).length), 3);
  return 14 + longest * 6.4;
}
