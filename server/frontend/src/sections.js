/** Sections of charts: which are open, and which of their pages is shown, is kept in the address. */

import htmx from "htmx.org";

import { reload } from "./parts.js";
import { pageView } from "./view.js";

// What the server looks at when it lists the charts of a page.
const SERVED = ["open", "fold", "page", "expression"];

export function listenToSections() {
  // Noted when it is asked for, not when it has come: who goes back before that is to see what was there before.
  let asked = servedPart();
  document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
    if (target.matches?.("[data-renews]")) asked = servedPart(new URL(detail.pathInfo.requestPath, location.href).search);
  });
  addEventListener("popstate", () => {
    const board = document.querySelector("[data-renews]");
    if (!board || asked === servedPart()) return;
    htmx.trigger(board, "htmx:abort");
    reload(board);
  });
  document.addEventListener("click", (event) => {
    const { target } = event;
    const link = target.closest?.("a[data-section-page]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(link, { page: pagesWith(link.dataset.section, link.dataset.sectionPage) });
      return;
    }
    const summary = target.closest?.("summary");
    const section = /** @type {HTMLDetailsElement|null|undefined} */ (summary?.parentElement);
    if (section?.dataset.section === undefined || !section.closest("[data-renews]")) return;
    fold(section, !section.open);
  });
}

function servedPart(search = location.search) {
  const query = new URLSearchParams(search);
  return JSON.stringify(SERVED.map((name) => query.getAll(name)));
}

/** @param {HTMLDetailsElement} section @param {boolean} opens */
function fold(section, opens) {
  const query = new URLSearchParams(location.search);
  const without = (name) => query.getAll(name).filter((title) => title !== section.dataset.section);
  const isUsual = (section.dataset.usual === "open") === opens;
  const name = section.dataset.section;
  const changes = { open: without("open"), fold: without("fold") };
  if (!isUsual) (opens ? changes.open : changes.fold).push(name);
  pageView.change(changes);
  // A section that was folded came without its charts.
  if (opens && section.hasAttribute("data-unloaded")) reload(section.closest("[data-board]"));
}

/** @param {string} section @param {string} page */
function pagesWith(section, page) {
  const others = new URLSearchParams(location.search).getAll("page").filter((one) => !one.endsWith(`:${section}`));
  return page === "1" ? others : [...others, `${page}:${section}`];
}

/** @param {HTMLElement} link @param {import("./view.js").Changes} changes */
function show(link, changes) {
  pageView.change(changes, { push: true });
  const board = link.closest("[data-board]");
  reload(board).then(() => document.getElementById(board.id)?.querySelector(`[data-section="${CSS.escape(link.dataset.section)}"]`)?.scrollIntoView({ block: "nearest" }));
}
