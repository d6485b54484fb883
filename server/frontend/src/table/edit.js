/** Names, tags and descriptions changed where they stand. Enter keeps, Escape gives up. */

import { tablePart } from "./address.js";
import { refreshRows } from "./pages.js";
import { say } from "../messages.js";
import { ask } from "../away.js";
import { send } from "../sending.js";

export function listenToEdits() {
  if (!tablePart()) return;
  document.addEventListener("click", ({ target }) => {
    const edit = target.closest?.("#runs [data-edit]");
    if (edit) begin(edit);
  });
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (/** @type {At<Event>} */ { target }) => offer(target.closest?.("#runs .run-row")), { passive: true });
  }
}

/** A row gets its pencils once one points at it or comes to it by keys. @param {HTMLElement|null} row */
function offer(row) {
  if (!row || row.querySelector("[data-edit], [data-editing]")) return;
  const { label } = row.dataset;
  row.querySelector(".run-link").after(pencil("name", `Rename ${label}`));
  row.querySelector(".cell-tags").append(pencil("tags", `Tags of ${label}`));
  for (const cell of row.querySelectorAll("[data-edits]")) {
    const { edits } = cell.dataset;
    cell.append(pencil(edits, `${edits === "description" ? "Description" : "Group tags"} of ${label}`));
  }
}

/** @param {string} what @param {string} label */
function pencil(what, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "edit";
  made.dataset.edit = what;
  made.setAttribute("aria-label", label);
  return made;
}

const NAMES = { name: "Name", tags: "Tags, with commas between", group_tags: "Group tags, with commas between", description: "Description" };

/** @param {HTMLElement} edit the pencil */
async function begin(edit) {
  const row = edit.closest("[data-label]");
  const cell = edit.closest("td, th");
  const what = edit.dataset.edit;
  const text = await valueOf(row.dataset.label, what);
  if (text === null || !cell.isConnected || cell.dataset.editing) return;
  const box = document.createElement(what === "description" ? "textarea" : "input");
  box.className = "inline-edit";
  box.setAttribute("aria-label", `${NAMES[what]} of ${row.dataset.label}`);
  box.value = text;
  const before = box.value;
  const kept = [...cell.childNodes];
  let isOver = false;
  const end = () => {
    isOver = true;
    cell.replaceChildren(...kept);
    delete cell.dataset.editing;
    cell.querySelector("[data-edit]")?.focus();
  };
  const keep = async () => {
    if (isOver) return;
    if (box.value === before) return end();
    const value = what.endsWith("tags") ? box.value.split(",").map((tag) => tag.trim()).filter(Boolean) : box.value;
    const didWork = await send("PATCH", `/api/runs/${encodeURIComponent(row.dataset.label)}`, { [what]: value });
    end();
    if (didWork) await refreshRows([row.dataset.label]);
  };
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      keep();
    }
    if (event.key === "Escape") end();
  });
  box.addEventListener("blur", keep);
  cell.dataset.editing = "yes";
  cell.replaceChildren(box);
  box.select();
  box.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** What is edited. A cell may show less than there is, so the server is asked. @param {string} label @param {string} what @returns {Promise<string|null>} */
async function valueOf(label, what) {
  const path = `sys/${what}`;
  const answer = await ask(`/api/runs/${encodeURIComponent(label)}/attributes?prefix=${path}`).catch(() => null);
  if (!answer?.ok) {
    say("The server cannot be reached. Nothing can be edited now.");
    return null;
  }
  const value = (await answer.json()).attributes.find((one) => one.path === path)?.value ?? "";
  return Array.isArray(value) ? value.join(", ") : value;
}
