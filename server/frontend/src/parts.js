/** Parts of a page: elements with an id that the server renders alone, too, at the address of the page. */

import { ask } from "./away.js";
import htmx from "htmx.org";

/** @typedef {{next: string|null, done: Promise<void>}} Reloading `next` is asked for when what is on its way has come */

/** @type {Map<string, Reloading>} by the id of a part */
const reloading = new Map();

/**
 * Put the server's current version of `part` in its place. Resolves when that is done. A call while one is on its way has its turn
 * after it, the last one if there are several: htmx would drop it, since the element that it came from is gone by then.
 * @param {Element} part with an id @param {string} [address] @returns {Promise<void>}
 */
export function reload({ id }, address = location.pathname + location.search) {
  const running = reloading.get(id);
  if (running) {
    running.next = address;
    return running.done;
  }
  const mine = { next: address, done: Promise.resolve() };
  reloading.set(id, mine);
  mine.done = reloadAll(id, mine);
  return mine.done;
}

/** @param {string} id @param {Reloading} mine */
async function reloadAll(id, mine) {
  try {
    while (mine.next !== null) {
      const part = document.getElementById(id);
      const address = mine.next;
      mine.next = null;
      if (part) await htmx.ajax("get", address, { source: part, target: part, swap: "outerHTML" });
    }
  } finally {
    reloading.delete(id); // at once: who calls after the last look at `next` begins anew
  }
}

/** @type {Map<string, AbortController>} by the id of a part, what is on its way for it */
const coming = new Map();

/**
 * The same for a part of very many elements: htmx tells every single one that comes or goes of it, which for the cells of a
 * table takes longer than all else. A later call for the same part wins. Rejects where the server is away or refuses.
 * @param {Element} part @param {string} address @param {string} [target] what the server is asked for, if not by the id
 */
export async function replace(part, address, target = part.id) {
  const { id } = part;
  coming.get(id)?.abort();
  const mine = new AbortController();
  coming.set(id, mine);
  const next = await partAt(address, target, mine.signal).catch((error) => {
    if (!mine.signal.aborted) throw error;
  });
  if (coming.get(id) === mine) coming.delete(id);
  if (!next || mine.signal.aborted) return;
  // Whoever follows swaps hears of this one as of htmx's own.
  htmx.trigger(document.body, "htmx:beforeSwap", {});
  document.getElementById(id)?.replaceWith(next);
  htmx.trigger(next, "htmx:afterSwap", {});
  htmx.trigger(next, "htmx:afterSettle", {});
}

/** @param {string} address @param {string} target @param {AbortSignal} signal @returns {Promise<Element|null>} */
async function partAt(address, target, signal) {
  const answer = await ask(address, { headers: { "HX-Request": "true", "HX-Target": target }, signal });
  if (!answer.ok) throw new Error(`${target}: ${answer.status}`);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content.firstElementChild;
}
