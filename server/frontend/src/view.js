/**
 * What the charts of a page show, kept in its address: the axes, the zoom, the runs that are hidden.
 *
 * @typedef {"step"|"relative"|"time"} XAxis
 * @typedef {{x: XAxis, y: "linear"|"log", from: number|null, to: number|null, hidden: Set<string>}} View
 */

const DEFAULTS = { x: "step", y: "linear" };
/** @type {((view: View) => void)[]} */
const listeners = [];

/** @returns {View} */
export function currentView() {
  const query = new URLSearchParams(location.search);
  const from = numberIn(query, "from");
  const to = numberIn(query, "to");
  const isZoomed = from !== null && to !== null && from < to;
  return {
    x: ["relative", "time"].includes(query.get("x") ?? "") ? /** @type {XAxis} */ (query.get("x")) : "step",
    y: query.get("y") === "log" ? "log" : "linear",
    from: isZoomed ? from : null,
    to: isZoomed ? to : null,
    hidden: new Set(query.getAll("hide")),
  };
}

/**
 * Change the view. A zoom is a place to come back from, so it makes an entry in the browser's history.
 * @param {Record<string, string|number|string[]|null>} changes @param {{push?: boolean}} how
 */
export function changeView(changes, { push = false } = {}) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    address.searchParams.delete(name);
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) {
      if (one !== null && one !== DEFAULTS[name]) address.searchParams.append(name, String(one));
    }
  }
  history[push ? "pushState" : "replaceState"]({ tidelog: true }, "", address);
  announce();
}

/** Back to the whole range. */
export function resetZoom() {
  if (currentView().from !== null) changeView({ from: null, to: null }, { push: true });
}

/** @param {(view: View) => void} listener called after every change */
export const onViewChange = (listener) => void listeners.push(listener);

const announce = () => listeners.forEach((listener) => listener(currentView()));
addEventListener("popstate", announce);

/** @param {URLSearchParams} query @param {string} name */
function numberIn(query, name) {
  const text = query.get(name);
  const value = Number(text);
  return text === null || text === "" || !Number.isFinite(value) ? null : value;
}
