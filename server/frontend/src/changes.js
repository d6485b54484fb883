/** What changed since a chart was loaded: time counts in generations, one for each change. */

const KEPT = 200; // changes; for a chart that is older everything is asked for

export class Changes {
  constructor() {
    this.generation = 0;
    /** @type {Map<number, Set<number>|null>} runs that changed with each generation; null: everything did */
    this.runs = new Map();
  }

  /** @param {number[]|null} runs null: all that charts show may be different */
  add(runs) {
    this.generation++;
    this.runs.set(this.generation, runs && new Set(runs));
    if (this.runs.size > KEPT) this.runs.delete(this.runs.keys().next().value);
  }

  /**
   * The runs that changed after a generation, at least one; null: everything did, or nothing is known to have, and yet it was asked:
   * a chart without data, or one that grew.
   * @param {number} generation
   */
  since(generation) {
    if (!Number.isInteger(generation) || generation < 0) return null;
    const changed = new Set();
    for (let later = generation + 1; later <= this.generation; later++) {
      const runs = this.runs.get(later);
      if (!runs) return null;
      runs.forEach((run) => changed.add(run));
    }
    return changed.size ? [...changed] : null;
  }
}
