/** Buttons that copy: the address of what is shown, or a text of their own. */

import { say } from "./messages.js";

export function listenToCopying() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy-link], [data-copy]");
    if (!button) return;
    button.closest("details.menu")?.removeAttribute("open");
    const text = button.dataset.copy ?? location.href;
    try {
      await navigator.clipboard.writeText(text);
      say(button.dataset.copy === undefined ? "The link is copied." : "Copied.");
    } catch {
      say(`Copy this: ${text}`); // the page is not on a secure address
    }
  });
}
