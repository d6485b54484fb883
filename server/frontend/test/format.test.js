import assert from "node:assert/strict";
import test from "node:test";
import { number, numericTicks, span, spanTicks } from "../src/format.js";

test("numbers have five significant digits", () => {
  const written = [0, 0.1 + 0.2, 1 / 3, 123456.7, 1e-5, 2.5e12, NaN, -Infinity].map(number);
  assert.deepEqual(written, ["0", "0.3", "0.33333", "123457", "1e-5", "2.5e12", "NaN", "−∞"]);
});

test("neighbouring ticks never read the same", () => {
  for (const [start, increment] of [[0, 200], [1_204_300, 10], [1e6, 2e5], [0, 0.0001], [6.0e9, 5e7], [1e-9, 1e-10], [-3, 0.5]]) {
    const ticks = Array.from({ length: 6 }, (_, place) => start + place * increment);
    assert.equal(new Set(numericTicks(ticks, increment)).size, 6, `${start} by ${increment}: ${numericTicks(ticks, increment)}`);
  }
});

test("a tick reads as the number that it stands at", () => {
  const units = { k: 1e3, M: 1e6, G: 1e9 };
  const read = (text) => Number(text.replaceAll(",", "").replace(/[kMG]$/, "")) * (units[text.at(-1)] ?? 1);
  for (const [start, increment] of [[1.1e10, 2.5e8], [0, 0.25], [12000, 250], [0, 2500], [1e6, 125000], [0.5, 0.00025], [-2e6, 5e5], [3e-10, 1e-10], [2e12, 2.5e11], [-3e-4, 1e-4]]) {
    const ticks = Array.from({ length: 6 }, (_, place) => start + place * increment);
    numericTicks(ticks, increment).forEach((text, place) => assert.ok(Math.abs(read(text) - ticks[place]) <= increment * 1e-6, `${text} for ${ticks[place]}`));
  }
});

test("spans have two units", () => {
  assert.deepEqual([0.25, 59, 61, 3700, 90000].map(span), ["0.25 s", "59 s", "1 min 01 s", "1 h 01 min", "1 d 1 h"]);
  assert.deepEqual(spanTicks([0, 1800, 3600], 1800), ["0m", "30m", "1h00"]);
});
