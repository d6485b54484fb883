/** A chart in words: the badge beside its title, and what a screen reader says of it. */

import { hasNonPositive } from "./curves.js";
import { count, number } from "./format.js";

const NAMED = 5; // entries, in the words for a screen reader

/**
 * The words beside the title. Nothing that is not drawn goes without being said.
 * @param {import("./curves.js").Curve[]} curves @param {import("./view.js").View} view
 */
export function badgeOf(curves, view) {
  const points = curves.reduce((sum, curve) => sum + curve.points, 0);
  const nonfinite = curves.reduce((sum, curve) => sum + curve.nonfinite, 0);
  const isBucketed = curves.some((curve) => curve.low);
  const isBound = curves.some((curve) => curve.isBound);
  const isGroup = curves.some((curve) => curve.n);
  const extremes = isBound ? ", band is a bound" : isGroup ? (view.band === "ci" ? ", mean ± 95 %" : ", mean, min to max") : isBucketed ? ", extremes exact" : "";
  const parts = [points ? `${count(points)} ${points === 1 ? "point" : "points"}${extremes}` : view.from === null ? "no points" : "no points in this range"];
  if (nonfinite) parts.push(`${count(nonfinite)} NaN or ∞`);
  if (view.y === "log" && hasNonPositive(curves)) parts.push("values ≤ 0 not shown");
  return { text: parts.join(" · "), title: explanation({ isBound, isGroup, isBucketed, band: view.band }), points };
}

function explanation({ isBound, isGroup, isBucketed, band }) {
  const how = "Drag to zoom, double-click to reset.";
  if (isBound) return `The points are too many to be joined one by one: no value leaves the band, but the band may be wider than the values reach. The line is the expression of the means. ${how}`;
  if (isGroup) {
    const reach = band === "ci" ? "the 95 % confidence interval of that mean (Student's t over runs)" : "the least to the greatest value of any run";
    return `The line is the mean of the runs of a group, the band ${reach}. ${how}`;
  }
  return isBucketed
    ? `The line is the mean of each bucket, the band reaches from its least to its greatest value: no spike is left out. ${how}`
    : `Every point is drawn. ${how}`;
}

/**
 * Name, last, least and greatest value of every line, for who does not see them.
 * @param {string} title @param {import("./curves.js").Curve[]} curves @param {Map<string, import("./legend.js").Entry>} entries
 */
export function wordsOf(title, curves, entries) {
  if (!curves.length) return `Chart of ${title}, empty`;
  const lines = curves.slice(0, NAMED).map((curve) => {
    const name = entries.size > 1 ? `${entries.get(curve.key)?.name ?? ""}: ` : "";
    return `${name}last ${number(lastOf(curve.line))}, min ${number(leastOf(curve))}, max ${number(greatestOf(curve))}`;
  });
  const rest = curves.length > NAMED ? `; and ${curves.length - NAMED} more` : "";
  return `Chart of ${title}. ${lines.join("; ")}${rest}`;
}

/** @param {Float64Array} line */
const lastOf = (line) => (line.length ? line[line.length - 1] : NaN);
/** @param {import("./curves.js").Curve} curve */
const leastOf = ({ line, low }) => extreme(low ?? line, (value, found) => value < found);
/** @param {import("./curves.js").Curve} curve */
const greatestOf = ({ line, high }) => extreme(high ?? line, (value, found) => value > found);

function extreme(column, isBeyond) {
  let found = NaN;
  for (const value of column) if (!Number.isNaN(value) && (Number.isNaN(found) || isBeyond(value, found))) found = value;
  return found;
}
