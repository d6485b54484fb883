/** Paper is light: charts, whose colours are drawn and not styled, are drawn anew for it, and again for the screen. */

import { drawAllAtOnce } from "./boards.js";

export function listenToPrinting() {
  addEventListener("beforeprint", () => show(true));
  addEventListener("afterprint", () => show(false));
}

/** @param {boolean} isPaper */
function show(isPaper) {
  document.documentElement.classList.toggle("is-paper", isPaper);
  drawAllAtOnce();
}
