/** The palette: Ctrl-K (or Cmd-K) opens it from anywhere, typing finds, arrow keys choose, Enter goes there. */

import { reload } from "./parts.js";
import { atRest } from "./rest.js";

const PAUSE_MS = 120;

export function openPaletteOnKey() {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.querySelector("#palette"));
  if (dialog) new Palette(dialog);
}

class Palette {
  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.dialog = dialog;
    this.input = /** @type {HTMLInputElement} */ (dialog.querySelector("input[name=q]"));
    this.find = atRest(() => this.ask(), PAUSE_MS);
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        this.toggle();
      }
    });
    for (const link of document.querySelectorAll("[data-opens-palette]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.toggle();
      });
    }
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("keydown", (event) => this.press(event));
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside the box
  }

  toggle() {
    if (this.dialog.open) {
      this.dialog.close();
      return;
    }
    this.dialog.showModal();
    this.input.select();
    this.find();
  }

  async ask() {
    const query = new URLSearchParams({ q: this.input.value });
    await reload(this.results, `/search?${query}`).catch(() => {}); // the server is away: the old results stay
    this.choose(0);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const at = this.options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown") this.choose(at + 1);
    else if (event.key === "ArrowUp") this.choose(at - 1);
    else if (event.key === "Enter" && at >= 0) this.options[at].click();
    else return;
    event.preventDefault();
  }

  /** @param {number} place counted round from either end */
  choose(place) {
    const options = this.options;
    options.forEach((option) => (option.ariaSelected = "false"));
    const chosen = options.at(options.length ? place % options.length : 0);
    this.input.setAttribute("aria-activedescendant", chosen?.id ?? "");
    if (!chosen) return;
    chosen.ariaSelected = "true";
    chosen.scrollIntoView({ block: "nearest" });
  }

  get results() {
    return this.dialog.querySelector("#palette-results");
  }

  /** @returns {HTMLAnchorElement[]} */
  get options() {
    return [...this.dialog.querySelectorAll("[role=option]")];
  }
}
