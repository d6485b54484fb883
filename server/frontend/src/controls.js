/** The controls over the charts: axes, smoothing, what is left out, and the way back from a zoom. */

import { pageBoard } from "./boards.js";
import { moment, number, span, step } from "./format.js";
import { leaveFull, toggleLog, toggleSmoothing } from "./gestures.js";
import { reload } from "./parts.js";
import { SMOOTHINGS, pageView, resetZoom, smoothingText } from "./view.js";

const WAYS = 100; // positions of the slider

export function listenToControls() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-controls] :is([data-x], [data-y])");
    if (event.target.closest?.("[data-reset-zoom]")) resetZoom(pageView);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { x, y } = link.dataset;
    pageView.change(x ? { x, from: null, to: null } : { y });
  });
  document.addEventListener("input", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (target.matches?.("[data-smooth-amount]")) smoothBy(target.form);
  });
  document.addEventListener("change", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (!target.closest?.("[data-controls]")) return;
    if (target.matches("[data-smooth-kind]")) chooseSmoothing(target);
    else if (target.matches("[data-outliers]")) pageView.change({ outliers: target.checked ? "ignore" : null });
    else if (target.matches("[data-marks]")) pageView.change({ marks: target.checked ? null : "hide" });
    else if (target.matches("[data-tails]")) pageView.change({ tails: target.checked ? null : "off" });
    else if (target.matches("[data-group-by]")) groupBy(target.form);
    else if (target.matches("[data-band]")) pageView.change({ band: target.value });
  });
  document.addEventListener("submit", (/** @type {At<SubmitEvent, HTMLFormElement>} */ event) => {
    if (!event.target.matches("[data-controls]")) return;
    event.preventDefault();
    submit(event.target);
  });
  document.addEventListener("keydown", listenToKeys);
  document.addEventListener("toggle", ({ target }) => fillMetrics(target), true);
  pageView.listen(show);
  document.addEventListener("htmx:afterSettle", () => show(pageView.current()));
  show(pageView.current());
}

/** The server puts runs in groups. @param {HTMLFormElement} form in which the attributes that runs of a group share are chosen */
function groupBy(form) {
  const paths = [...form.querySelectorAll("[data-group-by]")].map((choice) => choice.value).filter(Boolean);
  pageView.change({ group: paths, only: null, hide: null }, { push: true });
  location.reload();
}

/** @param {{value: string}} select */
function chooseSmoothing(select) {
  pageView.change({ smooth: select.value ? `${select.value}:${SMOOTHINGS[select.value].usual}` : null });
}

/** The slider is finer where it matters: little smoothing, except for the average whose strong end is. @param {HTMLFormElement} form */
function smoothBy(form) {
  const kind = form.querySelector("[data-smooth-kind]").value;
  if (kind) pageView.change({ smooth: `${kind}:${amountAt(kind, Number(form.querySelector("[data-smooth-amount]").value))}` });
}

/** @param {string} kind @param {number} way */
function amountAt(kind, way) {
  const { most } = SMOOTHINGS[kind];
  const share = way / WAYS;
  return kind === "ema" ? Number(Math.min(most, Math.max(0.01, 1 - (1 - share) ** 1.5)).toFixed(3)) : Math.max(1, Math.round(most * share ** 2));
}

/** @param {string} kind @param {number} amount */
function wayOf(kind, amount) {
  const { most } = SMOOTHINGS[kind];
  return Math.round(WAYS * (kind === "ema" ? 1 - (1 - amount) ** (2 / 3) : Math.sqrt(amount / most)));
}

/** Ranges, a metric as x axis and expressions are typed. @param {HTMLFormElement} form */
function submit(form) {
  const value = (name) => form.querySelector(`[data-${name}]`)?.value.trim() ?? "";
  const [from, to] = [value("from"), value("to")];
  /** @type {import("./view.js").Changes} */
  const changes = {};
  if (from !== "" && to !== "" && Number(from) < Number(to)) Object.assign(changes, { from: Number(from), to: Number(to) });
  const metric = value("metric");
  const view = pageView.current();
  if (metric !== view.xPath) Object.assign(changes, { x: metric ? `metric:${metric}` : "step", from: null, to: null });
  if (Object.keys(changes).length) pageView.change(changes, { push: true });
  const expression = value("expression");
  const old = new URLSearchParams(location.search).getAll("expression");
  if (expression && !old.includes(expression)) {
    pageView.change({ expression: [...old, expression] }, { push: true });
    form.querySelector("[data-expression]").value = "";
    const board = pageBoard();
    if (board) reload(board.root);
  }
  form.querySelector("details[open]")?.removeAttribute("open");
}

/** Letters that work wherever no text is typed. @param {At<KeyboardEvent>} event */
function listenToKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable]") || !pageBoard()) return;
  if (event.key === "l") toggleLog(pageView);
  else if (event.key === "s") toggleSmoothing(pageView);
  else if (event.key === "r") resetZoom(pageView);
  else if (event.key === "Escape") leaveFull(pageView);
}

/** The metrics of the page, to choose an x axis from, once one looks for them. @param {EventTarget|null} target */
function fillMetrics(target) {
  if (!(target instanceof HTMLDetailsElement) || !target.open || !target.closest("[data-controls]")) return;
  const list = target.querySelector("datalist");
  const paths = [...document.querySelectorAll("figure.chart[data-path]")].map((figure) => figure.dataset.path);
  list?.replaceChildren(...[...new Set(paths)].map((path) => new Option(path, path)));
}

/** @param {import("./view.js").View} view */
function show(view) {
  for (const form of document.querySelectorAll("[data-controls]")) showIn(form, view);
}

function showIn(form, view) {
  for (const link of form.querySelectorAll("[data-x], [data-y]")) {
    const isCurrent = link.dataset.x ? link.dataset.x === view.x : link.dataset.y === view.y;
    if (isCurrent) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const metric = form.querySelector("[data-x-metric]");
  if (metric) {
    metric.hidden = view.x !== "metric";
    metric.textContent = view.xPath;
  }
  const part = (name) => form.querySelector(`[data-${name}]`);
  const kind = view.smooth?.kind ?? "";
  if (part("smooth-kind")) part("smooth-kind").value = kind;
  const slider = part("smooth-amount");
  if (slider) {
    slider.hidden = !kind;
    if (kind && amountAt(kind, Number(slider.value)) !== view.smooth.amount) slider.value = String(wayOf(kind, view.smooth.amount));
    slider.setAttribute("aria-valuetext", smoothingText(view.smooth) ?? "none");
    slider.title = kind ? String(view.smooth.amount) : "";
  }
  const amount = part("smooth-text");
  if (amount) amount.textContent = kind ? number(view.smooth.amount) : "";
  if (part("outliers")) part("outliers").checked = !view.outliers;
  if (part("marks")) part("marks").checked = view.marks;
  if (part("tails")) part("tails").checked = view.tails;
  if (part("band")) part("band").value = view.band;
  if (document.activeElement !== part("metric") && part("metric")) part("metric").value = view.xPath;
  for (const name of ["from", "to"]) if (part(name) && document.activeElement !== part(name)) part(name).value = view[name] ?? "";
  const reset = part("reset-zoom");
  if (!reset) return;
  reset.hidden = view.from === null;
  if (view.from === null) return;
  const write = { step: (value) => step(Math.round(value * 1000) / 1000), relative: span, time: moment, metric: number }[view.x];
  reset.querySelector("[data-zoom-text]").textContent = `${view.x === "step" ? "steps " : ""}${write(view.from)} – ${write(view.to)}`;
  reset.setAttribute("aria-label", "Reset the zoom");
}
