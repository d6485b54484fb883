/** Saved views: names for addresses of the table, shared with everybody who may see the project. */

import { tablePart } from "./address.js";
import { say } from "../messages.js";
import { ask } from "../away.js";

export function listenToViews() {
  const menu = document.querySelector("#views");
  if (!menu || !tablePart()) return;
  const part = menu.querySelector("#saved-views");
  const { viewsAddress } = part.dataset;
  const load = async () => {
    const answer = await ask(viewsAddress, { headers: { "HX-Request": "true", "HX-Target": "saved-views" } }).catch(() => null);
    if (answer?.ok) part.innerHTML = await answer.text();
  };
  menu.addEventListener("toggle", () => menu.open && load());
  part.addEventListener("submit", async (/** @type {At<SubmitEvent, HTMLFormElement>} */ event) => {
    event.preventDefault();
    const form = event.target;
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    if (form.matches("[data-save-view]")) body.set("address", location.search.replace(/^\?/, ""));
    const answer = await ask(form.action, { method: "POST", headers: { "HX-Request": "true", "HX-Target": "saved-views" }, body }).catch(() => null);
    if (!answer?.ok) return say("The view could not be saved.");
    part.innerHTML = await answer.text();
    if (form.matches("[data-save-view]")) say(`The view ${body.get("name")} is saved.`);
  });
}
