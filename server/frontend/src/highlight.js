/** Brings one curve of a chart to the front, on a canvas over the plot, so that the others need not be drawn again. */

import { drawCurve, planeOf } from "./lines.js";

const VEIL = 0.8; // opacity of what is laid over the other curves

export class Highlight {
  constructor() {
    /** @type {HTMLCanvasElement|null} */
    this.canvas = null;
  }

  /**
   * @param {any} plot uPlot's @param {import("./curves.js").Curve[]} curves those of the one entry
   * @param {{colour: string, dash: number[]}} look @param {string} ground the colour behind the chart
   */
  show(plot, curves, look, ground) {
    const canvas = this.canvas ?? this.make(plot);
    const size = plot.ctx.canvas;
    canvas.width = size.width; // clears it, too
    canvas.height = size.height;
    const ink = canvas.getContext("2d");
    const plane = planeOf(plot);
    ink.globalAlpha = VEIL;
    ink.fillStyle = ground;
    ink.fillRect(plane.left, plane.top, plane.right - plane.left, plane.bottom - plane.top);
    ink.globalAlpha = 1;
    for (const curve of curves) drawCurve(ink, curve, plane, { ...look, crowd: 1 });
    canvas.hidden = false;
  }

  hide() {
    if (this.canvas) this.canvas.hidden = true;
  }

  /** uPlot takes the canvas away together with its own elements. */
  forget() {
    this.canvas = null;
  }

  make(plot) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "chart-highlight";
    plot.over.before(this.canvas);
    return this.canvas;
  }
}
