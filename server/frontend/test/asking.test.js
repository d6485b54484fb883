import assert from "node:assert/strict";
import test from "node:test";
import { portionsOf } from "../src/asking.js";

test("runs are asked for in portions of which none is empty", () => {
  assert.deepEqual(portionsOf([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(portionsOf([1, 2], 2), [[1, 2]]);
  assert.deepEqual(portionsOf([], 2), []);
});
