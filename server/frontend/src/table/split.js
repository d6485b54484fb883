/** Table and charts beside one another: which runs, how wide each side is. */

import htmx from "htmx.org";
import { atRest } from "../rest.js";

const KEPT = "tidelog-split";
const LEAST = 15;
const MOST = 85;
const STEP = 3;
const PAUSE_MS = 250; // eyes that are opened one after the other are asked for together

export function listenToSplit() {
  const split = document.querySelector("[data-split]");
  if (!split) return;
  resize(split);
  const later = atRest(renew, PAUSE_MS);
  document.addEventListener("tidelog:chosen", later);
  // Another order or filter has other first runs; those that were chosen stay.
  document.addEventListener("tidelog:table", () => !new URLSearchParams(location.search).has("run") && later());
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#pane a[data-pane]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const wanted = new URL(link.href).searchParams;
    const address = new URL(location.href);
    for (const name of ["tab", "show", "step"]) {
      address.searchParams.delete(name);
      if (wanted.get(name)) address.searchParams.set(name, wanted.get(name));
    }
    history.pushState({ tidelog: true }, "", address);
    renew();
  });
  addEventListener("popstate", later);
}

/** Ask for the side of the charts again, as the address now has it. */
async function renew() {
  const pane = document.querySelector("#pane");
  if (!pane) return;
  const top = pane.scrollTop;
  await htmx.ajax("get", location.pathname + location.search, { source: pane, target: pane, swap: "outerHTML" });
  document.querySelector("#pane").scrollTop = top;
}

/** @param {HTMLElement} split */
function resize(split) {
  const handle = split.querySelector("[data-split-handle]");
  const set = (percent) => {
    const width = Math.min(Math.max(percent, LEAST), MOST);
    split.style.setProperty("--split", `${width}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(width)));
    return width;
  };
  const kept = Number(localStorage.getItem(KEPT));
  if (kept) set(kept);
  const keep = (percent) => {
    localStorage.setItem(KEPT, String(set(percent)));
    dispatchEvent(new Event("resize"));
  };
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const { left, width } = split.getBoundingClientRect();
    const at = ({ clientX }) => (100 * (clientX - left)) / width;
    const move = (moved) => set(at(moved));
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", (released) => {
      handle.removeEventListener("pointermove", move);
      keep(at(released));
    }, { once: true });
  });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    keep(Number(handle.getAttribute("aria-valuenow")) + by);
  });
}
