/**
 * Keeps a page up to date while its runs are being logged: charts, figures and states, without a reload.
 *
 * One stream of events for the page. It is closed while the tab is hidden, since a browser opens only a few connections
 * to a server, and while no run is alive.
 */

import { reload } from "./parts.js";
import { refreshTable } from "./table/pages.js";

const PARTS_MS = 1500; // between two updates of the same part of the page
const TABLE_MS = 2000;
const TABLE_EVERY_MS = 15000; // new runs, of which no event tells

const WATCH_MS = 5000; // between two looks at the clock
const ASLEEP_MS = 20000; // a longer time between two looks: the machine slept, and the stream may be dead without a word

/**
 * A run that changed: its id, and how many paths its writers know, which grows with every new series.
 * @typedef {{id: number, paths: number}} Changed
 */

/** @param {(run: Changed|null) => void} onPoints called when new points were logged; null: perhaps in any run @returns {LivePage} */
export function follow(onPoints) {
  const page = new LivePage(onPoints);
  let lookedAt = Date.now();
  setInterval(() => {
    const slept = Date.now() - lookedAt > ASLEEP_MS;
    lookedAt = Date.now();
    if (slept) page.reconnect();
  }, WATCH_MS);
  document.addEventListener("visibilitychange", () => page.connect());
  document.addEventListener("htmx:afterSettle", () => page.connect());
  setInterval(() => page.poll(), TABLE_EVERY_MS);
  page.connect();
  return page;
}

class LivePage {
  constructor(onPoints) {
    this.onPoints = onPoints;
    this.source = null;
    this.runs = "";
    /** @type {Map<string, number>} */
    this.updatedAt = new Map();
    /** @type {Set<string>} elements that changed since they were last asked for */
    this.wanted = new Set();
    /** @type {Set<string>} elements that are being asked for */
    this.renewing = new Set();
  }

  /** Open, keep or close the stream, as the page now needs. */
  connect() {
    const runs = document.hidden ? "" : runsAlive().join(" ");
    if (runs === this.runs) return;
    this.runs = runs;
    this.source?.close();
    this.source = null;
    if (!runs) return;
    this.source = new EventSource(`/api/events?${runs.split(" ").map((run) => `run=${run}`).join("&")}`);
    this.source.addEventListener("changed", ({ data }) => {
      const { run, paths } = JSON.parse(data);
      this.update({ id: run, paths });
    });
    // What happened before the stream was open, after the page was rendered, while the tab was hidden or the server away.
    this.source.addEventListener("open", () => this.update(null));
    this.source.addEventListener("error", () => document.dispatchEvent(new CustomEvent("tidelog:silence")));
  }

  reconnect() {
    this.runs = "";
    this.connect();
  }

  /** The server was away: the stream may be closed for good, and anything may have happened. */
  catchUp() {
    this.reconnect();
    this.update(null);
    this.poll();
  }

  /** @param {Changed|null} run */
  update(run) {
    this.onPoints(run);
    for (const part of document.querySelectorAll("[data-live]")) this.renew(part.id, PARTS_MS);
    if (document.querySelector("#runs")) this.renew("runs", TABLE_MS);
  }

  poll() {
    if (document.hidden) return;
    if (document.querySelector("#runs")) this.renew("runs", TABLE_MS);
    if (document.querySelector("#projects")) this.renew("projects", TABLE_MS);
  }

  /** Ask for one element of the page again, now or when its interval is over. @param {string} id @param {number} interval_ms */
  async renew(id, interval_ms) {
    this.wanted.add(id);
    if (this.renewing.has(id)) return; // it looks again when it ends: its answer may be older than what just happened
    this.renewing.add(id);
    while (this.wanted.has(id)) {
      await pause((this.updatedAt.get(id) ?? 0) + interval_ms - Date.now());
      this.wanted.delete(id);
      await swapElement(id);
      this.updatedAt.set(id, Date.now());
    }
    this.renewing.delete(id);
  }
}

/** @param {string} id */
async function swapElement(id) {
  const part = document.getElementById(id);
  if (!part || document.hidden || isReading(part)) return;
  await (id === "runs" ? refreshTable() : reload(part)).catch(() => {}); // the server is away; the stream of events opens again when it is back
}

/** @param {number} delay_ms */
const pause = (delay_ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, delay_ms)));

/** @returns {string[]} the runs of the page that may get new points */
function runsAlive() {
  const lists = [...document.querySelectorAll("[data-live-runs]")].map((part) => part.dataset.liveRuns.split(" "));
  return [...new Set(lists.flat().filter(Boolean))].sort();
}

/** Text that is being selected is not pulled away. @param {Element} part */
function isReading(part) {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && part.contains(selection.anchorNode));
}
