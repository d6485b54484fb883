/** The columns of the table: a menu on each head, widths, pins, another order by dragging or by keys. */

import { changeTable, columnHeads, shownColumns, sortThenBy, tablePart } from "./address.js";
import { openMenu } from "./menu.js";

const FUNCTIONS = ["last", "min", "max", "mean", "variance", "count"];
const LEAST_PX = 60;
const MOST_PX = 800;
const KEY_STEP_PX = 20;
const HELD = 3; // tick, eye and name stay in view in every table

/** The style sheet of widths and pins: inline styles would need a laxer security policy. */
const sheet = new CSSStyleSheet();

/**
 * Follow what one does to the heads of the columns. The server writes all that they have, and who listens is the document:
 * a head that came with a script would have the browser lay out the table twice.
 */
export function listenToColumns() {
  if (!tablePart()) return;
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.addEventListener("htmx:afterSettle", ({ target }) => (target.id === "runs" || target.querySelector?.("#runs")) && place());
  addEventListener("resize", place);
  document.addEventListener("tidelog:pin", ({ target }) => toggle(new URLSearchParams(location.search), "pin", target.dataset.column));
  listenToMenus();
  listenToHandles();
  dragColumns();
  place();
}

/** The head of a column that can be changed, at which something happened. @returns {HTMLElement|null} */
const headOf = ({ target }) => target.closest?.("#runs thead th[draggable=true]") ?? null;

function listenToMenus() {
  document.addEventListener("click", (event) => {
    const more = event.target.closest?.("#runs .column-menu");
    if (more) openColumnMenu(headOf(event), more);
  });
  document.addEventListener("contextmenu", (event) => {
    const head = headOf(event);
    if (!head) return;
    event.preventDefault();
    openColumnMenu(head, head.querySelector(".column-menu"));
  });
}

/** @param {HTMLElement} head @param {HTMLElement} anchor */
function openColumnMenu(head, anchor) {
  const { column, path, function: shown } = head.dataset;
  const columns = shownColumns();
  const at = columns.indexOf(column);
  const query = new URLSearchParams(location.search);
  const key = shown === "spark" ? path : column;
  const sort = (order) => changeTable({ sort: [key], order: [order] });
  /** @type {([string, () => void, boolean?]|null)[]} */
  const items = [
    ["Sort, greatest first", () => sort("descending")],
    ["Sort, least first", () => sort("ascending")],
    ["Then sort by this", () => sortThenBy(head.dataset)],
    null,
  ];
  if ("series" in head.dataset) {
    for (const name of FUNCTIONS) items.push([`Show ${name}`, () => replaceColumn(column, name === "last" ? path : `${name}(${path})`), shown === name]);
    items.push(["Show the curve", () => replaceColumn(column, `spark(${path})`), shown === "spark"], null);
  }
  if (head.classList.contains("number")) items.push(["Colour scale", () => toggle(query, "scale", column), "scaled" in head.dataset]);
  items.push(["Group by this", () => changeTable({ rows: [...new Set([...query.getAll("rows"), key])], unfold: null, within: null })]);
  items.push(["Pin to the left", () => toggle(query, "pin", column), head.classList.contains("is-pinned")], null);
  if (at > 0) items.push(["Move left", () => moveColumn(column, at - 1)]);
  if (at < columns.length - 1) items.push(["Move right", () => moveColumn(column, at + 1)]);
  items.push(["Remove", () => changeTable({ column: columns.filter((one) => one !== column) })]);
  openMenu(anchor, items, `Column ${column}`);
}

/** @param {URLSearchParams} query @param {string} name @param {string} column */
function toggle(query, name, column) {
  const all = query.getAll(name);
  changeTable({ column: shownColumns(), [name]: all.includes(column) ? all.filter((one) => one !== column) : [...all, column] });
}

/** @param {string} old @param {string} column */
function replaceColumn(old, column) {
  const query = new URLSearchParams(location.search);
  const renamed = (name) => query.getAll(name).map((one) => (one === old ? column : one));
  changeTable({ column: [...new Set(shownColumns().map((one) => (one === old ? column : one)))], pin: renamed("pin"), scale: renamed("scale") });
}

/** @param {string} column @param {number} to */
export function moveColumn(column, to) {
  const others = shownColumns().filter((one) => one !== column);
  changeTable({ column: [...others.slice(0, to), column, ...others.slice(to)] }, { keepScroll: true });
}

/** Dragging a head over another one puts its column there. */
function dragColumns() {
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    const head = headOf(event);
    if (event.target.closest?.(".column-handle")) return event.preventDefault(); // its column is being resized
    if (!head) return;
    dragged = head.dataset.column;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
    head.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const head = headOf(event);
    document.querySelectorAll(".is-drop").forEach((one) => one.classList.remove("is-drop"));
    if (!head || dragged === null) return;
    event.preventDefault();
    head.classList.add("is-drop");
  });
  document.addEventListener("drop", (event) => {
    const head = headOf(event);
    if (!head || dragged === null || head.dataset.column === dragged) return;
    event.preventDefault();
    moveColumn(dragged, shownColumns().indexOf(head.dataset.column));
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    document.querySelectorAll(".is-dragged, .is-drop").forEach((one) => one.classList.remove("is-dragged", "is-drop"));
  });
}

/** The right edge of a head: dragged, or moved by the arrow keys. */
function listenToHandles() {
  const on = (name, act) => document.addEventListener(name, (event) => {
    const handle = event.target.closest?.("#runs .column-handle");
    if (handle) act(event, handle, headOf(event));
  });
  on("focusin", (_, handle, head) => handle.setAttribute("aria-valuenow", String(Math.round(head.getBoundingClientRect().width))));
  on("pointerdown", (event, handle, head) => {
    event.preventDefault();
    pull(event, handle, head);
  });
  on("keydown", (event, _, head) => {
    const by = { ArrowLeft: -KEY_STEP_PX, ArrowRight: KEY_STEP_PX }[event.key];
    if (!by) return;
    event.preventDefault();
    head.dataset.width = String(within(head.getBoundingClientRect().width + by));
    place();
    rememberWidths();
  });
  on("dblclick", (_, __, head) => {
    delete head.dataset.width;
    place();
    rememberWidths();
  });
}

/** Follow the pointer until it lets go. @param {PointerEvent} event @param {HTMLElement} handle @param {HTMLElement} head */
function pull(event, handle, head) {
  handle.setPointerCapture(event.pointerId);
  const from = event.clientX;
  const width = head.getBoundingClientRect().width;
  const move = ({ clientX }) => {
    head.dataset.width = String(within(width + clientX - from));
    place();
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("pointerup", () => {
    handle.removeEventListener("pointermove", move);
    rememberWidths();
  }, { once: true });
}

const within = (px) => Math.round(Math.min(Math.max(px, LEAST_PX), MOST_PX));

/** Widths are part of the address, but no other table: nothing is asked for. */
function rememberWidths() {
  const address = new URL(location.href);
  address.searchParams.delete("width");
  for (const { dataset } of columnHeads()) if (dataset.width) address.searchParams.append("width", `${dataset.width}:${dataset.column}`);
  history.replaceState(history.state, "", address);
}

let written = "";

/**
 * Write the rules for widths, and for how far from the left each pinned column stays; the first ones have theirs in the style
 * sheet. Heads are measured together, and only for pins: a look at a size makes the browser lay out the whole table.
 */
function place() {
  const heads = [...document.querySelectorAll("#runs thead th")];
  const widths = heads.map(({ dataset }, index) => dataset.width && `${cellsOf(index)} { width: ${dataset.width}px; min-width: ${dataset.width}px; max-width: ${dataset.width}px; }`).filter(Boolean);
  if (widths.length) write(widths);
  const pinned = heads.filter((head) => head.classList.contains("is-pinned"));
  if (!pinned.length || matchMedia("(max-width: 700px)").matches) return write(widths);
  const sizes = [...heads.slice(0, HELD), ...pinned].map((head) => head.getBoundingClientRect().width);
  const leftOf = (place) => sizes.slice(0, HELD + place).reduce((sum, size) => sum + size, 0);
  const pins = pinned.flatMap((head, place) => [
    `${cellsOf(heads.indexOf(head))}, ${groupCellsOf(heads.indexOf(head))} { position: sticky; left: ${leftOf(place)}px; z-index: 2; }`,
    `.runs-table thead tr > :nth-child(${heads.indexOf(head) + 1}) { z-index: 5; }`,
  ]);
  write([...widths, ...pins]);
}

/** @param {number} index */
const cellsOf = (index) => `.runs-table tr:not(.blank, .group-row) > :nth-child(${index + 1})`;

/** The row of a group has one cell over eye and name, and one over what every table says of a run. @param {number} index */
const groupCellsOf = (index) => `.runs-table .group-cell:nth-child(${index - 3})`;

/** @param {string[]} rules */
function write(rules) {
  const text = rules.join("\n");
  if (text === written) return;
  written = text;
  sheet.replaceSync(text);
}
