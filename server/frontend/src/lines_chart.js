/** A chart of one figure of several parts of one run: a line for each GPU, core or host, told apart by a legend of its own. */

import { Chart } from "./chart.js";

export class LinesChart extends Chart {
  /** @param {HTMLElement} figure with an element for each line: `data-line` is its path, `data-name` what it is @param {import("./board.js").Board} board */
  constructor(figure, board) {
    super(figure, board);
    this.lines = [...figure.querySelectorAll("[data-line]")].map((element) => ({ path: element.dataset.line, name: element.dataset.name, element }));
    this.keys = new Map(this.lines.map(({ path, name }) => [path, `line ${name}`]));
    for (const { name, element } of this.lines) {
      element.addEventListener("pointerenter", () => board.highlightKey(`line ${name}`, false));
      element.addEventListener("pointerleave", () => board.highlightKey(null, false));
    }
  }

  get paths() {
    return this.lines.map(({ path }) => path);
  }

  /** Keyed by name, so that the same part is brought to the front in all charts. */
  get entries() {
    const [run] = this.board.entries.values();
    return new Map(
      this.lines.map(({ name, element }) => {
        const swatch = element.querySelector(".swatch");
        const dash = element.dataset.dash ? element.dataset.dash.split(" ").map(Number) : [];
        const colour = swatch ? getComputedStyle(swatch).color : "gray";
        return [`line ${name}`, { key: `line ${name}`, label: run?.label ?? "", name, colour, dash, runs: run?.runs ?? [], note: "" }];
      }),
    );
  }

  owns(item) {
    return this.keys.has(item.path) && !item.expression;
  }

  curveFrom(item) {
    return { ...super.curveFrom(item), key: this.keys.get(item.path) };
  }
}
