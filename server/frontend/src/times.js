/** Titles of times in the reader's own time zone; the server writes UTC. */

export function localiseTimes() {
  for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
    time.dataset.local = "";
    time.title = new Date(time.dateTime).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  }
}
