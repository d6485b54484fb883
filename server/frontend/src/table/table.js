/** The runs table: everything that a script adds to it. */

import { listenToAddress } from "./address.js";
import { listenToBuilder } from "./builder.js";
import { listenToColumns } from "./columns.js";
import { listenToEdits } from "./edit.js";
import { listenToScrolling } from "./pages.js";
import { listenToPanels } from "./panels.js";
import { listenToSplit } from "./split.js";
import { listenToBulk } from "./ticks.js";
import { listenToViews } from "./views.js";

export function startTable() {
  listenToAddress();
  listenToScrolling();
  listenToColumns();
  listenToPanels();
  listenToBuilder();
  listenToBulk();
  listenToEdits();
  listenToViews();
  listenToSplit();
}
