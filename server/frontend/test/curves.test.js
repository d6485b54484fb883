import assert from "node:assert/strict";
import test from "node:test";
import { curveOf, nearest, xExtent, yExtent } from "../src/curves.js";

/** @param {Record<string, number[]>} columns */
const series = (columns) => ({
  run: 1, path: "a", points: 3, nonfinite: 0, start_ms: 1000,
  columns: Object.fromEntries(Object.entries(columns).map(([name, numbers]) => [name, Float64Array.from(numbers)])),
});

test("the extremes of buckets bound the y axis, whatever the mean is", () => {
  const curve = curveOf(series({ step: [0, 1], time: [1, 2], min: [-9, 0], max: [1, 99], first: [0, 0], last: [0, 0], mean: [0, 1] }), "step");
  assert.deepEqual(yExtent([curve], false), [-9, 99]);
  assert.deepEqual(yExtent([curve], true), [1, 99]);
});

test("NaN and infinities do not stretch the y axis", () => {
  const curve = curveOf(series({ step: [0, 1, 2], time: [1, 2, 3], value: [NaN, Infinity, 4] }), "step");
  assert.deepEqual(yExtent([curve], false), [4, 4]);
  assert.equal(yExtent([curveOf(series({ step: [0], time: [1], value: [NaN] }), "step")], false), null);
});

test("relative time counts from the start, and times out of order are sorted with their values", () => {
  const curve = curveOf(series({ step: [0, 1, 2], time: [3, 2, 5], value: [30, 20, 50] }), "relative");
  assert.deepEqual([...curve.x], [1, 2, 4]);
  assert.deepEqual([...curve.line], [20, 30, 50]);
  assert.deepEqual(xExtent([curve]), [1, 4]);
});

test("the nearest point is found from both sides and beyond the ends", () => {
  const x = Float64Array.from([0, 10, 20]);
  assert.deepEqual([-5, 4, 6, 15.1, 99].map((value) => nearest(x, value)), [0, 0, 1, 2, 2]);
  assert.equal(nearest(new Float64Array(0), 1), -1);
});
