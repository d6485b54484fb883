/** How charts write numbers, spans and times; the same rules as the server's filters. */

/** @type {Map<number, Intl.NumberFormat>} by how many decimals: one takes long to make */
const formats = new Map();

/** @param {number} decimals at most */
function formatOf(decimals) {
  let format = formats.get(decimals);
  if (!format) formats.set(decimals, (format = new Intl.NumberFormat("en-US", { maximumFractionDigits: decimals })));
  return format;
}

/** @param {number} value 1204331 as `1,204,331` */
export const count = (value) => formatOf(3).format(value);

/** @param {number} value */
export function number(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1e5) return String(Math.round(value));
  return String(Number(value.toPrecision(5)));
}

/** A step with up to six decimals. @param {number} value */
export const step = (value) => formatOf(6).format(value);

/** Seconds in their two greatest units. @param {number} seconds */
export function span(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const s = Math.abs(seconds);
  if (s < 10) return `${sign}${Number(s.toFixed(3))} s`;
  if (s < 60) return `${sign}${Number(s.toFixed(1))} s`;
  if (s < 3600) return `${sign}${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${sign}${Math.floor(s / 3600)} h ${two((s % 3600) / 60)} min`;
  return `${sign}${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** Unix seconds as local date and time. @param {number} seconds */
export function moment(seconds) {
  const at = new Date(seconds * 1000);
  return `${day(at)} ${clock(at)}${at.getMilliseconds() ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : ""}`;
}

/** @type {[number, string][]} */
const SIZES = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** Labels of a numeric axis whose ticks lie `increment` apart. @param {(number|null)[]} ticks @param {number} increment */
export function numericTicks(ticks, increment) {
  const greatest = Math.max(...ticks.map((tick) => Math.abs(tick ?? 0)));
  const [unit, letter] = SIZES.find(([size]) => greatest >= (size === 1e3 ? 10 : 1) * size && increment >= size / 1000) ?? [1, ""];
  if (greatest && (greatest < 1e-3 || greatest >= 1e12)) return ticks.map((tick) => (tick === null ? "" : withExponent(tick, increment)));
  const decimals = decimalsOf(increment / unit);
  const format = formatOf(decimals);
  return ticks.map((tick) => (tick === null ? "" : format.format(tick / unit) + (tick ? letter : "")));
}

/** A tick with as many digits as the increment needs. @param {number} tick @param {number} increment */
function withExponent(tick, increment) {
  if (Math.abs(tick) < increment / 2) return "0";
  const power = Math.floor(Math.log10(increment) + 1e-9);
  const digits = Math.floor(Math.log10(Math.abs(tick)) + 1e-9) - power + decimalsOf(increment / 10 ** power);
  return tick.toExponential(Math.max(0, Math.min(12, digits))).replace(/(\.\d*?)0+e/, "$1e").replace(".e", "e").replace("e+", "e");
}

/** How many decimals it takes to write a number and all its multiples: 2 for 0.25. @param {number} increment */
function decimalsOf(increment) {
  for (let decimals = 0; decimals < 9; decimals++) {
    const scaled = increment * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return decimals;
  }
  return 9;
}

/** Labels of a logarithmic axis. @param {(number|null)[]} ticks */
export const logTicks = (ticks) =>
  ticks.map((tick) => (tick === null ? "" : tick >= 1e5 || tick < 1e-3 ? shortExponent(tick) : number(tick)));

/** Labels of an axis of seconds since the start. @param {number[]} ticks @param {number} increment */
export function spanTicks(ticks, increment) {
  return ticks.map((tick) => {
    if (increment >= 86400) return `${Math.round(tick / 86400)}d`;
    if (increment >= 3600) return `${Math.round(tick / 3600)}h`;
    if (increment >= 60) return tick >= 3600 ? `${Math.floor(tick / 3600)}h${two((tick % 3600) / 60)}` : `${Math.round(tick / 60)}m`;
    if (increment >= 1 && tick >= 60) return `${Math.floor(tick / 60)}m${two(tick % 60)}`;
    return `${Number(tick.toFixed(3))}s`;
  });
}

/** Labels of an axis of wall time; the date where it changes. @param {number[]} ticks @param {number} increment */
export function momentTicks(ticks, increment) {
  let last = "";
  return ticks.map((tick) => {
    const at = new Date(tick * 1000);
    const today = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    if (increment >= 86400) return today;
    const time = increment >= 60 ? clock(at).slice(0, 5) : increment >= 1 ? clock(at) : `${clock(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
    const isNew = today !== last;
    last = today;
    return isNew ? `${time}\n${today}` : time;
  });
}

/** @param {number} value */
const shortExponent = (value) => value.toExponential(1).replace(".0e", "e").replace("e+", "e");
/** @param {number} value */
const two = (value) => String(Math.floor(value)).padStart(2, "0");
/** @param {Date} at */
const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
/** @param {Date} at */
const clock = (at) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
