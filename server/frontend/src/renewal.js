/** Boards get new charts while a run is being logged: a series that was not there before needs a place. */

import { pageBoard } from "./boards.js";
import { reload } from "./parts.js";

const LEAST_MS = 4000; // between two renewals
/** @type {Map<number, number>} how many paths each run had */
const known = new Map();
let renewedAt = 0;
let timer = 0;

/** @param {import("./live.js").Changed|null} run null: the stream was opened again, anything may have happened */
export function renewBoards(run) {
  if (run && known.get(run.id) === run.paths) return;
  if (run) known.set(run.id, run.paths);
  clearTimeout(timer);
  timer = setTimeout(renew, Math.max(0, renewedAt + LEAST_MS - Date.now()));
}

async function renew() {
  const root = pageBoard()?.root;
  if (!root || document.hidden || !root.hasAttribute("data-renews")) return;
  renewedAt = Date.now();
  await reload(root).catch(() => {}); // the server is away; the stream of events opens again when it is back
}
