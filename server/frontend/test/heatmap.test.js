import assert from "node:assert/strict";
import test from "node:test";

globalThis.addEventListener ??= () => {};
globalThis.matchMedia ??= () => ({ addEventListener() {} });
globalThis.devicePixelRatio ??= 1;
globalThis.document ??= { addEventListener() {} };
const { boxesOf, rangeOf, shadeOf } = await import("../src/heatmap.js");

const curve = (...values) => ({ line: Float64Array.from(values) });

test("shades go from the least to the greatest finite value", () => {
  assert.deepEqual(rangeOf([curve(1, NaN), curve(Infinity, 9)], false), [1, 9]);
  assert.deepEqual([1, 9, 5].map((value) => shadeOf(value, 1, 9, false)), [0, 63, 32]);
  assert.equal(shadeOf(NaN, 1, 9, false), -1);
});

test("on a logarithmic scale what is not above zero has no shade", () => {
  assert.deepEqual(rangeOf([curve(0, -2, 1, 100)], true), [1, 100]);
  assert.deepEqual([0, 1, 10, 100].map((value) => shadeOf(value, 1, 100, true)), [-1, 0, 32, 63]);
});

test("rows that are all alike have a shade", () => {
  assert.ok(shadeOf(3, 3, 3, false) >= 0);
});

test("neighbours of one shade are one box, and what is no number has none", () => {
  const plane = { x: (value) => 10 * value, right: 100 };
  const row = { x: Float64Array.of(0, 1, 2, 3, 4), line: Float64Array.of(1, 1, NaN, 9, 1) };
  assert.deepEqual(boxesOf(row, plane, { least: 1, greatest: 9, isLog: false }), [
    { left: 0, right: 20, shade: 0 },
    { left: 30, right: 40, shade: 63 },
    { left: 40, right: 50, shade: 0 },
  ]);
});
