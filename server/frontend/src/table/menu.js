/** Small menus that a script opens beside a button, and the buttons they are made of. */

const SPRITE = () => document.body.dataset.sprite;

/** @param {string} name of the sprite's picture */
export function icon(name) {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg class="icon icon-${name}" width="16" height="16" aria-hidden="true" focusable="false"><use/></svg>`;
  holder.content.querySelector("use").setAttribute("href", `${SPRITE()}#${name}`);
  return holder.content.firstChild;
}

/** @param {string} text @param {() => void} act */
export function button(text, act, { label = "", icon: picture = "", name = "button" } = {}) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  if (picture) made.append(icon(picture));
  if (text) made.append(text);
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    act();
  });
  return made;
}

/**
 * Open a menu below an element; null among the items is a line between them, a third part says whether an item is on.
 * @param {HTMLElement} anchor @param {([string, () => void, boolean?]|null)[]} items @param {string} label
 */
export function openMenu(anchor, items, label) {
  closeMenu();
  const menu = /** @type {FoundBy[".popup"]} */ (document.createElement("div"));
  menu.className = "menu-panel popup";
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", label);
  for (const item of items) {
    if (!item) {
      menu.append(document.createElement("hr"));
      continue;
    }
    const [text, act, isOn] = item;
    const entry = button(text, () => {
      closeMenu();
      act();
    }, { name: "menu-item" });
    entry.setAttribute("role", isOn === undefined ? "menuitem" : "menuitemcheckbox");
    if (isOn !== undefined) entry.setAttribute("aria-checked", String(isOn));
    menu.append(entry);
  }
  (anchor.closest("main") ?? document.body).append(menu);
  const box = anchor.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8))}px`;
  menu.addEventListener("keydown", (event) => moveFocus(event, menu, anchor));
  menu.querySelector("button").focus();
  const outside = ({ target }) => !menu.contains(target) && closeMenu();
  document.addEventListener("pointerdown", outside, { capture: true, signal: signalOf(menu) });
  anchor.setAttribute("aria-expanded", "true");
  menu.anchor = anchor;
}

const signals = new WeakMap();

function signalOf(menu) {
  const controller = new AbortController();
  signals.set(menu, controller);
  return controller.signal;
}

export function closeMenu() {
  for (const menu of document.querySelectorAll(".popup")) {
    signals.get(menu)?.abort();
    menu.anchor?.removeAttribute("aria-expanded");
    menu.remove();
  }
}

/** @param {KeyboardEvent} event @param {HTMLElement} menu @param {HTMLElement} anchor */
function moveFocus(event, menu, anchor) {
  const entries = [...menu.querySelectorAll("button")];
  const at = entries.findIndex((entry) => entry === document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    entries.at(to % entries.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu();
    anchor.focus();
  }
}
