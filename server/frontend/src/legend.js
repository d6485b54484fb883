/** The legend of a board: what is drawn there, how its lines look, which are hidden. */

/**
 * One run, or one group of runs, that has a line in every chart.
 * @typedef {{key: string, label: string, name: string, colour: string, dash: number[], runs: number[], note: string}} Entry
 */

/**
 * The entries of a legend: its groups (`data-group-key`) where there are any, otherwise its runs (`data-run`).
 * @param {Element|null} legend @returns {Map<string, Entry>} by key
 */
export function entriesOf(legend) {
  const entries = new Map();
  if (!legend) return entries;
  const runs = [...legend.querySelectorAll("[data-run]")];
  const groups = [...legend.querySelectorAll("[data-group-key]")];
  if (groups.length) {
    groups.forEach((element, place) => {
      const members = runs.filter((run) => run.dataset.group === element.dataset.groupKey).map((run) => Number(run.dataset.run));
      const note = `${members.length} ${members.length === 1 ? "run" : "runs"}`;
      if (members.length) entries.set(`group ${place}`, { ...entryOf(element), key: `group ${place}`, runs: members, note });
    });
    return entries;
  }
  for (const element of runs) {
    const id = Number(element.dataset.run);
    entries.set(`run ${id}`, { ...entryOf(element), key: `run ${id}`, runs: [id], note: element.dataset.label });
  }
  if (entries.size === 1) for (const entry of entries.values()) entry.dash = []; // nothing to tell it apart from
  return entries;
}

/** @param {HTMLElement} element */
function entryOf(element) {
  const { label, name, dash } = element.dataset;
  const swatch = element.querySelector(".swatch");
  return { label, name, colour: swatch ? getComputedStyle(swatch).color : "gray", dash: dash ? dash.split(" ").map(Number) : [] };
}

/**
 * Let a legend hide entries and show one alone, and tell which one the pointer is on.
 * @param {string} selector @param {import("./view.js").ViewKeeper} keeper @param {(label: string|null) => void} onHighlight
 */
export function listenToLegend(selector, keeper, onHighlight) {
  const labelAt = (target) => target.closest?.(`${selector} :is([data-run], [data-group-key])`)?.dataset.label ?? null;
  document.addEventListener("click", ({ target }) => {
    const label = labelAt(target);
    if (label === null) return;
    if (target.closest(".legend-eye")) toggle(keeper, label);
    else if (target.closest("[data-only]")) keeper.change({ only: keeper.current().only === label ? null : label }, { push: true });
  });
  const highlight = ({ target }) => onHighlight(labelAt(target));
  document.addEventListener("pointerover", highlight);
  document.addEventListener("focusin", highlight);
}

/** @param {import("./view.js").ViewKeeper} keeper @param {string} label */
function toggle(keeper, label) {
  const { hidden, only } = keeper.current();
  if (only !== null) {
    keeper.change({ only: null, hide: [...hidden].filter((one) => one !== label) });
    return;
  }
  if (!hidden.delete(label)) hidden.add(label);
  keeper.change({ hide: [...hidden] });
}

/** Whether the lines of this entry are drawn. @param {import("./view.js").View} view @param {string|undefined} label */
export const isShown = ({ hidden, only }, label) => (only === null ? !hidden.has(label) : only === label);

/** @param {Element|null} legend @param {import("./view.js").View} view */
export function showHidden(legend, view) {
  for (const element of legend?.querySelectorAll("[data-run], [data-group-key]") ?? []) {
    if (element.dataset.group !== undefined && element.dataset.run) continue; // its group is shown or hidden
    const isHidden = !isShown(view, element.dataset.label);
    element.classList.toggle("is-hidden", isHidden);
    element.querySelector(".legend-eye")?.setAttribute("aria-pressed", String(!isHidden));
    element.querySelector("[data-only]")?.setAttribute("aria-pressed", String(view.only === element.dataset.label));
  }
}

/** Say of these runs that what later attempts abandoned is drawn. @param {Element|null} legend @param {Set<number|undefined>} runs by id */
export function showAbandoned(legend, runs) {
  for (const element of legend?.querySelectorAll("[data-run]") ?? []) {
    const word = element.querySelector("[data-abandoned]");
    if (word) word.hidden = !runs.has(Number(element.dataset.run));
  }
}

/** Mark what is near the pointer, in the legend and in every table row of the page. @param {Entry|null} entry */
export function showNear(entry) {
  document.querySelectorAll(".is-near").forEach((element) => element.classList.remove("is-near"));
  if (!entry) return;
  for (const element of document.querySelectorAll("[data-run], [data-group-key], tr[data-label]")) {
    const isNear = element.dataset.label === entry.label || entry.runs.includes(Number(element.dataset.run));
    if (isNear) element.classList.add("is-near");
  }
}
