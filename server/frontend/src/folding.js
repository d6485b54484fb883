/** Sections and namespaces stay as the reader left them, open or closed, when a part of the page is renewed. */

import { reload } from "./parts.js";

const LEVEL_ROWS = 200; // of a namespace, which come without being asked for

/** @type {Map<string, boolean>} */
const states = new Map();
let focused = "";

export function rememberFolding() {
  document.addEventListener("toggle", (/** @type {At<Event, HTMLDetailsElement>} */ { target }) => states.set(keyOf(target), target.open), true);
  document.addEventListener("htmx:beforeSwap", () => {
    focused = keyOf(document.activeElement?.closest("details"));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const details of document.querySelectorAll("details[data-namespace], details[data-section]")) {
      const key = keyOf(details);
      if (states.has(key)) details.open = states.get(key);
      if (key === focused && document.activeElement === document.body) details.querySelector("summary").focus({ preventScroll: true });
    }
  });
}

/** Large namespaces that were opened come again with the part of the page that they are in. */
export function keepNamespaces() {
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const tree = treeIn(detail.target);
    if (!tree?.querySelector(".namespace-ask.htmx-request, .namespace-more .htmx-request")) return;
    detail.shouldSwap = false; // it was asked for before what is on its way now, and would be without that
    tree.addEventListener("htmx:afterSettle", () => reload(detail.target), { once: true });
  });
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const tree = treeIn(detail.target);
    if (!tree) return;
    const rows = rowsOf(tree);
    if (rows > LEVEL_ROWS) detail.formData.append("unfolded", `${rows}:${tree.dataset.within}`);
    for (const namespace of tree.querySelectorAll("details[data-large][open]")) {
      const body = namespace.querySelector(".namespace-body");
      detail.formData.append("unfolded", `${Math.max(rowsOf(body), 1)}:${namespace.dataset.namespace}`);
    }
  });
}

/** @param {HTMLElement} [part] of the table none is said @returns {HTMLElement|null|undefined} the tree of attributes that is renewed with it */
const treeIn = (part) => (part?.matches("#attributes") ? part : part?.querySelector("#attributes"));

/** @param {Element} body @returns {number} how many attributes and namespaces stand directly in it */
const rowsOf = (body) => body.querySelectorAll(":scope > .attribute, :scope > .namespace").length;

/** @param {HTMLElement|null|undefined} details */
function keyOf(details) {
  const { namespace, section } = details?.dataset ?? {};
  return namespace !== undefined ? `namespace ${namespace}` : section !== undefined ? `section ${section}` : "";
}
