/** Draws charts a few at a time, so that no frame takes long however many there are. */

const FRAME_MS = 12; // of drawing; a frame has 16

export class Painting {
  constructor() {
    /** @type {Set<{draw: () => void}>} */
    this.waiting = new Set();
    this.isAsked = false;
  }

  /** Draw this soon. @param {{draw: () => void}} chart */
  add(chart) {
    this.waiting.add(chart);
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => this.work());
  }

  work() {
    this.isAsked = false;
    const end = performance.now() + FRAME_MS;
    for (const chart of this.waiting) {
      this.waiting.delete(chart);
      chart.draw();
      if (performance.now() >= end) break;
    }
    if (this.waiting.size) {
      const [next] = this.waiting;
      this.add(next);
    }
  }
}
