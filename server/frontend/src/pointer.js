/** What a chart says of the place under the pointer. */

import { nearest } from "./curves.js";
import { moment, number, span, step } from "./format.js";

const ROWS = 8; // the nearest curves; more would cover the chart

/** A box that follows the pointer over one chart. */
export class PointerBox {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.box = document.createElement("div");
    this.box.className = "pointer-box";
    this.box.hidden = true;
    parent.append(this.box);
  }

  /**
   * Show what is under the pointer; returns the nearest curve, null where there is none.
   * @param {any} plot uPlot's @param {import("./curves.js").Curve[]} curves
   * @param {Map<string, import("./legend.js").Entry>} entries @param {import("./view.js").View} view
   * @returns {import("./curves.js").Curve|null}
   */
  show(plot, curves, entries, view) {
    const { left, top } = plot.cursor;
    if (!(left >= 0) || !curves.length) {
      this.hide();
      return null;
    }
    const at = plot.posToVal(left, "x");
    const found = curves
      .map((curve) => ({ curve, place: nearest(curve.x, at) }))
      .filter(({ place }) => place >= 0)
      .map(({ curve, place }) => ({ curve, place, distance: this.distance(plot, curve, place, top) }))
      .sort((a, b) => a.distance - b.distance);
    if (!found.length) {
      this.hide();
      return null;
    }
    const [first] = found;
    const rows = found.slice(0, ROWS).map(({ curve, place }) => this.row(curve, place, entries, curves.length > 1));
    const rest = found.length > ROWS ? [element("p", "pointer-rest", `and ${found.length - ROWS} more`)] : [];
    this.write([element("p", "pointer-x", xText(first.curve.x[first.place], view)), ...rows, ...rest], plot, left, top);
    return first.distance < Infinity ? first.curve : null;
  }

  /** Lines of text beside a place of the plot. @param {HTMLElement[]} lines @param {any} plot @param {number} left @param {number} top */
  write(lines, plot, left, top) {
    this.box.replaceChildren(...lines);
    this.box.hidden = false;
    this.place(plot, left, top);
  }

  hide() {
    this.box.hidden = true;
  }

  /** How far above or below the pointer this curve runs. */
  distance(plot, curve, place, top) {
    const value = (curve.smooth ?? curve.line)[place];
    return Number.isFinite(value) ? Math.abs(plot.valToPos(value, "y") - top) : Infinity;
  }

  row(curve, place, entries, isNamed) {
    const entry = entries.get(curve.key);
    const row = element("p", "pointer-row");
    const mark = element("span", "pointer-mark");
    mark.style.backgroundColor = entry?.colour ?? "currentColor";
    row.append(mark);
    if (isNamed) row.append(element("span", "pointer-name", entry?.name ?? curve.key));
    row.append(element("span", "pointer-value", number(curve.line[place])));
    if (curve.smooth) row.append(element("span", "pointer-range", `smoothed ${number(curve.smooth[place])}`));
    if (curve.low && curve.low[place] !== curve.high[place] && !Number.isNaN(curve.low[place])) {
      row.append(element("span", "pointer-range", `${number(curve.low[place])} … ${number(curve.high[place])}`));
    }
    if (curve.n) row.append(element("span", "pointer-range", `n = ${curve.n[place]}`));
    return row;
  }

  /** Beside the pointer, on the side that has room. */
  place(plot, left, top) {
    const area = plot.over.getBoundingClientRect();
    const parent = this.box.parentElement.getBoundingClientRect();
    const x = area.left - parent.left + left;
    const width = this.box.offsetWidth;
    const goesLeft = x + 14 + width > parent.width && x - 14 - width > 0;
    this.box.style.left = `${Math.max(0, Math.min(goesLeft ? x - 14 - width : x + 14, parent.width - width))}px`;
    this.box.style.top = `${Math.max(0, Math.min(area.top - parent.top + top - 10, parent.height - this.box.offsetHeight))}px`;
  }
}

/** @param {number} x @param {{x: import("./view.js").XAxis, xPath: string}} view */
export function xText(x, view) {
  if (view.x === "step") return `step ${step(x)}`;
  if (view.x === "metric") return `${view.xPath} ${number(x)}`;
  return view.x === "time" ? moment(x) : `${span(x)} after the start`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {string} name @param {string} [text]
 */
export function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}
