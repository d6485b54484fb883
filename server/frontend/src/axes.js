/** The buttons over the charts: axes, and the way back from a zoom. */

import { moment, span, step } from "./format.js";
import { changeView, currentView, onViewChange, resetZoom } from "./view.js";

/** Let the links of the axes change the view in place. */
export function listenToAxes() {
  for (const link of document.querySelectorAll("[data-x], [data-y]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const { x, y } = link.dataset;
      changeView(x ? { x, from: null, to: null } : { y });
    });
  }
  document.querySelector("[data-reset-zoom]")?.addEventListener("click", resetZoom);
  onViewChange(show);
  show(currentView());
}

/** @param {import("./view.js").View} view */
function show({ x, y, from, to }) {
  for (const link of document.querySelectorAll("[data-x], [data-y]")) {
    const isCurrent = link.dataset.x ? link.dataset.x === x : link.dataset.y === y;
    if (isCurrent) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const reset = document.querySelector("[data-reset-zoom]");
  if (!reset) return;
  reset.hidden = from === null;
  if (from === null) return;
  const write = { step: (value) => step(Math.round(value * 1000) / 1000), relative: span, time: moment }[x];
  reset.querySelector("[data-zoom-text]").textContent = `${x === "step" ? "steps " : ""}${write(from)} – ${write(to)}`;
  reset.setAttribute("aria-label", "Reset the zoom");
}
