/**
 * The address of the runs table is its state: whatever one does to the table makes another address, and the server
 * renders what that one shows.
 */

import { say } from "../messages.js";
import { replace } from "../parts.js";

/** @returns {HTMLElement|null} the part of the page that holds the table */
export const tablePart = () => document.querySelector("#runs");

/** @returns {HTMLTableCellElement[]} the heads of the columns that the address can name */
export const columnHeads = () => [...document.querySelectorAll("#runs thead th[data-column]")].filter(({ dataset }) => !FIXED.has(dataset.column));

const FIXED = new Set(["sys/name", "sys/state", "sys/creation_time"]);

/** @returns {string[]} the columns that are shown, in their order, named in the address or not */
export const shownColumns = () => columnHeads().map((head) => head.dataset.column);

/**
 * The address of the table with some parts changed: a list is a part that occurs several times, null takes it away.
 * @param {Record<string, string|string[]|null>} changes
 */
function tableAddress(changes) {
  const address = new URL(location.href);
  /** @type {Record<string, string|string[]|null>} */
  const parts = { after: null, refresh: null, ...changes };
  for (const [name, value] of Object.entries(parts)) {
    address.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one) address.searchParams.append(name, one);
  }
  if ("column" in parts) {
    address.searchParams.delete("columns");
    if (!parts.column?.length) address.searchParams.set("columns", "none");
  }
  return address.pathname + address.search;
}

/**
 * Show the table of an address, as a new entry of the browser's history unless it is where one already is.
 * @param {string} address
 */
export async function showTable(address, { push = true, keepScroll = false, target = "runs" } = {}) {
  const part = tablePart();
  if (!part) return;
  const { left, top } = scrollOf();
  if (push) history.pushState({ tidelog: true }, "", address);
  try {
    await replace(part, address, target);
  } catch (error) {
    console.warn("The table could not be loaded.", error);
    return say("The server cannot be reached. The table is as it was.");
  }
  const scroller = document.querySelector("#runs [data-scroll]");
  if (scroller) {
    scroller.scrollLeft = left;
    scroller.scrollTop = keepScroll ? top : 0;
  }
  document.dispatchEvent(new CustomEvent("tidelog:table"));
}

/** @param {Record<string, string|string[]|null>} changes */
export const changeTable = (changes, options = {}) => showTable(tableAddress(changes), options);

function scrollOf() {
  const scroller = document.querySelector("#runs [data-scroll]");
  return { left: scroller?.scrollLeft ?? 0, top: scroller?.scrollTop ?? 0 };
}

/** Let links within the table, its filter and the browser's own buttons change the table in place. */
export function listenToAddress() {
  if (!tablePart()) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-part=runs]");
    if (!link || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    event.preventDefault();
    if (event.shiftKey && link.closest("thead")) sortThenBy(link.closest("th").dataset);
    else showTable(withTicksOfNow(link.href), { keepScroll: "keepScroll" in link.dataset });
  });
  const filter = document.querySelector("#filter");
  filter?.addEventListener("submit", (event) => {
    event.preventDefault();
    changeTable({ q: filter.elements.q.value.trim(), unfold: null, within: null });
  });
  filter?.elements.q.addEventListener("search", () => filter.elements.q.value === "" && filter.requestSubmit());
  addEventListener("popstate", () => {
    if (!tablePart()) return;
    if (filter) filter.elements.q.value = new URLSearchParams(location.search).get("q") ?? "";
    showTable(location.pathname + location.search, { push: false });
  });
}

/** The server wrote the link with the eyes that were open then; it leads to the table with those of now. @param {string} address */
function withTicksOfNow(address) {
  const url = new URL(address, location.href);
  url.searchParams.delete("run");
  new URL(location.href).searchParams.getAll("run").forEach((label) => url.searchParams.append("run", label));
  return url.pathname + url.search;
}

/** One more key of the order, or the other direction of one that there is. @param {DOMStringMap} head */
export function sortThenBy({ column, path, function: shown }) {
  const key = shown === "spark" ? path : column;
  const { sort, order } = sortsOf();
  const place = sort.indexOf(key);
  if (place < 0) {
    sort.push(key);
    order.push("descending");
  } else order[place] = order[place] === "ascending" ? "descending" : "ascending";
  changeTable({ sort, order });
}

function sortsOf() {
  const query = new URLSearchParams(location.search);
  const sort = query.getAll("sort").filter(Boolean);
  const order = query.getAll("order");
  return sort.length ? { sort, order: sort.map((_, place) => order[place] ?? "descending") } : { sort: [], order: [] };
}
