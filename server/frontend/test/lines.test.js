import assert from "node:assert/strict";
import { test } from "node:test";
import { drawAbandoned, drawCurve } from "../src/lines.js";

const plane = { x: (value) => value, y: (value) => 100 - value, left: 0, top: 0, right: 100, bottom: 100, ratio: 1 };

/** A canvas that notes the paths that are stroked and filled. */
function notebook() {
  const paths = { stroked: [], filled: 0, widths: new Set(), dashes: [], opacities: [] };
  let path = [];
  const ink = {
    save() {}, restore() {}, clip() {}, rect() {}, closePath() {}, arc() {},
    beginPath: () => (path = []),
    moveTo: (x, y) => path.push(["move", x, y]),
    lineTo: (x, y) => path.push(["line", x, y]),
    setLineDash: (dash) => dash.length && paths.dashes.push(dash),
    stroke() {
      paths.stroked.push(path);
      paths.widths.add(this.lineWidth);
      paths.opacities.push(this.globalAlpha);
    },
    fill: () => (paths.filled += path.length),
  };
  return { ink, paths };
}

const buckets = (low, high) => ({
  x: Float64Array.from(low.keys()),
  low: Float64Array.from(low),
  high: Float64Array.from(high),
  line: Float64Array.from(low, (value, i) => (value + high[i]) / 2),
  smooth: null,
  nonfinite: 0,
});

test("among very many runs a line goes through the least and the greatest value of every bucket, in one path", () => {
  const { ink, paths } = notebook();
  drawCurve(ink, buckets([10, 20, 5], [30, 90, 6]), plane, { colour: "red", dash: [6, 3], crowd: 100 });
  assert.equal(paths.stroked.length, 1);
  const at = (place) => paths.stroked[0].filter(([, x]) => x === place).map(([, , y]) => 100 - y).sort((a, b) => a - b);
  assert.deepEqual([at(0), at(1), at(2)], [[10, 30], [20, 90], [5, 6]]);
  assert.deepEqual([...paths.widths], [1]);
  assert.deepEqual(paths.dashes, []);
});

test("a bucket without a number is a gap among many runs, too", () => {
  const { ink, paths } = notebook();
  drawCurve(ink, buckets([10, NaN, 5], [30, NaN, 6]), plane, { colour: "red", dash: [], crowd: 100 });
  assert.equal(paths.stroked[0].filter(([kind]) => kind === "move").length, 2);
});

test("among several runs the extremes stand behind the line of means, each a pixel wide", () => {
  const { ink, paths } = notebook();
  drawCurve(ink, buckets([10, 20], [30, 90]), plane, { colour: "red", dash: [6, 3], crowd: 20 });
  assert.equal(paths.stroked.length, 2);
  assert.deepEqual(paths.stroked[1].map(([, , y]) => 100 - y), [20, 55]);
  assert.deepEqual([...paths.widths], [1]);
  assert.deepEqual(paths.dashes, [[6, 3]]);
});

test("a few runs have bands, and lines of more than a pixel", () => {
  const { ink, paths } = notebook();
  drawCurve(ink, buckets([10, 20], [30, 90]), plane, { colour: "red", dash: [], crowd: 3 });
  assert.ok(paths.filled > 0);
  assert.ok(paths.widths.has(1.5));
});

test("what a later attempt left behind is dashed and faint, in the colour of its run", () => {
  const { ink, paths } = notebook();
  drawAbandoned(ink, { x: Float64Array.of(2, 3), line: Float64Array.of(10, 20), low: null, high: null, smooth: null, nonfinite: 0 }, plane, "red");
  assert.deepEqual(paths.stroked, [[["move", 2, 90], ["line", 3, 80]]]);
  assert.equal(paths.dashes.length, 1);
  assert.ok(paths.opacities.every((opacity) => opacity < 1));
  assert.equal(ink.strokeStyle, "red");
  assert.equal(ink.globalAlpha, 1);
});

test("a point has a dot where the curve itself leaves room for it", () => {
  const dotsOf = (count, step) => {
    const { ink, paths } = notebook();
    const x = Float64Array.from({ length: count }, (_, i) => i * step);
    drawCurve(ink, { x, line: x, low: x, high: x, smooth: null, nonfinite: 0 }, plane, { colour: "red", dash: [], crowd: 1 });
    return paths.filled;
  };
  assert.equal(dotsOf(5, 20), 5 + dotsOf(5, 2)); // as many points on a tenth of the width stand too close together
});
