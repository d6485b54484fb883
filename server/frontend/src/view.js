/**
 * What a board of charts shows: axes, smoothing, zoom, which runs. Kept in the address of the page, or, for a board that is one
 * of several on a page (a widget of a dashboard), with the board.
 *
 * @typedef {"step"|"relative"|"time"|"metric"} XAxis
 * @typedef {{kind: "ema"|"gaussian"|"mean", amount: number}} Smoothing
 * @typedef {Object} View
 * @property {XAxis} x
 * @property {string} xPath        the metric of the x axis `metric`
 * @property {"linear"|"log"} y
 * @property {number|null} from    of the zoom, in the unit of the x axis
 * @property {number|null} to
 * @property {Smoothing|null} smooth
 * @property {boolean} outliers    whether the y axis reaches to all values, or leaves out the farthest
 * @property {boolean} marks       whether events and comments are marked
 * @property {boolean} tails       whether what later attempts abandoned is drawn
 * @property {"ci"|"range"} band   of groups: confidence interval, or least to greatest run
 * @property {Map<string, [number, number]>} ranges  of y, by chart
 * @property {Set<string>} hidden  labels
 * @property {string|null} only    the label of the one run that is shown
 * @property {string|null} full    the chart that fills the window
 *
 * @typedef {Record<string, string|number|string[]|null>} Changes  parameters of the address
 * @typedef {{current: () => View, change: (changes: Changes, how?: {push?: boolean}) => void, listen: (listener: (view: View) => void) => void}} ViewKeeper
 */

const DEFAULTS = { x: "step", y: "linear", outliers: "show", marks: "show", tails: "on", band: "ci" };
const METRIC = "metric:";
/** The greatest amount of each kind of smoothing, and the one to begin with; see smoothing.js for what they mean. */
export const SMOOTHINGS = {
  ema: { most: 0.999, usual: 0.6 },
  gaussian: { most: 200, usual: 10 },
  mean: { most: 500, usual: 20 },
};

/** @param {URLSearchParams} query @param {string} [usualX] where the query says nothing @returns {View} */
export function readView(query, usualX = DEFAULTS.x) {
  const from = numberIn(query, "from");
  const to = numberIn(query, "to");
  const isZoomed = from !== null && to !== null && from < to;
  const x = query.get("x") || usualX;
  const isMetric = x.startsWith(METRIC) && x.length > METRIC.length;
  return {
    x: isMetric ? "metric" : /** @type {XAxis} */ (["step", "relative", "time"].includes(x) ? x : usualX),
    xPath: isMetric ? x.slice(METRIC.length) : "",
    y: query.get("y") === "log" ? "log" : "linear",
    from: isZoomed ? from : null,
    to: isZoomed ? to : null,
    smooth: smoothingIn(query.get("smooth") ?? ""),
    outliers: query.get("outliers") !== "ignore",
    marks: query.get("marks") !== "hide",
    tails: query.get("tails") !== "off",
    band: query.get("band") === "range" ? "range" : "ci",
    ranges: new Map(query.getAll("range").flatMap(rangeIn)),
    hidden: new Set(query.getAll("hide")),
    only: query.get("only"),
    full: query.get("full"),
  };
}

/** @param {URLSearchParams} query @param {Changes} changes */
function apply(query, changes, usualX = DEFAULTS.x) {
  const defaults = { ...DEFAULTS, x: usualX };
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== "" && one !== defaults[name]) query.append(name, String(one));
    }
  }
}

/** The x axis where the address says nothing: a page of the hardware begins with times. */
const usualX = () => document.querySelector("[data-usual-x]")?.dataset.usualX;

/** The view in the address of the page. */
class PageView {
  constructor() {
    /** @type {((view: View) => void)[]} */
    this.listeners = [];
    addEventListener("popstate", () => this.announce());
  }

  current() {
    return readView(new URLSearchParams(location.search), usualX());
  }

  /** A zoom or a chart over the whole window is a place to come back from: it makes an entry in the browser's history. */
  change(changes, { push = false } = {}) {
    const address = new URL(location.href);
    apply(address.searchParams, changes, usualX());
    history[push ? "pushState" : "replaceState"]({ tidelog: true }, "", address);
    this.announce();
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  announce() {
    const view = this.current();
    this.listeners.forEach((listener) => listener(view));
  }
}

/** The view of one board among several: the address does not know of it. */
export class OwnView {
  /** @param {string} text as in the address: `x=relative&y=log` */
  constructor(text) {
    this.query = new URLSearchParams(text);
    /** @type {((view: View) => void)[]} */
    this.listeners = [];
  }

  current() {
    return readView(this.query);
  }

  change(changes) {
    apply(this.query, changes);
    const view = this.current();
    this.listeners.forEach((listener) => listener(view));
  }

  listen(listener) {
    this.listeners.push(listener);
  }
}

/** @type {ViewKeeper} the one of the page */
export const pageView = new PageView();

/** Back to the whole range. @param {ViewKeeper} keeper */
export function resetZoom(keeper) {
  if (keeper.current().from !== null) keeper.change({ from: null, to: null }, { push: true });
}

/** @param {Smoothing|null} smooth */
export const smoothingText = (smooth) => (smooth ? `${smooth.kind}:${smooth.amount}` : null);

/** @param {Map<string, [number, number]>} ranges */
export const rangeTexts = (ranges) => [...ranges].map(([chart, [low, high]]) => `${low}:${high}:${chart}`);

/** @param {string} text such as `ema:0.6` @returns {Smoothing|null} */
export function smoothingIn(text) {
  const [kind, amount] = text.split(":");
  const known = Object.hasOwn(SMOOTHINGS, kind) ? SMOOTHINGS[kind] : null;
  const value = Number(amount);
  if (!known || !(value > 0)) return null;
  return { kind: /** @type {Smoothing["kind"]} */ (kind), amount: Math.min(value, known.most) };
}

/** @param {string} text such as `0:1.5:train/loss` @returns {[string, [number, number]][]} */
function rangeIn(text) {
  const [low, high, ...rest] = text.split(":");
  const chart = rest.join(":");
  const isRange = low !== "" && high !== "" && Number(low) < Number(high) && Number.isFinite(Number(high) - Number(low));
  return isRange && chart ? [[chart, [Number(low), Number(high)]]] : [];
}

/** @param {URLSearchParams} query @param {string} name */
function numberIn(query, name) {
  const text = query.get(name);
  const value = Number(text);
  return text === null || text === "" || !Number.isFinite(value) ? null : value;
}
