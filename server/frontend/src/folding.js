/** Sections and namespaces stay as the reader left them, open or closed, when a part of the page is renewed. */

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

/** @param {HTMLElement|null|undefined} details */
function keyOf(details) {
  const { namespace, section } = details?.dataset ?? {};
  return namespace !== undefined ? `namespace ${namespace}` : section !== undefined ? `section ${section}` : "";
}
