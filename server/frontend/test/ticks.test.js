import assert from "node:assert/strict";
import test from "node:test";
import { SECONDS, logarithmicTicks, stepIncrements } from "../src/ticks.js";

test("a logarithmic axis has powers of ten, more where there are few, fewer where there are many", () => {
  assert.deepEqual(logarithmicTicks(0.0009, 12), [0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(logarithmicTicks(0.9, 12), [1, 2, 5, 10]);
  assert.deepEqual(logarithmicTicks(0.2, 1.3), [0.2, 0.3, 0.5, 0.7, 1]); // 0.8, 0.9 and 1 would touch
  assert.ok(logarithmicTicks(1e-30, 1e30).length <= 10);
});

test("every range has ticks inside it, also one that no power of ten falls into", () => {
  for (const [low, high] of [[0.21, 0.29], [1e-310, 1e-300], [9.99, 10.01], [1e300, 1e308], [0.0000456, 0.0000457]]) {
    const ticks = logarithmicTicks(low, high);
    assert.ok(ticks.length > 0 && ticks.length < 30, `${low} to ${high}: ${ticks}`);
    assert.ok(ticks.every((tick) => tick >= low && tick <= high));
  }
});

test("steps are whole, unless one looks closer", () => {
  assert.equal(stepIncrements(0, 3)[0], 1);
  assert.ok(stepIncrements(0, 0.5)[0] < 0.1);
});

test("minutes and hours in a narrow chart have more than one tick", () => {
  const room = 3.5; // ticks that a chart of 250 pixels has room for
  for (const span of [60, 600, 1500, 3600, 7200]) {
    const increment = SECONDS.find((one) => one >= span / room);
    assert.ok(Math.floor(span / increment) >= 2, `${span}: every ${increment}`);
  }
});
