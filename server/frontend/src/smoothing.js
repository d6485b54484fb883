/**
 * Smoothing of what is drawn. The raw line stays behind, and a gap stays a gap.
 *
 * All kinds measure along the x axis in thousandths of the range that is shown, so that a line looks as smooth wherever its points
 * lie close or far: the time-weighted exponential moving average as W&B documents it (the weight is applied once for each
 * thousandth), a Gaussian whose standard deviation is `amount` thousandths, a running mean over `amount` thousandths in all.
 * The server's pictures do the same: series/smoothing.py.
 */

const PARTS = 1000; // of the range shown
const SIGMAS = 3; // beyond which a Gaussian counts as nothing

/**
 * @param {Float64Array} x ascending @param {Float64Array} y @param {number} span of the x axis
 * @param {import("./view.js").Smoothing} smoothing @returns {Float64Array}
 */
export function smoothed(x, y, span, { kind, amount }) {
  if (!(span > 0)) return y.slice();
  if (kind === "ema") return exponential(x, y, span, amount);
  const reach = (amount / PARTS) * span;
  return kind === "gaussian" ? gaussian(x, y, reach) : runningMean(x, y, reach / 2);
}

function exponential(x, y, span, amount) {
  const weight = Math.min(Math.sqrt(amount), 0.999);
  const found = new Float64Array(y.length).fill(NaN);
  let sum = 0;
  let weights = 0;
  let before = x[0];
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    const share = weight ** (((x[i] - before) / span) * PARTS);
    before = x[i];
    sum = sum * share + y[i];
    weights = weights * share + 1;
    found[i] = sum / weights;
  }
  return found;
}

function gaussian(x, y, sigma) {
  const found = new Float64Array(y.length).fill(NaN);
  const scale = -0.5 / (sigma * sigma);
  let from = 0;
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    while (x[i] - x[from] > SIGMAS * sigma) from++;
    let sum = 0;
    let weights = 0;
    for (let j = from; j < y.length && x[j] - x[i] <= SIGMAS * sigma; j++) {
      if (!Number.isFinite(y[j])) continue;
      const weight = Math.exp(scale * (x[j] - x[i]) ** 2);
      sum += weight * y[j];
      weights += weight;
    }
    found[i] = sum / weights;
  }
  return found;
}

function runningMean(x, y, reach) {
  const found = new Float64Array(y.length).fill(NaN);
  let from = 0;
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    while (x[i] - x[from] > reach) from++;
    let sum = 0;
    let count = 0;
    for (let j = from; j < y.length && x[j] - x[i] <= reach; j++) {
      if (!Number.isFinite(y[j])) continue;
      sum += y[j];
      count++;
    }
    found[i] = sum / count;
  }
  return found;
}
