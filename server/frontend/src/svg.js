/** A drawing context that writes SVG: what lines.js draws on a canvas comes out as paths. */

export class SvgInk {
  constructor() {
    this.parts = [];
    this.path = "";
    this.fillStyle = this.strokeStyle = "black";
    this.lineWidth = this.globalAlpha = 1;
    this.lineJoin = "round";
    this.dash = [];
    this.clips = 0;
    this.open = 0;
    /** @type {Map<string, string>} by colour, boxes that are not written yet: one path for all of a colour */
    this.boxes = new Map();
  }

  text() {
    this.writeBoxes();
    return this.parts.join("");
  }

  save() {
    this.writeBoxes();
    this.parts.push("<g>");
    this.open++;
  }

  restore() {
    this.writeBoxes();
    this.parts.push("</g>".repeat(this.open));
    this.open = 0;
    this.dash = [];
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  lineTo(x, y) {
    this.path += `L${short(x)} ${short(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  rect(x, y, width, height) {
    this.path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  }

  /** Boxes that do not lie over one another: they are written by colour. */
  fillRect(x, y, width, height) {
    const box = `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
    this.boxes.set(this.fillStyle, (this.boxes.get(this.fillStyle) ?? "") + box);
  }

  writeBoxes() {
    for (const [colour, path] of this.boxes) this.parts.push(`<path d="${path}" fill="${escaped(colour)}"/>`);
    this.boxes.clear();
  }

  /** Only whole circles. */
  arc(x, y, radius) {
    this.path += `M${short(x - radius)} ${short(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
  }

  clip() {
    const id = `clip-${++this.clips}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath><g clip-path="url(#${id})">`);
    this.open++;
  }

  fill() {
    if (this.path) this.parts.push(`<path d="${this.path}" fill="${escaped(this.fillStyle)}" fill-opacity="${this.globalAlpha}" stroke="none"/>`);
  }

  stroke() {
    if (!this.path) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.parts.push(`<path d="${this.path}" fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${this.lineWidth}" stroke-opacity="${this.globalAlpha}" stroke-linejoin="${this.lineJoin}"${dash}/>`);
  }

  setLineDash(dash) {
    this.dash = dash;
  }
}

/** @param {number} value */
const short = (value) => Number(value.toFixed(2));

/** @param {string} text */
export const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
