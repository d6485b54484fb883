/** The script of all pages. Each part looks for what it works on and does nothing where that is not there. */

import "./first.js";
import "htmx.org";
import { watchServer } from "./away.js";
import { collectBoards, refreshBoards } from "./boards.js";
import { listenToChartButtons } from "./chart_menu.js";
import { listenToControls } from "./controls.js";
import { listenToAsked } from "./brushing.js";
import { listenToFinding, listenToNarrowing } from "./finding.js";
import { keepNamespaces, rememberFolding } from "./folding.js";
import { listenToKeyboard } from "./keyboard.js";
import { follow } from "./live.js";
import { collectLog, listenToLog, refreshLog } from "./log.js";
import { collectMedia, listenToMedia } from "./media.js";
import { listenToAlongside } from "./alongside.js";
import { closeMenus } from "./menus.js";
import { listenToCopying } from "./copying.js";
import { openPaletteOnKey } from "./palette.js";
import { listenToPrinting } from "./paper.js";
import { renewBoards } from "./renewal.js";
import { listenToSections } from "./sections.js";
import { listenToTicks } from "./selection.js";
import { startTable } from "./table/table.js";
import { localiseTimes, tickTimes } from "./times.js";
import { editWidgets } from "./widgets.js";

// On a narrow screen the tab that is looked at may be out of sight.
document.querySelector(".tabs .tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
rememberFolding();
keepNamespaces();
listenToControls();
listenToChartButtons();
listenToSections();
listenToFinding();
listenToNarrowing();
listenToTicks();
startTable();
listenToCopying();
listenToAsked();
listenToKeyboard();
listenToLog();
listenToAlongside();
listenToMedia();
closeMenus();
editWidgets();
localiseTimes();
tickTimes();
openPaletteOnKey();
listenToPrinting();
const page = follow((run) => {
  refreshBoards(run === null ? null : [run.id]);
  renewBoards(run);
  refreshLog();
});
watchServer(() => page.catchUp());

document.addEventListener("htmx:afterSettle", () => {
  localiseTimes();
  collectBoards();
  collectLog();
  collectMedia();
});
