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
  if (runs.size === 1) for (const run of runs.values()) run.dash = []; // nothing to tell it apart from
  return runs;
}

/** Let the legend hide runs, and tell which one the pointer is on. @param {(run: number|null) => void} onHighlight */
export function listenToLegend(onHighlight) {
  document.addEventListener("click", ({ target }) => {
    const eye = target.closest(".legend-eye");
    if (!eye) return;
    const { label } = eye.closest("[data-run]").dataset;
    const { hidden } = currentView();
    if (!hidden.delete(label)) hidden.add(label);
    changeView({ hide: [...hidden] });
  });
  const highlight = ({ target }) => onHighlight(Number(target.closest?.("#legend [data-run]")?.dataset.run) || null);
  document.addEventListener("pointerover", highlight);
  document.addEventListener("focusin", highlight);
}

/** @param {Set<string>} hidden labels */
export function showHidden(hidden) {
  for (const entry of document.querySelectorAll("#legend [data-run]")) {
    const isHidden = hidden.has(entry.dataset.label);
    entry.classList.toggle("is-hidden", isHidden);
    entry.querySelector(".legend-eye").setAttribute("aria-pressed", String(!isHidden));
  }
}
