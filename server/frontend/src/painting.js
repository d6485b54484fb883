/** Draws charts a few at a time, so that no frame takes long however many there are. */

const FRAME_MS = 12; // of drawing; a frame has 16
const STILL_MS = 50; // the same until the page is scrolled: nothing moves that could stutter, and every frame costs something besides

/** @typedef {{measure: () => void, draw: () => void}} Drawable */

export class Painting {
  constructor() {
    /** @type {Set<Drawable>} */
    this.waiting = new Set();
    this.isAsked = false;
    this.isStill = true;
    addEventListener("scroll", () => (this.isStill = false), { capture: true, passive: true, once: true });
  }

  /** Draw this soon. @param {Drawable} chart */
  add(chart) {
    this.waiting.add(chart);
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.work();
    });
  }

  /** What waits is new: do not wait for the next frame, unless the page is scrolled, where its time is spoken for. */
  hurry() {
    if (this.isStill) this.work();
  }

  /** Draw what waits, as much as there is time for; the rest in the next frames. */
  work() {
    // All at once: a size that is asked for after something was drawn has the browser lay out the page again.
    for (const chart of this.waiting) chart.measure();
    const end = performance.now() + (this.isStill ? STILL_MS : FRAME_MS);
    for (const chart of this.waiting) {
      this.waiting.delete(chart);
      chart.draw();
      if (performance.now() >= end) break;
    }
    const [next] = this.waiting;
    if (next) this.add(next);
  }
}
