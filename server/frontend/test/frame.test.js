import assert from "node:assert/strict";
import test from "node:test";
import { decodeFrame } from "../src/frame.js";

/** A frame as the server writes it. @param {object} header @param {number[]} numbers */
function frame(header, numbers) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + text.length) / 8) * 8;
  const buffer = new ArrayBuffer(start + numbers.length * 8);
  const view = new DataView(buffer);
  [..."TLF1"].forEach((letter, place) => view.setUint8(place, letter.charCodeAt(0)));
  view.setUint32(4, text.length, true);
  new Uint8Array(buffer).set(text, 8);
  numbers.forEach((number, place) => view.setFloat64(start + place * 8, number, true));
  return buffer;
}

test("columns come back as they were sent, NaN and infinities too", () => {
  for (const path of ["a", "ab", "abc", "ü/🌊", "abcdefgh"]) {
    const series = [
      { run: 1, path, columns: ["step", "value"], buckets: 2, offsets: [0, 2] },
      { run: 2, path, columns: ["step", "value"], buckets: 1, offsets: [4, 5] },
    ];
    const decoded = decodeFrame(frame({ series }, [0, 1, NaN, Infinity, 7, -Infinity]));
    assert.deepEqual([...decoded.series[0].columns.step], [0, 1]);
    assert.deepEqual([...decoded.series[0].columns.value], [NaN, Infinity]);
    assert.deepEqual([...decoded.series[1].columns.value], [-Infinity]);
    assert.equal(decoded.series[0].path, path);
  }
});

test("series may share a column", () => {
  const series = [
    { run: 1, path: "a", columns: ["step", "value"], buckets: 2, offsets: [0, 2] },
    { run: 2, path: "a", columns: ["step", "value"], buckets: 2, offsets: [0, 4] },
  ];
  const [first, second] = decodeFrame(frame({ series }, [0, 1, 2, 3, 4, 5])).series;
  assert.deepEqual([[...first.columns.step], [...first.columns.value]], [[0, 1], [2, 3]]);
  assert.deepEqual([[...second.columns.step], [...second.columns.value]], [[0, 1], [4, 5]]);
});

test("an empty answer has no series", () => {
  assert.deepEqual(decodeFrame(frame({ series: [] }, [])).series, []);
});

test("what is no frame, or was cut short, is refused rather than drawn", () => {
  assert.throws(() => decodeFrame(new TextEncoder().encode('{"error": {}}').buffer));
  assert.throws(() => decodeFrame(new ArrayBuffer(3)));
  const whole = frame({ series: [{ run: 1, path: "a", columns: ["step"], buckets: 3, offsets: [0] }] }, [1, 2, 3]);
  assert.throws(() => decodeFrame(whole.slice(0, whole.byteLength - 8)));
});
