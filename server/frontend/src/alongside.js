/** Media of several runs side by side: one slider moves all of them to their nearest step at or before. */

import { reload } from "./parts.js";

const PAUSE_MS = 120; // after which what the slider stands at is asked for

export function listenToAlongside() {
  document.addEventListener("input", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (!target.matches?.("[data-step-slider], .beside-step")) return;
    const form = target.closest(".beside-steps");
    for (const box of form.querySelectorAll("[data-step-slider], .beside-step")) if (box !== target) box.value = target.value;
    later(() => target.value !== "" && goTo(target.value));
  });
  document.addEventListener("submit", (/** @type {At<SubmitEvent, FoundBy[".beside-steps"]>} */ event) => {
    if (!event.target.matches?.(".beside-steps")) return;
    event.preventDefault();
    goTo(event.target.elements.step.value, { push: true });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#beside-rows a[data-step-to]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // beside the table, other links make the whole side anew
    goTo(link.dataset.stepTo, { push: true, focus: link.getAttribute("aria-label") });
  }, { capture: true });
  // From step to step rather than by a share of the range, which may lead over many steps or to none.
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-step-slider]")) return;
    const name = { ArrowLeft: "Previous step", ArrowDown: "Previous step", ArrowRight: "Next step", ArrowUp: "Next step", Home: "First step", End: "Last step" }[event.key];
    if (!name) return;
    event.preventDefault();
    const link = document.querySelector(`#beside-rows a[aria-label="${name}"]`);
    if (link) goTo(link.dataset.stepTo);
  });
  addEventListener("popstate", () => {
    if (document.querySelector("#beside-rows") && !document.querySelector("#pane")) later(renew);
  });
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
}

let timer = 0;
let isLoading = false;
let isWanted = false; // moved further while something was being loaded

/** @param {() => void} act */
function later(act) {
  clearTimeout(timer);
  timer = setTimeout(act, PAUSE_MS);
}

/** @param {string} at @param {{push?: boolean, focus?: string|null}} options */
async function goTo(at, { push = false, focus = null } = {}) {
  clearTimeout(timer);
  const address = new URL(location.href);
  address.searchParams.set("step", at);
  if (push) history.pushState(history.state, "", address);
  else history.replaceState(history.state, "", address);
  await renew();
  if (!focus) return;
  const link = document.querySelector(`#beside-rows a[aria-label="${focus}"]`) ?? document.querySelector("#beside-rows .beside-stepper a");
  link?.focus({ preventScroll: true });
}

/** Ask for the rows as the address now has them, and again if it changed meanwhile. */
async function renew() {
  isWanted = true;
  if (isLoading) return;
  isLoading = true;
  try {
    while (isWanted) {
      isWanted = false;
      const rows = document.querySelector("#beside-rows");
      if (!rows) return;
      const places = [...rows.querySelectorAll(".beside-cells")].map((cells) => /** @type {const} */ ([cells.ariaLabel, cells.scrollLeft]));
      rows.parentElement.style.minHeight = `${rows.parentElement.offsetHeight}px`; // the page keeps its place while pictures load
      await reload(rows);
      const placeOf = new Map(places);
      for (const cells of document.querySelectorAll("#beside-rows .beside-cells")) cells.scrollLeft = placeOf.get(cells.ariaLabel) ?? 0;
    }
  } finally {
    isLoading = false;
  }
}

/** Let the slider be seen, and stand where the rows are. */
function prepare() {
  const slider = document.querySelector("[data-step-slider]");
  const at = document.querySelector("#beside-rows")?.dataset.at;
  if (!slider || at === undefined) return;
  slider.hidden = false;
  const number = slider.form.elements.step;
  if (document.activeElement !== number) number.value = at;
  if (!slider.matches(":active")) slider.value = at;
}
