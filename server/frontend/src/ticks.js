/** Where the ticks of an axis stand. */

const TICKS = 4; // about so many where a logarithmic axis is too short for round powers

export const SECONDS = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
  172800, 604800, 2592000, 7776000, 31536000,
];
const POWERS = Array.from({ length: 13 }, (_, power) => 10 ** power);
const WHOLE = POWERS.flatMap((power) => [power, 2 * power, 5 * power]);
const FRACTIONS = POWERS.slice(1, 7).reverse().flatMap((power) => [1 / power, 2 / power, 5 / power]);

/** Increments of an axis of steps: no tick at half a step, unless that is how close one looks. @param {number} low @param {number} high */
export const stepIncrements = (low, high) => (high - low >= 2 ? WHOLE : FRACTIONS);

/**
 * The ticks of a logarithmic axis: powers of ten, with steps between them where there are few, and not all where there are many.
 * @param {number} low @param {number} high @returns {number[]}
 */
export function logarithmicTicks(low, high) {
  const decades = Math.log10(high / low);
  const digits = decades > 2.5 ? [1] : decades > 1 ? [1, 2, 5] : decades > 0.5 ? [1, 2, 3, 5, 7] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const spacing = Math.max(1, Math.ceil(decades / 8));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++) {
    if (power % spacing) continue;
    ticks.push(...digits.map((digit) => Number(`${digit}e${power}`)).filter((tick) => tick >= low && tick <= high));
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high);
}

/** @param {number} low @param {number} high @returns {number[]} */
function linearTicks(low, high) {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const increment = [1, 2, 5, 10].find((digit) => digit * power >= rough) * power;
  const first = Math.ceil(low / increment);
  const last = Math.floor(high / increment);
  return Array.from({ length: Math.max(0, Math.min(20, last - first + 1)) }, (_, place) => Number(((first + place) * increment).toPrecision(12)));
}
