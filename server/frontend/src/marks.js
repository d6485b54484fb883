/** Events and comments of runs, to be marked on the x axis. */

import { ask } from "./away.js";

/** @typedef {{run: number, kind: string, level: string, time_ms: number, start_ms: number, step: number|null, title: string, text: string, author: string|null}} Mark */

const FIRST_MS = 250; // after the charts were asked for: these come first
const PAUSE_MS = 5000; // between two questions while a run is being logged

export class Marks {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Mark[]} */
    this.found = [];
    this.runs = "";
    this.askedAt = 0;
    this.isWaiting = false;
  }

  /** @param {number[]} runs */
  follow(runs) {
    const wanted = runs.join(" ");
    if (wanted === this.runs) return;
    this.runs = wanted;
    setTimeout(() => this.load(), FIRST_MS);
  }

  /** Ask again, now or after a pause. */
  refresh() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    setTimeout(() => this.load(), Math.max(0, this.askedAt + PAUSE_MS - Date.now()));
  }

  async load() {
    this.isWaiting = false;
    this.askedAt = Date.now();
    const { runs } = this;
    const query = runs.split(" ").map((run) => `run=${run}`).join("&");
    const answer = runs ? await ask(`/api/marks?${query}`).catch(() => null) : null; // without it charts lack marks, nothing else
    if (!answer?.ok || runs !== this.runs) return;
    const { marks } = await answer.json();
    if (JSON.stringify(marks) === JSON.stringify(this.found)) return;
    this.found = marks;
    this.onChange();
  }
}
