import assert from "node:assert/strict";
import test from "node:test";
import { number, numericTicks, roundTicks, span, spanTicks } from "../src/format.js";

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

test("a logarithmic axis keeps powers of ten, and more where there are few", () => {
  const decade = (exponent) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => digit * 10 ** exponent);
  const many = roundTicks([-4, -3, -2, -1, 0].flatMap(decade)).filter((tick) => tick !== null);
  assert.equal(many.length, 5);
  assert.ok(roundTicks(decade(0)).every((tick) => tick !== null));
});

test("spans have two units", () => {
  assert.deepEqual([0.25, 59, 61, 3700, 90000].map(span), ["0.25 s", "59 s", "1 min 01 s", "1 h 01 min", "1 d 1 h"]);
  assert.deepEqual(spanTicks([0, 1800, 3600], 1800), ["0m", "30m", "1h00"]);
});
