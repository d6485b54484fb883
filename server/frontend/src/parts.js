/** Parts of a page: elements with an id that the server renders alone, too, at the address of the page. */

import htmx from "htmx.org";

/**
 * Put the server's current version of `part` in its place. Resolves when that is done.
 *
 * The part is its own source: htmx queues the requests of one source and keeps only the last that waits.
 * @param {Element} part @param {string} [address]
 */
export const reload = (part, address = location.pathname + location.search) =>
  htmx.ajax("GET", address, { source: part, target: part, swap: "outerHTML" });
