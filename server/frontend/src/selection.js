/** Runs whose eye is open, for charts and comparison: kept in the address, so that sorting, paging and links keep them. */

const MIN_RUNS = 2;
const MAX_RUNS = 200;

/** Follow the ticks of the runs table, if the page has one. */
export function listenToTicks() {
  const form = document.querySelector("#compare");
  if (!form) return;
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("#runs [name=run]")) remember(ticked());
  });
  document.addEventListener("tidelog:eyes", ({ detail }) => {
    boxes().forEach((box) => (box.checked = detail.includes(box.value)));
    const here = new Set(boxes().map((box) => box.value));
    document.querySelectorAll("#runs input[type=hidden][name=run]").forEach((kept) => kept.remove());
    remember([...ticked(), ...detail.filter((label) => !here.has(label))]);
  });
  form.querySelector("[data-compare-clear]").addEventListener("click", () => {
    boxes().forEach((box) => (box.checked = false));
    document.querySelectorAll("#runs input[type=hidden][name=run]").forEach((kept) => kept.remove());
    history.replaceState(history.state, "", withTicks(location.pathname + location.search, []));
    remember([]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault(); // rows that are not in the document are chosen, too
    if (isComparable(ticked().length)) location.assign(`${form.action}?${ticked().map((label) => `run=${encodeURIComponent(label)}`).join("&")}`);
  });
  for (const name of ["htmx:afterSettle", "tidelog:rows"]) {
    document.addEventListener(name, () => {
      const open = new URLSearchParams(location.search).getAll("run");
      if (open.length) boxes().forEach((box) => (box.checked = open.includes(box.value)));
      show();
    });
  }
  show();
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("#runs input[type=checkbox][name=run]")];

/** Labels whose eye is open among the rows of the document, and those of the address that have no row in it. */
function ticked() {
  const here = new Set(boxes().map((box) => box.value));
  const kept = new URLSearchParams(location.search).getAll("run").filter((label) => !here.has(label) && label !== "none");
  return [...kept, ...boxes().filter((box) => box.checked).map((box) => box.value)];
}

/** @param {string[]} labels */
function remember(labels) {
  history.replaceState(history.state, "", withTicks(location.pathname + location.search, labels));
  document.dispatchEvent(new CustomEvent("tidelog:chosen", { detail: labels }));
  show();
}

/** @param {string} address @param {string[]} labels */
function withTicks(address, labels) {
  const url = new URL(address, location.href);
  url.searchParams.delete("run");
  labels.forEach((label) => url.searchParams.append("run", label));
  if (!labels.length && url.searchParams.has("view")) url.searchParams.set("run", "none"); // else the first ones are shown
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
    runs > MAX_RUNS ? `${runs} runs: at most ${MAX_RUNS} can be compared` : runs ? `${runs} ${runs === 1 ? "run" : "runs"} to compare` : "Open the eyes of 2 to 200 runs";
}
