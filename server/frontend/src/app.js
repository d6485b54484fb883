/** The script of all pages. Each part looks for what it works on and does nothing where that is not there. */

import "htmx.org";
import { listenToAxes } from "./axes.js";
import { Board } from "./board.js";
import { listenToFinding } from "./finding.js";
import { rememberFolding } from "./folding.js";
import { listenToKeyboard } from "./keyboard.js";
import { follow } from "./live.js";
import { closeMenus } from "./menus.js";
import { listenToCopying } from "./messages.js";
import { openPaletteOnKey } from "./palette.js";
import { reload } from "./parts.js";
import { listenToTicks } from "./selection.js";
import { startTable } from "./table/table.js";
import { localiseTimes } from "./times.js";
import { editWidgets } from "./widgets.js";

let chartsDrawn = document.querySelector("#run-header")?.dataset.charts;
const board = document.querySelector("#charts") && document.querySelector("#legend") ? new Board() : null;
rememberFolding();
listenToAxes();
listenToFinding();
listenToTicks();
startTable();
listenToCopying();
listenToKeyboard();
closeMenus();
editWidgets();
localiseTimes();
openPaletteOnKey();
follow(() => board?.refresh());

document.addEventListener("htmx:afterSettle", () => {
  localiseTimes();
  board?.collect();
  renewCharts();
});

/** A series that was not there before needs a place for its chart. */
function renewCharts() {
  const header = document.querySelector("#run-header");
  const charts = document.querySelector("#charts");
  if (!header || !charts || chartsDrawn === header.dataset.charts) return;
  chartsDrawn = header.dataset.charts;
  reload(charts);
}
