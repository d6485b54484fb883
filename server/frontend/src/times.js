/** Titles of times in the reader's own time zone, where the server writes UTC; and how long ago something was, as time goes on. */

const TICK_MS = 1000;
const WRITTEN = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }); // dear to make, cheap to use
/** @type {[number, string][]} */
const UNITS = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"]];
let seen = 0; // the server's clock when it wrote the head of the page
let offset_ms = 0; // of the browser's clock from the server's

/** @param {ParentNode} [root] */
export function localiseTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    time.dataset.local = "";
    time.title = WRITTEN.format(new Date(time.dateTime));
  }
}

/** Keep `<time data-ago>` true. */
export function tickTimes() {
  setInterval(() => {
    if (document.hidden) return;
    const head = document.querySelector("[data-now]");
    if (!head) return;
    if (seen !== Number(head.dataset.now)) {
      seen = Number(head.dataset.now);
      offset_ms = Date.now() - seen;
    }
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const text = ago(Date.now() - offset_ms - Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  }, TICK_MS);
}

/** As pages/filters.py says it, but to the second. @param {number} span_ms */
function ago(span_ms) {
  for (const [unit_ms, name] of UNITS) if (span_ms >= unit_ms) return `${Math.floor(span_ms / unit_ms)} ${name} ago`;
  return `${Math.max(0, Math.floor(span_ms / 1000))} s ago`;
}
