/** The runs of a page: what they are called, how their lines look, which are hidden. */

import { changeView, currentView } from "./view.js";

/** @typedef {{id: number, label: string, name: string, colour: string, dash: number[]}} Run */

/** @returns {Map<number, Run>} by the run's number in the database */
export function runsOfPage() {
  const runs = new Map();
  for (const entry of document.querySelectorAll("#legend [data-run]")) {
    const { run, label, name, dash } = entry.dataset;
    const colour = getComputedStyle(entry.querySelector(".swatch")).color;
    runs.set(Number(run), { id: Number(run), label, name, colour, dash: dash ? dash.split(" ").map(Number) : [] });
  }
  return runs;
}

/** Let the legend hide runs, and tell which one the pointer is on. @param {(run: number|null) => void} onHighlight */
export function listenToLegend(onHighlight) {
  const legend = document.querySelector("#legend");
  if (!legend) return;
  legend.addEventListener("click", (event) => {
    const eye = event.target.closest(".legend-eye");
    if (!eye) return;
    const { label } = eye.closest("[data-run]").dataset;
    const { hidden } = currentView();
    if (!hidden.delete(label)) hidden.add(label);
    changeView({ hide: [...hidden] });
  });
  const highlight = (event) => onHighlight(Number(event.target.closest("[data-run]")?.dataset.run) || null);
  legend.addEventListener("pointerover", highlight);
  legend.addEventListener("focusin", highlight);
  legend.addEventListener("pointerleave", () => onHighlight(null));
  legend.addEventListener("focusout", () => onHighlight(null));
}

/** @param {Set<string>} hidden labels */
export function showHidden(hidden) {
  for (const entry of document.querySelectorAll("#legend [data-run]")) {
    const isHidden = hidden.has(entry.dataset.label);
    entry.classList.toggle("is-hidden", isHidden);
    entry.querySelector(".legend-eye").setAttribute("aria-pressed", String(!isHidden));
  }
}
