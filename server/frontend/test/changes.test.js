import assert from "node:assert/strict";
import test from "node:test";
import { Changes } from "../src/changes.js";

test("a chart is asked again for the runs that changed since it was loaded", () => {
  const changes = new Changes();
  changes.add([1, 2]);
  changes.add([2, 3]);
  assert.equal(changes.generation, 2);
  assert.deepEqual(changes.since(0), [1, 2, 3]);
  assert.deepEqual(changes.since(1), [2, 3]);
});

test("a chart without data, or one that grew, asks for every run, also where nothing changed", () => {
  const changes = new Changes();
  assert.equal(changes.since(-1), null);
  assert.equal(changes.since(-0.5), null); // it became larger before anything else happened
  changes.add([1]);
  assert.equal(changes.since(-0.5), null);
  assert.equal(changes.since(1), null); // never no runs at all, which the server refuses
});

test("where everything changed, or more than is remembered, every run is asked for", () => {
  const changes = new Changes();
  changes.add(null);
  changes.add([1]);
  assert.equal(changes.since(0), null);
  assert.deepEqual(changes.since(1), [1]);
  for (let i = 0; i < 300; i++) changes.add([1]);
  assert.equal(changes.since(1), null);
});
