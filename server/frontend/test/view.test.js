import assert from "node:assert/strict";
import test from "node:test";

globalThis.addEventListener ??= () => {}; // the module listens to the browser's history
const { OwnView, rangeTexts, readView, smoothingIn } = await import("../src/view.js");

const view = (address) => readView(new URLSearchParams(address));

test("a page may begin with another x axis than steps", () => {
  const x = (address) => readView(new URLSearchParams(address), "relative").x;
  assert.deepEqual(["", "x=step", "x=time", "x=nothing"].map(x), ["relative", "step", "time", "relative"]);
});

test("an empty address is the default, and what is wrong is left at it", () => {
  const usual = view("");
  assert.deepEqual([usual.x, usual.y, usual.from, usual.smooth, usual.outliers, usual.tails, usual.only], ["step", "linear", null, null, true, true, null]);
  assert.deepEqual(view("x=nonsense&y=cubic&from=9&to=1&smooth=ema:-1&smooth=x&range=1:0:a&range=:::"), usual);
});

test("all of the view is in the address", () => {
  const found = view("x=metric:train/a:b&y=log&from=0.5&to=9&smooth=gaussian:20&outliers=ignore&marks=hide&tails=off&band=range&range=0:1.5:a:b/c&hide=P-1&hide=P-2&only=P-3&full=train/loss");
  assert.deepEqual([found.x, found.xPath, found.y, found.from, found.to], ["metric", "train/a:b", "log", 0.5, 9]);
  assert.deepEqual(found.smooth, { kind: "gaussian", amount: 20 });
  assert.deepEqual([found.outliers, found.marks, found.tails, found.band, found.only, found.full], [false, false, false, "range", "P-3", "train/loss"]);
  assert.deepEqual([...found.ranges], [["a:b/c", [0, 1.5]]]);
  assert.deepEqual(rangeTexts(found.ranges), ["0:1.5:a:b/c"]);
  assert.deepEqual([...found.hidden], ["P-1", "P-2"]);
});

test("smoothing stays within what its kind allows", () => {
  assert.deepEqual(smoothingIn("ema:7"), { kind: "ema", amount: 0.999 });
  assert.equal(smoothingIn("toString:1"), null);
});

test("a board of its own keeps its view to itself, and tells who listens", () => {
  const own = new OwnView("x=relative&y=log");
  const seen = [];
  own.listen((now) => seen.push(now.y));
  own.change({ y: "linear" });
  assert.deepEqual(seen, ["linear"]);
  assert.equal(own.current().x, "relative");
});
