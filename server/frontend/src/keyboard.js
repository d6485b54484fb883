/**
 * Keys that work on every page. A module that has keys of its own adds them by `onKey`, so that the help lists them all.
 */

/** @typedef {{keys: string, does: string, act?: (event: At<KeyboardEvent>) => boolean|void, group: string}} Binding */

/** @type {Binding[]} */
const bindings = [];

/**
 * Have a key do something. `act` returns false where it does not apply, and the next one of the same key is tried.
 * @param {string} keys one character, or several with spaces between @param {string} does for the help
 * @param {((event: At<KeyboardEvent>) => boolean|void)|undefined} act absent where another module listens itself
 */
export const onKey = (keys, does, act, group = "Anywhere") => void bindings.push({ keys, does, act, group });

export function listenToKeyboard() {
  onKey("1 2 3 4 5 6 7 8 9", "Go to a tab", ({ key }) => press(tabs()[Number(key) - 1]));
  onKey("/", "Filter, or find", () => focus(document.querySelector("[data-shortcut='/'], input[type=search]")));
  onKey("?", "Show the keys", () => toggleHelp());
  onKey("j", "Next run", () => moveTo(1), "Table");
  onKey("k", "Run before", () => moveTo(-1), "Table");
  onKey("x", "Open or close the eye of the run: its curves in charts", () => press(here()?.querySelector(".cell-eye input")), "Table");
  onKey("t", "Tick the run", () => press(here()?.querySelector(".cell-tick input")), "Table");
  onKey("Enter", "Open the run", () => document.activeElement === here() && press(here().querySelector(".run-link")), "Table");
  onKey("p", "Pin the column of the head that has the focus", () => pinFocused(), "Table");
  onKey("l", "Logarithmic y axis", undefined, "Charts");
  onKey("s", "Smoothing", undefined, "Charts");
  onKey("r", "Whole range again", undefined, "Charts");
  document.addEventListener("keydown", hear);
}

/** @param {At<KeyboardEvent>} event */
function hear(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]") && event.key !== "?") return;
  for (const { keys, act } of bindings) {
    if (!act || !keys.split(" ").includes(event.key)) continue;
    if (act(event) === false) continue;
    event.preventDefault();
    return;
  }
}

/** @param {EventTarget|null} target */
const isTyping = (target) => target instanceof Element && target.matches("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

/** The tabs of the page, or else the layouts of the table. */
const tabs = () => {
  const found = [...document.querySelectorAll(".tabs .tab")];
  return found.length ? found : [...document.querySelectorAll(".layouts .segment")];
};

/** @param {HTMLElement|null|undefined} element */
function press(element) {
  if (!element) return false;
  element.click();
  return true;
}

/** @param {HTMLInputElement|null} box */
function focus(box) {
  if (!box) return false;
  box.focus();
  box.select?.();
  return true;
}

/** The row of the table that has the focus, or in which something has. @returns {HTMLElement|null} */
const here = () => document.activeElement?.closest?.("#runs .run-row") ?? null;

/** @param {number} by */
function moveTo(by) {
  const rows = [...document.querySelectorAll("#runs .run-row")];
  if (!rows.length) return false;
  const at = rows.indexOf(here());
  const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function pinFocused() {
  const head = document.activeElement?.closest?.("#runs thead th[data-column]");
  if (!head) return false;
  head.dispatchEvent(new CustomEvent("tidelog:pin", { bubbles: true }));
  return true;
}

function toggleHelp() {
  const old = document.querySelector("#keys");
  if (old) {
    old.close();
    return true;
  }
  const help = document.createElement("dialog");
  help.id = "keys";
  help.className = "dialog";
  help.setAttribute("aria-labelledby", "keys-title");
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = "Keys";
  help.append(title);
  for (const group of new Set(bindings.map((binding) => binding.group))) help.append(groupOf(group));
  const close = document.createElement("button");
  close.className = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => help.close());
  help.append(close);
  help.addEventListener("close", () => help.remove());
  document.body.append(help);
  help.showModal();
  return true;
}

/** What stands on the keys that have a longer name. */
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** @param {string} group */
function groupOf(group) {
  const part = document.createElement("section");
  const title = document.createElement("h3");
  title.textContent = group;
  const list = document.createElement("dl");
  list.className = "keys";
  for (const { keys, does } of bindings.filter((binding) => binding.group === group)) {
    const term = document.createElement("dt");
    const all = keys.split(" ").map((key) => Object.assign(document.createElement("kbd"), { textContent: SIGNS[key] ?? key }));
    term.append(...(all.length > 3 ? [all[0], " to ", all.at(-1)] : all));
    list.append(term, Object.assign(document.createElement("dd"), { textContent: does }));
  }
  part.append(title, list);
  return part;
}
