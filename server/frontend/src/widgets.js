/**
 * Moving and resizing the widgets of a dashboard that is being edited: by dragging the handle, or with the arrow keys.
 *
 * What changes is the place in a grid of 12 columns. Each change is sent at once, with the version of the dashboard that the
 * page shows: where somebody else was faster, nothing is overwritten and the page is loaded again.
 */

import { ask } from "./away.js";
import { say } from "./messages.js";

const COLUMNS = 12;
const MAX_ROW = 1000;
const MAX_HEIGHT = 20;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Make the widgets of the page movable, where it is one that edits a dashboard. */
export function editWidgets() {
  const grid = document.querySelector(".dashboard-widgets.is-edited");
  if (grid) new Grid(/** @type {HTMLElement} */ (grid));
  for (const form of document.querySelectorAll("form[data-confirm]")) {
    form.addEventListener("submit", (event) => {
      if (!confirm(form.dataset.confirm)) event.preventDefault();
    });
  }
}

class Grid {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.version = Number(element.dataset.version);
    this.saving = Promise.resolve();
    for (const handle of element.querySelectorAll("[data-move]")) {
      handle.hidden = false;
      handle.addEventListener("pointerdown", (event) => this.drag(event, handle.closest("[data-widget]")));
      handle.addEventListener("keydown", (event) => this.press(event, handle.closest("[data-widget]")));
    }
  }

  /** @param {PointerEvent} event @param {HTMLElement} widget */
  drag(event, widget) {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = /** @type {HTMLElement} */ (event.currentTarget);
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    widget.classList.add("is-moving");
    const start = placeOf(widget);
    const cell = this.cell();
    const move = ({ clientX, clientY }) => {
      const dx = Math.round((clientX - event.clientX) / cell.width);
      const dy = Math.round((clientY - event.clientY) / cell.height);
      put(widget, { ...start, x: start.x + dx, y: start.y + dy });
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      widget.classList.remove("is-moving");
      this.save(widget, start);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} widget */
  press(event, widget) {
    const way = KEYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const start = placeOf(widget);
    const [x, y] = way;
    const place = event.shiftKey ? { ...start, width: start.width + x, height: start.height + y } : { ...start, x: start.x + x, y: start.y + y };
    put(widget, place);
    this.save(widget, start);
  }

  /** What one column and one row measure, gaps included. */
  cell() {
    const style = getComputedStyle(this.element);
    const gap = parseFloat(style.columnGap) || 0;
    const row = parseFloat(style.gridAutoRows) || 62;
    return { width: (this.element.clientWidth + gap) / COLUMNS, height: row + (parseFloat(style.rowGap) || 0) };
  }

  /** @param {HTMLElement} widget @param {Place} before */
  save(widget, before) {
    const { x, y, width, height } = placeOf(widget);
    if (x === before.x && y === before.y && width === before.width && height === before.height) return;
    this.saving = this.saving.then(() => this.send({ [widget.dataset.widget]: [x, y, width, height] }));
  }

  /** @param {Record<string, number[]>} places */
  async send(places) {
    const { dashboard, project } = this.element.dataset;
    const answer = await ask(`/api/dashboards/${dashboard}/layout?project=${encodeURIComponent(project)}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ version: this.version, places }),
    }).catch(() => null);
    if (answer?.ok) this.version = (await answer.json()).version;
    else if (answer) location.reload(); // somebody else changed it: what the server has is what counts
    else say("Not saved: the server does not answer. Move the widget again when it is back.");
  }
}

/** @typedef {{x: number, y: number, width: number, height: number}} Place */

/** @param {HTMLElement} widget @returns {Place} */
function placeOf({ dataset }) {
  return { x: Number(dataset.column), y: Number(dataset.row), width: Number(dataset.width), height: Number(dataset.height) };
}

/** Show a widget at a place, as near to the wanted one as there is. @param {HTMLElement} widget @param {Place} wanted */
function put(widget, wanted) {
  const width = within(wanted.width, 1, COLUMNS);
  const height = within(wanted.height, 1, MAX_HEIGHT);
  const x = within(wanted.x, 0, COLUMNS - width);
  const y = within(wanted.y, 0, MAX_ROW);
  Object.assign(widget.dataset, { column: x, row: y, width, height });
  widget.style.gridArea = `${y + 1} / ${x + 1} / span ${height} / span ${width}`;
}

/** @param {number} value @param {number} least @param {number} greatest */
const within = (value, least, greatest) => Math.min(Math.max(value, least), greatest);
