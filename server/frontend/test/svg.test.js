import assert from "node:assert/strict";
import test from "node:test";
import { drawCurve } from "../src/lines.js";
import { SvgInk } from "../src/svg.js";

const plane = { x: (value) => value * 10, y: (value) => 100 - value, left: 0, top: 0, right: 100, bottom: 100, ratio: 1 };

test("what is drawn on a canvas comes out as balanced SVG, with the band and the marks", () => {
  const column = (...values) => Float64Array.from(values);
  const curve = { x: column(0, 1, 2), line: column(5, NaN, 7), low: column(4, NaN, 6), high: column(6, NaN, Infinity), smooth: null, nonfinite: 2 };
  const ink = new SvgInk();
  drawCurve(ink, curve, plane, { colour: '"><script>', dash: [2, 2], crowd: 1 });
  const text = ink.text();
  assert.equal(text.match(/<g/g).length, text.match(/<\/g>/g).length);
  assert.ok(!text.includes("<script>"));
  assert.match(text, /clipPath/);
  assert.match(text, /stroke-dasharray="2 2"/);
});

test("boxes of one colour are one path, written inside their group", () => {
  const ink = new SvgInk();
  ink.save();
  ink.fillStyle = "red";
  ink.fillRect(0, 0, 2, 1);
  ink.fillStyle = "blue";
  ink.fillRect(2, 0, 1.234, 1);
  ink.fillStyle = "red";
  ink.fillRect(4, 0, 2, 1);
  ink.restore();
  assert.equal(ink.text(), '<g><path d="M0 0h2v1h-2ZM4 0h2v1h-2Z" fill="red"/><path d="M2 0h1.23v1h-1.23Z" fill="blue"/></g>');
});
