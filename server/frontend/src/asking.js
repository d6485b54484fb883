/** Asks the server for the data of charts. */

import { ask } from "./away.js";

/** Ask the server. What it refuses would be refused again. @param {object} asked @param {AbortSignal} signal @returns {Promise<{frame?: ArrayBuffer, refusal?: string}>} */
export async function post(asked, signal) {
  const answer = await ask("/api/charts", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/vnd.tidelog.frame" },
    body: JSON.stringify(asked),
    signal,
  });
  if (answer.status >= 400 && answer.status < 500) {
    const refusal = await answer.json().then(({ error }) => error?.message, () => "");
    return { refusal: refusal || "could not be loaded" };
  }
  if (!answer.ok) throw new Error(`charts: ${answer.status}`);
  const frame = await answer.arrayBuffer();
  signal.throwIfAborted();
  return { frame };
}

/** The runs in portions of which none is empty. @param {number[]} runs @param {number} most in one portion */
export function portionsOf(runs, most) {
  const portions = [];
  for (let from = 0; from < runs.length; from += most) portions.push(runs.slice(from, from + most));
  return portions;
}
