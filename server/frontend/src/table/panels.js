/** The panels over the table that choose columns and groups: a list of what is chosen, and a search for more. */

import { changeTable, shownColumns, tablePart } from "./address.js";
import { moveColumn } from "./columns.js";
import { button } from "./menu.js";
import { ask } from "../away.js";
import { atRest } from "../rest.js";

const PAUSE_MS = 180;

export function listenToPanels() {
  if (!tablePart()) return;
  prepare("#columns", "[data-column-list]", "[data-finds-columns]", "#column-choices", {
    chosen: shownColumns,
    set: (column) => changeTable({ column }, { keepScroll: true }),
    move: moveColumn,
  });
  prepare("#groups", "[data-group-list]", "[data-finds-groups]", "#group-choices", {
    chosen: () => new URLSearchParams(location.search).getAll("rows"),
    set: (group) => changeTable({ rows: group, unfold: null, within: null }),
    move: (path, to) => {
      const others = new URLSearchParams(location.search).getAll("rows").filter((one) => one !== path);
      changeTable({ rows: [...others.slice(0, to), path, ...others.slice(to)], unfold: null, within: null });
    },
  });
}

/**
 * @param {string} panel @param {string} list @param {string} box @param {string} choices
 * @param {{chosen: () => string[], set: (all: string[]) => void, move: (one: string, to: number) => void}} of
 */
function prepare(panel, list, box, choices, of) {
  const menu = /** @type {HTMLDetailsElement|null} */ (document.querySelector(panel));
  if (!menu) return;
  const find = /** @type {HTMLInputElement} */ (menu.querySelector(box));
  const address = document.querySelector("#columns").dataset.columnsAddress;
  const search = async () => {
    const query = new URLSearchParams({ find: find.value });
    of.chosen().forEach((one) => query.append("column", one));
    const answer = await ask(`${address}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.ok) menu.querySelector(choices).innerHTML = await answer.text();
  };
  const show = () => menu.querySelector(list).replaceChildren(...of.chosen().map((one, place, all) => entry(one, place, all, of)));
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    show();
    search();
    find.focus();
  });
  document.addEventListener("tidelog:table", () => {
    if (!menu.open) return;
    show();
    search();
  });
  find.addEventListener("input", atRest(search, PAUSE_MS));
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // the form around it is that of the filter
    menu.querySelector(`${choices} button`)?.click();
  });
  menu.querySelector(choices).addEventListener("click", ({ target }) => {
    const path = target.closest("[data-path]")?.dataset.path;
    if (!path) return;
    const all = of.chosen();
    of.set(all.includes(path) ? all.filter((one) => one !== path) : [...all, path]);
  });
}

/** One chosen column or group: its name, and buttons that move and remove it; it can be dragged, too. */
function entry(one, place, all, of) {
  const item = document.createElement("li");
  item.className = "chosen";
  item.draggable = true;
  const name = document.createElement("span");
  name.className = "chosen-path mono";
  name.textContent = one;
  item.append(name);
  if (place > 0) item.append(button("", () => of.move(one, place - 1), { label: `Move ${one} up`, icon: "up", name: "icon-button" }));
  if (place < all.length - 1) item.append(button("", () => of.move(one, place + 1), { label: `Move ${one} down`, icon: "down", name: "icon-button" }));
  item.append(button("", () => of.set(all.filter((other) => other !== one)), { label: `Remove ${one}`, icon: "close", name: "icon-button" }));
  item.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/x-tidelog", one));
  item.addEventListener("dragover", (event) => event.preventDefault());
  item.addEventListener("drop", (event) => {
    event.preventDefault();
    const dragged = event.dataTransfer.getData("text/x-tidelog");
    if (dragged && dragged !== one && all.includes(dragged)) of.move(dragged, place);
  });
  return item;
}
