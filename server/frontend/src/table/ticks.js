/** Ticked runs, and what can be done to all of them. Ticks are not part of the address: they are about to be acted on. */

import { showTable, tablePart } from "./address.js";
import { button } from "./menu.js";
import { say } from "../messages.js";
import { send } from "../sending.js";

/** @type {Set<string>} labels, also of rows that are not in the document now */
const ticked = new Set();

export function listenToBulk() {
  const bar = document.querySelector("#bulk");
  if (!bar || !tablePart()) return;
  document.addEventListener("change", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (target.matches("[data-tick-all]")) for (const box of boxes()) mark(box, target.checked);
    else if (target.matches("#runs [name=label]")) mark(target, target.checked);
    else return;
    show(bar);
  });
  for (const name of ["htmx:afterSettle", "tidelog:rows"]) {
    document.addEventListener(name, () => {
      if (ticked.size) boxes().forEach((box) => mark(box, ticked.has(box.value)));
      show(bar);
    });
  }
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.addEventListener("click", (/** @type {At<MouseEvent>} */ { target }) => {
    const act = target.closest("[data-bulk]")?.dataset.bulk;
    if (act) perform(act, bar);
  });
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("#runs [name=label]")];

function mark(box, isTicked) {
  box.checked = isTicked;
  box.closest("tr").classList.toggle("is-ticked", isTicked);
  if (isTicked) ticked.add(box.value);
  else ticked.delete(box.value);
}

/** @param {string} act @param {HTMLFormElement} bar */
async function perform(act, bar) {
  const labels = [...ticked];
  if (act === "none") return clear(bar);
  if (act === "show") {
    document.dispatchEvent(new CustomEvent("tidelog:eyes", { detail: labels }));
    return clear(bar);
  }
  const tag = bar.querySelector("[data-bulk-tag]").value.trim();
  if (act.endsWith("tag") && !tag) {
    bar.querySelector("[data-bulk-tag]").focus();
    return say("Type the tag first.");
  }
  if (act === "purge" && !confirm(`Delete ${labels.length} runs for good? Nothing brings them back.`)) return;
  const done = act.endsWith("tag") ? await changeTags(labels, tag, act === "tag") : await send("POST", `/api/runs/${act}`, { labels });
  if (!done) return;
  clear(bar);
  await showTable(location.pathname + location.search, { push: false, keepScroll: true });
  const texts = { trash: "moved to the trash", restore: "restored", purge: "deleted", tag: `tagged ${tag}`, untag: `no longer tagged ${tag}` };
  const undo = act === "trash" ? button("Undo", async () => {
    await send("POST", "/api/runs/restore", { labels });
    await showTable(location.pathname + location.search, { push: false, keepScroll: true });
    say(`${runs(labels)} restored.`);
  }) : null;
  say(`${runs(labels)} ${texts[act]}.`, undo);
}

/** @param {string[]} labels */
const runs = (labels) => (labels.length === 1 ? labels[0] : `${labels.length} runs`);

async function changeTags(labels, tag, isAdded) {
  return send("POST", "/api/runs/tags", isAdded ? { labels, add: [tag] } : { labels, remove: [tag] });
}

/** @param {HTMLFormElement} bar */
function clear(bar) {
  boxes().forEach((box) => mark(box, false));
  ticked.clear();
  show(bar);
}

/** @param {HTMLFormElement} bar */
function show(bar) {
  bar.hidden = ticked.size === 0;
  bar.querySelector("[data-bulk-count]").textContent = `${ticked.size} ${ticked.size === 1 ? "run" : "runs"} ticked`;
  const all = document.querySelector("[data-tick-all]");
  if (!all) return;
  const here = boxes();
  all.checked = here.length > 0 && here.every((box) => box.checked);
  all.indeterminate = !all.checked && here.some((box) => box.checked);
}
