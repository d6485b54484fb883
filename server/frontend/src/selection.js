/** Runs ticked for comparison: kept in the address, so that sorting, paging and links keep them. */

const MIN_RUNS = 2;
const MAX_RUNS = 100;

/** Follow the ticks of the runs table, if the page has one. */
export function listenToTicks() {
  const form = document.querySelector("#compare");
  if (!form) return;
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-tick-all]")) boxes().forEach((one) => (one.checked = box.checked));
    if (box.matches("[data-tick-all], #runs [name=run]")) remember(ticked());
  });
  form.querySelector("[data-compare-clear]").addEventListener("click", () => {
    boxes().forEach((box) => (box.checked = false));
    document.querySelectorAll("#runs input[type=hidden][name=run]").forEach((kept) => kept.remove());
    remember([]);
  });
  form.addEventListener("submit", (event) => {
    if (!isComparable(ticked().length)) event.preventDefault();
  });
  // Addresses that the server wrote know the ticks of then; the request gets those of now.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.target?.id === "runs") event.detail.path = withTicks(event.detail.path, ticked());
  });
  document.addEventListener("htmx:afterSettle", show);
  show();
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("#runs input[type=checkbox][name=run]")];

/** Labels ticked on this page of the table, and those kept from others. */
function ticked() {
  const kept = [...document.querySelectorAll("#runs input[type=hidden][name=run]")];
  return [...kept, ...boxes().filter((box) => box.checked)].map((box) => box.value);
}

/** @param {string[]} labels */
function remember(labels) {
  history.replaceState(history.state, "", withTicks(location.pathname + location.search, labels));
  show();
}

/** @param {string} address @param {string[]} labels */
function withTicks(address, labels) {
  const url = new URL(address, location.href);
  if (!labels.length && !url.searchParams.has("run")) return address; // as the server wrote it
  url.searchParams.delete("run");
  labels.forEach((label) => url.searchParams.append("run", label));
  return url.pathname + url.search;
}

/** @param {number} runs */
const isComparable = (runs) => runs >= MIN_RUNS && runs <= MAX_RUNS;

function show() {
  const form = document.querySelector("#compare");
  const runs = ticked().length;
  form.classList.toggle("is-active", runs > 0);
  form.querySelector("[type=submit]").disabled = !isComparable(runs);
  form.querySelector("[data-compare-clear]").hidden = runs === 0;
  form.querySelector("[data-compare-count]").textContent =
    runs > MAX_RUNS ? `${runs} runs ticked: at most ${MAX_RUNS} can be compared` : runs ? `${runs} ${runs === 1 ? "run" : "runs"} ticked` : "Tick 2 to 100 runs to compare them";
  const all = document.querySelector("[data-tick-all]");
  if (!all) return;
  const here = boxes();
  all.disabled = false;
  all.checked = here.length > 0 && here.every((box) => box.checked);
  all.indeterminate = !all.checked && here.some((box) => box.checked);
}
