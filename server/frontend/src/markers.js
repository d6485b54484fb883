/** Draws events and comments as markers on the x axis, and says which one the pointer is on. */

import { isShown } from "./legend.js";
import { element, xText } from "./pointer.js";

const SIZE_PX = 5;
const REACH_PX = 6; // of the pointer
const LOWEST_PX = 16; // above the axis, where the pointer means a marker

/** Where a mark stands on the x axis; NaN where it has no place there. @param {import("./marks.js").Mark} mark @param {import("./board.js").Board} board */
export function placeOf(mark, board) {
  const { x } = board.view;
  if (x === "step") return mark.step ?? NaN;
  if (x === "time") return mark.time_ms / 1000;
  return x === "relative" ? (mark.time_ms - mark.start_ms) / 1000 : NaN;
}

/** @param {import("./marks.js").Mark} mark @param {import("./board.js").Board} board */
const entryOf = (mark, board) => [...board.entries.values()].find(({ runs }) => runs.includes(mark.run));

/** @param {import("./marks.js").Mark[]} marks @param {import("./board.js").Board} board */
const shown = (marks, board) => marks.filter((mark) => isShown(board.view, entryOf(mark, board)?.label));

/** @param {CanvasRenderingContext2D} ink @param {import("./lines.js").Plane} plane @param {import("./marks.js").Mark[]} marks @param {import("./board.js").Board} board */
export function drawMarkers(ink, plane, marks, board) {
  const size = SIZE_PX * plane.ratio;
  for (const mark of shown(marks, board)) {
    const left = plane.x(placeOf(mark, board));
    if (!(left >= plane.left && left <= plane.right)) continue;
    const colour = mark.level === "error" ? board.theme.bad : (board.entries.size > 1 ? entryOf(mark, board)?.colour : null) ?? board.theme.accent;
    ink.save();
    ink.strokeStyle = ink.fillStyle = colour;
    ink.globalAlpha = 0.45;
    ink.lineWidth = plane.ratio;
    ink.setLineDash([3 * plane.ratio, 3 * plane.ratio]);
    ink.beginPath();
    ink.moveTo(left, plane.top);
    ink.lineTo(left, plane.bottom);
    ink.stroke();
    ink.globalAlpha = 1;
    ink.beginPath();
    shape(ink, mark.kind, left, plane.bottom, size);
    ink.fill();
    ink.restore();
  }
}

/** A comment is a speech bubble, an event a diamond: told apart by more than colour. */
function shape(ink, kind, left, bottom, size) {
  if (kind === "comment") {
    ink.rect(left - size, bottom - 2.4 * size, 2 * size, 1.5 * size);
    ink.moveTo(left - size * 0.6, bottom - 0.9 * size);
    ink.lineTo(left, bottom);
    ink.lineTo(left + size * 0.6, bottom - 0.9 * size);
    return;
  }
  ink.moveTo(left, bottom - 2 * size);
  ink.lineTo(left + size, bottom - size);
  ink.lineTo(left, bottom);
  ink.lineTo(left - size, bottom - size);
}

/** The mark under the pointer. @param {any} plot @param {import("./marks.js").Mark[]} marks @param {import("./board.js").Board} board */
export function markerAt(plot, marks, board) {
  const { left, top } = plot.cursor;
  if (!marks.length || !(left >= 0) || top < plot.over.clientHeight - LOWEST_PX) return null;
  let nearest = null;
  let least = REACH_PX;
  for (const mark of shown(marks, board)) {
    const distance = Math.abs(plot.valToPos(placeOf(mark, board), "x") - left);
    if (distance <= least) [nearest, least] = [mark, distance];
  }
  return nearest;
}

/** @param {import("./marks.js").Mark} mark @param {import("./board.js").Board} board */
export function markerLines(mark, board) {
  const by = [mark.kind === "comment" ? "comment" : mark.kind, mark.author, board.entries.size > 1 ? entryOf(mark, board)?.name : ""].filter(Boolean).join(" · ");
  const lines = [element("p", "pointer-x", `${xText(placeOf(mark, board), board.view)} · ${by}`), element("p", "pointer-mark-title", mark.title)];
  if (mark.text) lines.push(element("p", "pointer-mark-text", mark.text));
  return lines;
}
