import assert from "node:assert/strict";
import test from "node:test";
import { smoothed } from "../src/smoothing.js";

const x = Float64Array.from({ length: 200 }, (_, place) => place);
const noisy = Float64Array.from(x, (place) => Math.sin(place) + (place % 7));
const KINDS = [{ kind: "ema", amount: 0.6 }, { kind: "gaussian", amount: 20 }, { kind: "mean", amount: 50 }];

test("a constant stays what it is, whatever the kind", () => {
  for (const kind of KINDS) for (const value of smoothed(x, new Float64Array(200).fill(3.5), 199, kind)) assert.ok(Math.abs(value - 3.5) < 1e-12);
});

test("a gap stays a gap, and the line goes on behind it", () => {
  const y = noisy.slice();
  y.fill(NaN, 50, 60);
  y[70] = Infinity;
  for (const kind of KINDS) {
    const line = smoothed(x, y, 199, kind);
    line.forEach((value, place) => assert.equal(Number.isFinite(value), !(place >= 50 && place < 60) && place !== 70));
  }
});

test("the average weighs by distance along the axis: W&B's definition, point by point", () => {
  const at = Float64Array.from([0, 1, 5]);
  const weight = Math.sqrt(0.6);
  const [first, second] = [weight ** ((1 / 10) * 1000), weight ** ((4 / 10) * 1000)];
  const line = smoothed(at, Float64Array.from([1, 2, 4]), 10, { kind: "ema", amount: 0.6 });
  assert.equal(line[0], 1);
  assert.ok(Math.abs(line[1] - (1 * first + 2) / (first + 1)) < 1e-12);
  assert.ok(Math.abs(line[2] - ((1 * first + 2) * second + 4) / ((first + 1) * second + 1)) < 1e-12);
});

test("a running mean is the mean of what lies within its reach", () => {
  const line = smoothed(x, noisy, 199, { kind: "mean", amount: (4 / 199) * 1000 + 1e-9 });
  const near = noisy.slice(98, 103);
  assert.ok(Math.abs(line[100] - near.reduce((sum, value) => sum + value, 0) / 5) < 1e-12);
});

test("a range of no width leaves the line as it is", () => {
  assert.deepEqual([...smoothed(Float64Array.from([1]), Float64Array.from([2]), 0, KINDS[0])], [2]);
});
