/** Search boxes that narrow a part of the page while one types; the form around them works without. */

import { reload } from "./parts.js";
import { atRest } from "./rest.js";

const PAUSE_MS = 180;
// What the tabs of a page share.
const KEPT = ["find", "x", "y", "hide", "only", "smooth", "outliers", "marks", "tails", "group", "band"];

export function listenToFinding() {
  const find = document.querySelector("[data-finds]");
  if (find) {
    find.addEventListener("input", atRest(() => narrow(find), PAUSE_MS));
    find.form.addEventListener("submit", (event) => {
      event.preventDefault();
      narrow(find);
    });
  }
  document.addEventListener("click", keepState, true);
}

/** @param {HTMLInputElement} box */
function narrow(box) {
  const address = new URL(location.href);
  if (box.value) address.searchParams.set("find", box.value);
  else address.searchParams.delete("find");
  history.replaceState(history.state, "", address);
  const { finds } = box.dataset;
  reload(document.getElementById(finds));
}

/** Links between the parts of a page take along what was typed and chosen since the page was rendered. @param {MouseEvent} event */
function keepState(event) {
  const link = event.target instanceof Element && event.target.closest("a.tab");
  if (!link) return;
  const here = new URL(location.href).searchParams;
  const address = new URL(link.href);
  for (const name of KEPT) {
    if (name === "x" && link.dataset.ownAxis !== undefined) continue;
    address.searchParams.delete(name);
    here.getAll(name).forEach((value) => address.searchParams.append(name, value));
  }
  link.href = address.pathname + address.search;
}

/** Boxes that narrow a list which is all on the page. */
export function listenToNarrowing() {
  for (const box of document.querySelectorAll("[data-narrows]")) box.hidden = false;
  document.addEventListener("input", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    const list = document.getElementById(target.dataset?.narrows);
    if (!list) return;
    const words = target.value.toLowerCase().split(/\s+/);
    for (const item of /** @type {Iterable<HTMLElement>} */ (list.children)) item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
  });
}
