/**
 * The rows of the table, a page at a time as one scrolls. Only pages near the window are in the document: those further
 * away are blank stretches of the same height, and are asked for again when one comes back to them.
 */

import { tablePart, showTable } from "./address.js";
import { localiseTimes } from "../times.js";
import { ask } from "../away.js";

const NEAR_PX = 900; // pages this far outside of the window are loaded already
const FAR_PX = 4000; // pages further away are taken out of the document
const LIVE_ROWS = 100;
const RENEWAL_MS = 14_000; // of a table of several pages; a little less than new runs are looked for

let loading = false;
let renewed_ms = 0;
let isMoved = false; // scrolled further while something was being loaded
/** @type {{isWanted: () => boolean, stop: AbortController}|null} what is being asked for */
let asked = null;

/** Load and drop pages as one scrolls. */
export function listenToScrolling() {
  if (!tablePart()) return;
  document.addEventListener("scroll", scheduled(look), { capture: true, passive: true });
  document.addEventListener("htmx:afterSettle", lookLater);
  addEventListener("resize", scheduled(look));
  lookLater();
}

/** Look once the table is on the screen: nobody waits for what is below it. */
const lookLater = () => requestAnimationFrame(() => setTimeout(look));

/** @returns {HTMLTableSectionElement[]} */
const bodies = () => [...document.querySelectorAll("#runs tbody.rows")];

async function look() {
  isMoved = true;
  if (asked && !asked.isWanted()) asked.stop.abort(); // scrolled on: what is in view now must not wait for it
  if (loading) return;
  loading = true;
  try {
    while (isMoved) {
      isMoved = false;
      while (await lookOnce());
    }
  } catch (error) {
    console.warn("The next runs could not be loaded; scroll to try again.", error);
  } finally {
    loading = false;
  }
}

/** @returns {Promise<boolean>} whether anything changed that has to be looked at again */
async function lookOnce() {
  const all = bodies();
  const places = all.map((body) => ({ body, away: awayFrom(body), height: body.getBoundingClientRect().height }));
  // All are measured before any is changed: the browser lays out the whole table for each measure after a change.
  for (const { body, away, height } of places) if (away > FAR_PX && !body.dataset.blank) blank(body, height);
  const near = places.find(({ body, away }) => away < NEAR_PX && body.dataset.blank);
  if (near) return fill(near.body);
  const last = all.at(-1);
  if (!last?.dataset.next || !endsNear(last)) return false;
  const next = await wantedRows(last.dataset.next, () => last.isConnected && endsNear(last));
  if (!next || !last.isConnected) return isMoved;
  next.dataset.source = last.dataset.next;
  delete last.dataset.next;
  last.after(next);
  settled(next);
  return true;
}

/** How far a page is from what one sees, in pixels; negative where it is seen. @param {Element} body */
function awayFrom(body) {
  const view = body.closest("[data-scroll]").getBoundingClientRect();
  const { top, bottom } = body.getBoundingClientRect();
  return Math.max(view.top - bottom, top - view.bottom);
}

/** Whether one comes to the end of the last page. @param {Element} last */
const endsNear = (last) => last.getBoundingClientRect().bottom - last.closest("[data-scroll]").getBoundingClientRect().bottom <= NEAR_PX;

/**
 * The rows at an address; null when one has scrolled on before they came.
 * @param {string} address @param {() => boolean} isNear
 */
async function wantedRows(address, isNear) {
  const stop = new AbortController();
  asked = { stop, isWanted: isNear };
  try {
    return await rowsAt(address, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return null;
    throw error;
  } finally {
    asked = null;
  }
}

/** @param {HTMLTableSectionElement} body @param {number} height */
function blank(body, height) {
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = 1000;
  cell.style.height = `${height}px`;
  row.className = "blank";
  body.dataset.source ??= location.pathname + location.search;
  body.dataset.blank = "yes";
  body.replaceChildren(row);
}

/** @param {HTMLTableSectionElement} body */
async function fill(body) {
  const { next, source } = body.dataset;
  const filled = await wantedRows(source, () => body.isConnected && awayFrom(body) < NEAR_PX);
  if (!filled || !body.isConnected) return isMoved;
  filled.dataset.source = source;
  if (next) filled.dataset.next = next;
  else delete filled.dataset.next; // the page behind it is in the document
  body.replaceWith(filled);
  settled(filled);
  return true;
}

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<HTMLTableSectionElement>} */
async function rowsAt(address, signal) {
  const answer = await ask(address, { signal, headers: { "HX-Request": "true", "HX-Target": "rows" } });
  if (!answer.ok) throw new Error(`rows: ${answer.status}`);
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content.querySelector("tbody");
}

/** @param {Element} part */
function settled(part) {
  localiseTimes();
  part.dispatchEvent(new CustomEvent("tidelog:rows", { bubbles: true }));
}

/**
 * Bring the table up to date while runs are being logged. At its top the whole table is, new runs included; further
 * down only the rows in view are, so that nothing moves under the pointer. A table of several pages is renewed as a whole
 * less often, and then with as many rows as a window may show at once.
 */
export async function refreshTable() {
  const part = tablePart();
  const scroller = part?.querySelector("[data-scroll]");
  if (!part || document.querySelector("[data-editing], .popup, .is-dragged")) return;
  const isAtTop = !scroller || scroller.scrollTop === 0;
  const isLong = bodies().length > 1;
  if (!isAtTop || (isLong && Date.now() - renewed_ms < RENEWAL_MS)) return refreshRows(runningInView(scroller));
  renewed_ms = Date.now();
  await showTable(location.pathname + location.search, { push: false, keepScroll: true, target: isLong ? "runs-and-more" : "runs" });
}

/** Bring these runs up to date where they stand. @param {string[]} labels */
export async function refreshRows(labels) {
  if (!labels.length) return;
  const address = new URL(location.href);
  labels.forEach((label) => address.searchParams.append("refresh", label));
  for (const row of [...(await rowsAt(address.pathname + address.search)).rows]) {
    const old = document.getElementById(row.id);
    if (!old) continue;
    old.replaceWith(row);
    settled(row);
  }
}

/** @param {Element} scroller */
function runningInView(scroller) {
  const { top, bottom } = scroller.getBoundingClientRect();
  const running = [...scroller.querySelectorAll(".run-row:has(.state-running)")];
  const inView = running.filter((row) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom);
  return inView.slice(0, LIVE_ROWS).map((row) => row.dataset.label);
}

/** @param {() => void} act */
function scheduled(act) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      act();
    });
  };
}
