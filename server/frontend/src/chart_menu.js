/** The buttons in the head of a chart: over the whole window, and a menu with downloads, the y range and comments. */

import { ask } from "./away.js";
import { chartAt } from "./boards.js";
import { csvNote, download } from "./downloads.js";
import { toggleFull } from "./gestures.js";
import { HeatMap } from "./heatmap.js";
import { number } from "./format.js";
import { element } from "./pointer.js";
import { rangeTexts } from "./view.js";

export function listenToChartButtons() {
  document.addEventListener("click", ({ target }) => {
    const found = chartAt(target.closest?.("[data-full], [data-chart-menu]") ?? null);
    if (!found) return;
    if (target.closest("[data-full]")) toggleFull(found.chart);
    else toggleMenu(found.chart, target.closest("[data-chart-menu]"));
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!target.closest?.(".chart-menu, [data-chart-menu]")) closeMenu();
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") closeMenu(true);
  });
}

/** @type {{panel: HTMLElement, button: HTMLElement}|null} */
let open = null;

function closeMenu(takesFocus = false) {
  if (!open) return;
  open.panel.remove();
  open.button.setAttribute("aria-expanded", "false");
  if (takesFocus) open.button.focus();
  open = null;
}

/** @param {import("./board.js").Item} chart @param {HTMLElement} button */
function toggleMenu(chart, button) {
  const wasOpen = open?.button === button;
  closeMenu();
  if (wasOpen) return;
  const panel = element("div", "chart-menu menu-panel");
  if (chart instanceof HeatMap) panel.append(...downloads(chart));
  else panel.append(...downloads(chart), rangeForm(chart), ...commentForm(chart));
  button.closest(".chart-head").append(panel);
  button.setAttribute("aria-expanded", "true");
  open = { panel, button };
  panel.querySelector("button, input")?.focus();
}

/** @param {import("./chart.js").Chart|HeatMap} chart */
function downloads(chart) {
  if (!chart.plot) return [element("p", "muted", "Nothing is drawn yet.")];
  const texts = { png: "as a picture (PNG)", svg: "as a drawing (SVG)", csv: `numbers (CSV): ${csvNote(chart)}` };
  return Object.entries(texts).map(([kind, text]) => {
    const button = element("button", "chart-menu-item", `Download ${text}`);
    button.type = "button";
    button.addEventListener("click", () => {
      download(chart, /** @type {any} */ (kind));
      closeMenu(true);
    });
    return button;
  });
}

/** @param {import("./chart.js").Chart} chart */
function rangeForm(chart) {
  const { keeper, view } = chart.board;
  const form = element("form", "chart-menu-form");
  const [low, high] = chart.ranges?.y ?? [0, 1];
  const from = field("y from", "number", number(low).replace("−", "-"));
  const to = field("to", "number", number(high).replace("−", "-"));
  for (const { input } of [from, to]) input.step = "any";
  const apply = submit("Set range");
  form.append(from.label, to.label, apply);
  if (view.ranges.has(chart.title)) {
    const auto = element("button", "button", "Automatic");
    auto.type = "button";
    auto.addEventListener("click", () => set(null));
    form.append(auto);
  }
  const set = (range) => {
    const ranges = new Map(keeper.current().ranges);
    ranges.delete(chart.title);
    if (range) ranges.set(chart.title, range);
    keeper.change({ range: rangeTexts(ranges) });
    closeMenu(true);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const range = [from.input.valueAsNumber, to.input.valueAsNumber];
    if (range[0] < range[1]) set(range);
    else to.input.setCustomValidity("has to be greater than the other end");
    to.input.reportValidity();
  });
  to.input.addEventListener("input", () => to.input.setCustomValidity(""));
  return form;
}

/** A comment is written for one run; on a chart of several for one that is chosen. @param {import("./chart.js").Chart} chart */
function commentForm(chart) {
  const { entries, events, view } = chart.board;
  const runs = [...entries.values()].filter(({ key }) => key.startsWith("run"));
  if (!runs.length || view.x !== "step") return [];
  const last = Math.max(0, ...chart.shownCurves().map((curve) => curve.x[curve.x.length - 1] ?? 0));
  const form = element("form", "chart-menu-form");
  const text = field("Comment", "text", "");
  text.input.required = true;
  text.input.maxLength = 2000;
  text.label.classList.add("is-wide");
  const step = field("at step", "number", String(last));
  step.input.step = "any";
  const run = document.createElement("select");
  run.className = "select";
  run.setAttribute("aria-label", "Run");
  for (const entry of runs) run.append(new Option(entry.name, String(entry.runs[0])));
  const said = element("p", "muted");
  form.append(text.label, step.label, ...(runs.length > 1 ? [run] : []), submit("Add"), said);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ run: Number(run.value), step: step.input.valueAsNumber, text: text.input.value });
    const answer = await ask("/api/marks", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
    if (!answer?.ok) {
      said.textContent = "The comment could not be saved. Try again.";
      return;
    }
    await events.load();
    closeMenu(true);
  });
  return [form];
}

function field(name, type, value) {
  const label = element("label", "field", "");
  const input = document.createElement("input");
  input.type = type;
  input.value = value;
  label.append(element("span", "", name), input);
  return { label, input };
}

function submit(text) {
  const button = element("button", "button", text);
  button.type = "submit";
  return button;
}
