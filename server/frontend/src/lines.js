/** Draws curves on a canvas: the band from least to greatest, the line, marks where a value is no number. */

const BAND_OPACITY = 0.22;
const OUTLINE_OPACITY = 0.4;
const OUTLINE_PX = 0.75;
const EXTREMES_OPACITY = 0.3; // of the lines from least to greatest, behind the means
const BEHIND = 0.28; // the raw line behind a smoothed one
const SEVERAL = 12; // curves, from which on lines are one pixel wide: a canvas without a graphics card draws those 30 times as fast
const MANY = 40; // curves, from which on a line goes through the extremes of every bucket: bands would drown one another
const LINE_PX = 1.5;
const DOT_ROOM_PX = 10; // for each point: where there is so much, it gets a dot
const DOT_PX = 2;
const MARK_PX = 4;
const ABANDONED_OPACITY = 0.7; // of what a later attempt left behind, beside the curve
const ABANDONED_DASH = [2, 3];

/**
 * @typedef {{colour: string, dash: number[], crowd: number}} Ink
 * @typedef {{x: (v: number) => number, y: (v: number) => number, left: number, top: number, right: number, bottom: number, ratio: number}} Plane
 */

/** Positions on uPlot's canvas, in its pixels. @param {any} plot @returns {Plane} */
export function planeOf(plot) {
  const { left, top, width, height } = plot.bbox;
  const { x, y } = plot.scales;
  const isLog = y.distr === 3;
  const scaled = isLog ? Math.log10 : (value) => value;
  const yLow = scaled(y.min);
  const xFactor = width / (x.max - x.min);
  const yFactor = height / (scaled(y.max) - yLow);
  const bottom = top + height;
  return {
    x: (value) => left + (value - x.min) * xFactor,
    // On a logarithmic axis what is not above zero lies below everything.
    y: (value) => (isLog && value <= 0 ? bottom + height : bottom - (scaled(value) - yLow) * yFactor),
    left, top, right: left + width, bottom,
    ratio: window.devicePixelRatio || 1,
  };
}

/** @param {CanvasRenderingContext2D} ink @param {import("./curves.js").Curve} curve @param {Plane} plane @param {Ink} style */
export function drawCurve(ink, curve, plane, style) {
  ink.save();
  clipTo(ink, plane);
  ink.fillStyle = ink.strokeStyle = style.colour;
  ink.lineJoin = "round";
  if (style.crowd < SEVERAL) drawAmongFew(ink, curve, plane, style);
  else drawAmongMany(ink, curve, plane, style);
  ink.globalAlpha = 1;
  drawMarks(ink, curve, plane);
  ink.restore();
}

/** Nothing is drawn beyond the axes but the half of a dot on its edge. @param {CanvasRenderingContext2D} ink @param {Plane} plane */
function clipTo(ink, { left, top, right, bottom, ratio }) {
  const edge = DOT_PX * ratio;
  ink.beginPath();
  ink.rect(left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge);
  ink.clip();
}

/**
 * What a later attempt left behind of a curve: faint, and dashed, so that nobody takes it for the curve.
 * @param {CanvasRenderingContext2D} ink @param {import("./curves.js").Curve} curve @param {Plane} plane @param {string} colour
 */
export function drawAbandoned(ink, curve, plane, colour) {
  ink.save();
  clipTo(ink, plane);
  ink.fillStyle = ink.strokeStyle = colour;
  ink.lineJoin = "round";
  if (curve.low && curve.high) {
    ink.globalAlpha = BAND_OPACITY * ABANDONED_OPACITY;
    drawBand(ink, curve, plane);
  }
  ink.globalAlpha = ABANDONED_OPACITY;
  ink.lineWidth = plane.ratio;
  ink.setLineDash(ABANDONED_DASH.map((length) => length * plane.ratio));
  drawLine(ink, curve.x, curve.smooth ?? curve.line, plane);
  ink.setLineDash([]);
  drawMarks(ink, curve, plane);
  ink.globalAlpha = 1;
  ink.restore();
}

/** A band with an outline, and a line of a width that one sees well. */
function drawAmongFew(ink, curve, plane, { crowd, dash }) {
  if (curve.low && curve.high) {
    // Where many bands lie over one another each is fainter, or the lines would drown.
    const share = Math.min(1, 4 / crowd);
    ink.globalAlpha = BAND_OPACITY * share;
    drawBand(ink, curve, plane);
    // The outline keeps a spike visible that is one pixel wide.
    ink.globalAlpha = OUTLINE_OPACITY * Math.max(0.5, share);
    ink.lineWidth = OUTLINE_PX * plane.ratio;
    ink.stroke();
  }
  if (curve.smooth) {
    ink.globalAlpha = BEHIND;
    ink.lineWidth = OUTLINE_PX * plane.ratio;
    drawLine(ink, curve.x, curve.line, plane);
  }
  ink.globalAlpha = 1;
  ink.lineWidth = LINE_PX * plane.ratio;
  ink.setLineDash(dash.map((length) => length * plane.ratio));
  drawLine(ink, curve.x, curve.smooth ?? curve.line, plane);
  ink.setLineDash([]);
}

/** The same with lines of one pixel alone: from the least to the greatest of each bucket, and through the means. */
function drawAmongMany(ink, curve, plane, { crowd, dash }) {
  const isCrowded = crowd >= MANY;
  const hasExtremes = Boolean(curve.low && curve.high);
  ink.lineWidth = 1;
  ink.globalAlpha = curve.smooth ? BEHIND : isCrowded ? 1 : EXTREMES_OPACITY;
  if (hasExtremes) drawExtremes(ink, curve, plane);
  else if (curve.smooth) drawLine(ink, curve.x, curve.line, plane);
  if (isCrowded && hasExtremes && !curve.smooth) return; // its extremes are its line
  ink.globalAlpha = 1;
  // Nobody tells dashes apart among so many lines; the one under the pointer is drawn with its own.
  if (!isCrowded) ink.setLineDash(dash.map((length) => length * plane.ratio));
  drawLine(ink, curve.x, curve.smooth ?? curve.line, plane);
  ink.setLineDash([]);
}

/** One path through the least and the greatest value of every bucket, there and back, so that neighbours join where they are near. */
function drawExtremes(ink, { x, low, high }, plane) {
  ink.beginPath();
  let isOpen = false;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(low[i])) { isOpen = false; continue; }
    const left = plane.x(x[i]);
    const start = inside(plane, plane.y(i % 2 ? low[i] : high[i]));
    if (isOpen) ink.lineTo(left, start);
    else ink.moveTo(left, start);
    const stop = inside(plane, plane.y(i % 2 ? high[i] : low[i]));
    ink.lineTo(left, stop === start ? stop + 0.5 : stop); // a single value is a dot at least
    isOpen = true;
  }
  ink.stroke();
}

/** A place that is at most just outside of the plot: canvases do odd things far away. @param {Plane} plane @param {number} top */
const inside = (plane, top) => Math.max(plane.top - 1, Math.min(plane.bottom + 1, top));

/** @param {CanvasRenderingContext2D} ink @param {import("./curves.js").Curve} curve @param {Plane} plane */
function drawBand(ink, { x, low, high }, plane) {
  ink.beginPath();
  for (let from = 0; from < x.length; ) {
    if (Number.isNaN(low[from])) { from++; continue; }
    let to = from;
    while (to < x.length && !Number.isNaN(low[to])) to++;
    ink.moveTo(plane.x(x[from]) - 0.5, inside(plane, plane.y(high[from])));
    for (let i = from; i < to; i++) ink.lineTo(plane.x(x[i]), inside(plane, plane.y(high[i])));
    for (let i = to - 1; i >= from; i--) ink.lineTo(plane.x(x[i]), inside(plane, plane.y(low[i])));
    ink.closePath();
    from = to;
  }
  ink.fill();
}

/** @param {CanvasRenderingContext2D} ink @param {Float64Array} x @param {Float64Array} line @param {Plane} plane */
function drawLine(ink, x, line, plane) {
  // By the room of the curve itself: what was left behind at the end of another one stands close together.
  const hasDots = (x.length - 1) * DOT_ROOM_PX * plane.ratio <= Math.abs(plane.x(x[x.length - 1]) - plane.x(x[0]));
  const dots = [];
  ink.beginPath();
  let isOpen = false;
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(line[i])) { isOpen = false; continue; }
    const left = plane.x(x[i]);
    const top = plane.y(line[i]);
    if (isOpen) ink.lineTo(left, top);
    else ink.moveTo(left, top);
    const isAlone = !isOpen && !(i + 1 < x.length && Number.isFinite(line[i + 1]));
    if (hasDots || isAlone) dots.push([left, top]);
    isOpen = true;
  }
  ink.stroke();
  ink.beginPath();
  for (const [left, top] of dots) {
    ink.moveTo(left, top);
    ink.arc(left, top, (hasDots ? DOT_PX : 1.5) * plane.ratio, 0, 2 * Math.PI);
  }
  ink.fill();
}

/**
 * A triangle at the edge for an infinite value, a cross at the bottom for NaN: a gap alone would hide them.
 * @param {CanvasRenderingContext2D} ink @param {import("./curves.js").Curve} curve @param {Plane} plane
 */
function drawMarks(ink, { x, line, low, high, nonfinite }, plane) {
  if (!nonfinite) return;
  const size = MARK_PX * plane.ratio;
  let lastNaN = -Infinity;
  for (let i = 0; i < x.length; i++) {
    const left = plane.x(x[i]);
    if ((high ?? line)[i] === Infinity) triangle(ink, left, plane.top, size);
    if ((low ?? line)[i] === -Infinity) triangle(ink, left, plane.bottom, -size);
    if (Number.isNaN((low ?? line)[i]) && left - lastNaN > size) {
      lastNaN = left;
      ink.beginPath();
      ink.moveTo(left - size / 2, plane.bottom - size - size / 2);
      ink.lineTo(left + size / 2, plane.bottom - size / 2);
      ink.moveTo(left - size / 2, plane.bottom - size / 2);
      ink.lineTo(left + size / 2, plane.bottom - size - size / 2);
      ink.stroke();
    }
  }
}

/** @param {CanvasRenderingContext2D} ink @param {number} left @param {number} edge @param {number} size */
function triangle(ink, left, edge, size) {
  ink.beginPath();
  ink.moveTo(left, edge);
  ink.lineTo(left - size, edge + 1.5 * size);
  ink.lineTo(left + size, edge + 1.5 * size);
  ink.closePath();
  ink.fill();
}
