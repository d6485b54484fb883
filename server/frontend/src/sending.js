/** Sends changes to the API. */

import { ask } from "./away.js";
import { say } from "./messages.js";

/**
 * Send a change. Where it does not work, a message says why.
 * @param {"POST"|"PATCH"} method @param {string} address @param {object} body @returns {Promise<boolean>} whether it worked
 */
export async function send(method, address, body) {
  try {
    const answer = await ask(address, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) return true;
    const problem = await answer.json().catch(() => ({}));
    say(problem.message ?? problem.error?.message ?? `That did not work (${answer.status}).`);
  } catch {
    say("The server cannot be reached. Nothing was changed.");
  }
  return false;
}
