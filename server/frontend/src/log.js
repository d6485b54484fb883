/**
 * The console: a log of any length of which a few pages are in the document, loaded from either end as one scrolls.
 *
 * New lines of a run that is alive are added where the end is in sight; while one follows, the end stays in sight.
 */

import { ask } from "./away.js";
import { onKey } from "./keyboard.js";
import { localiseTimes } from "./times.js";

const MAX_PAGES = 6; // of 500 lines
const NEAR_PX = 800; // from an end of what is loaded, more is loaded
const AT_END_PX = 24;
const PAGE_LINES = 500;
const REFRESH_MS = 700; // between two looks for new lines

/** @type {Log|null} */
let current = null;

/** Find the log of the page; called again after a part of it was swapped. */
export function collectLog() {
  const frame = document.querySelector("[data-log]");
  if (current?.frame === frame) return;
  current = frame ? new Log(frame) : null;
}

/** New points were logged. */
export const refreshLog = () => current?.refresh();

export function listenToLog() {
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest?.("[data-log-follow]")) current?.follow(!current.follows);
    const wrap = target.closest?.("[data-log-wrap]");
    if (wrap && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      toggleWrap(wrap);
    }
  });
  document.addEventListener("change", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (target.closest?.(".console-series")) target.form.requestSubmit();
  });
  onKey("f", "Follow new lines", () => (current?.canFollow ? current.follow(!current.follows) : false), "Console");
  onKey("w", "Wrap long lines, or not", () => {
    const wrap = document.querySelector("[data-log-wrap]");
    return wrap ? toggleWrap(wrap) : false;
  }, "Console");
  collectLog();
}

/** @param {HTMLAnchorElement} link */
function toggleWrap(link) {
  const isUnwrapped = document.querySelector(".log").classList.toggle("is-unwrapped");
  link.textContent = isUnwrapped ? "Wrap" : "No wrap";
  link.setAttribute("aria-label", isUnwrapped ? "Wrap long lines" : "Do not wrap long lines");
  const address = remember("wrap", isUnwrapped ? "off" : "");
  const other = new URL(address);
  if (isUnwrapped) other.searchParams.delete("wrap");
  else other.searchParams.set("wrap", "off");
  link.href = other.pathname + other.search;
}

/** @param {string} name @param {string} value */
function remember(name, value) {
  const address = new URL(location.href);
  if (value) address.searchParams.set(name, value);
  else address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
  return address;
}

class Log {
  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.frame = frame;
    this.source = frame.dataset.log;
    this.isAlive = frame.dataset.logAlive !== undefined;
    this.isLoading = false;
    this.isStale = false;
    this.follows = false;
    this.top = 0;
    this.refreshedAt = 0;
    this.timer = 0;
    for (const nav of document.querySelectorAll("[data-log-nav]")) nav.hidden = true;
    this.button = document.querySelector("[data-log-follow]");
    this.button.hidden = !this.isAlive;
    frame.classList.add("is-scrolled");
    const line = frame.querySelector(".is-target");
    if (line) frame.scrollTop = line.offsetTop - frame.clientHeight / 2;
    else if (!new URL(location.href).searchParams.has("after")) frame.scrollTop = frame.scrollHeight;
    this.top = frame.scrollTop;
    frame.addEventListener("scroll", () => this.scrolled(), { passive: true });
    if (this.isAlive && new URL(location.href).searchParams.get("follow") === "on") this.follow(true);
    requestAnimationFrame(() => this.scrolled());
  }

  get canFollow() {
    return this.isAlive;
  }

  pages() {
    return [...this.frame.querySelectorAll("[data-log-page]")];
  }

  /** Whether the last line of the log is in the document, and in sight. */
  isAtEnd() {
    return !this.pages().at(-1)?.dataset.newer && this.frame.scrollHeight - this.frame.scrollTop - this.frame.clientHeight < AT_END_PX;
  }

  scrolled() {
    const { frame } = this;
    const isUpwards = frame.scrollTop < this.top - 2;
    this.top = frame.scrollTop;
    if (this.follows && isUpwards && !this.isAtEnd()) this.follow(false);
    if (frame.scrollTop < NEAR_PX) this.load("older");
    else if (frame.scrollHeight - frame.scrollTop - frame.clientHeight < NEAR_PX) this.load("newer");
  }

  /** Add the page before or behind what is there, and take away one at the other end. @param {"older"|"newer"} side */
  async load(side) {
    const pages = this.pages();
    const end = side === "older" ? pages[0] : pages.at(-1);
    if (this.isLoading || !end?.dataset[side]) return;
    const where = side === "older" ? `before=${end.dataset.first}` : `after=${end.dataset.last}`;
    const page = await this.fetch(where);
    if (!page) return;
    if (side === "older") {
      this.keepPlace(() => {
        end.before(page);
        this.drop(this.pages().slice(MAX_PAGES), "newer");
      });
    } else {
      this.keepPlace(() => {
        end.after(page);
        end.dataset.newer = "";
        this.drop(this.pages().slice(0, -MAX_PAGES), "older");
      });
    }
    requestAnimationFrame(() => this.scrolled());
  }

  /** @param {HTMLElement[]} pages @param {"older"|"newer"} side where they are missed */
  drop(pages, side) {
    for (const page of pages) page.remove();
    if (!pages.length) return;
    const left = this.pages();
    (side === "older" ? left[0] : left.at(-1)).dataset[side] = "yes";
  }

  /** Change what is above without moving what is in sight. @param {() => void} change */
  keepPlace(change) {
    const { frame } = this;
    const box = frame.getBoundingClientRect();
    const line = [...frame.querySelectorAll(".log-line")].find((one) => one.getBoundingClientRect().bottom > box.top);
    const before = line?.getBoundingClientRect().top ?? 0;
    change();
    if (line?.isConnected) frame.scrollTop += line.getBoundingClientRect().top - before;
    this.top = frame.scrollTop;
  }

  /** Look for new lines, now or when the last look is long enough ago. */
  refresh() {
    if (this.timer || !this.isAlive) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.refreshedAt = Date.now();
      this.extend();
    }, Math.max(0, this.refreshedAt + REFRESH_MS - Date.now()));
  }

  async extend() {
    const last = this.pages().at(-1);
    if (this.isLoading) return this.refresh();
    if (!last) return;
    if (last.dataset.newer) {
      if (this.follows) await this.toEnd();
      return;
    }
    const isAtEnd = this.isAtEnd();
    const page = await this.fetch(last.dataset.last ? `after=${last.dataset.last}` : "");
    if (page?.children.length) {
      if (last.children.length + page.children.length <= PAGE_LINES) {
        last.append(...page.children);
        last.dataset.last = page.dataset.last;
        last.dataset.newer = page.dataset.newer;
        last.dataset.first ||= page.dataset.first;
      } else {
        last.after(page);
        this.drop(this.pages().slice(0, -MAX_PAGES), "older");
      }
    }
    if (this.follows || isAtEnd) this.scrollToEnd();
    if (this.follows && page?.dataset.newer) this.refresh();
  }

  /** Show the newest page alone. */
  async toEnd() {
    const page = await this.fetch("");
    if (!page) return;
    this.frame.replaceChildren(page);
    this.scrollToEnd();
  }

  scrollToEnd() {
    this.frame.scrollTop = this.frame.scrollHeight;
    this.top = this.frame.scrollTop;
  }

  /** @param {boolean} on */
  follow(on) {
    this.follows = on;
    this.button.setAttribute("aria-pressed", String(on));
    remember("follow", on ? "on" : "");
    if (!on) return;
    if (this.pages().at(-1)?.dataset.newer) this.toEnd();
    else this.scrollToEnd();
  }

  /** @param {string} where @returns {Promise<HTMLElement|null>} null where the server is away */
  async fetch(where) {
    this.isLoading = true;
    try {
      const answer = await ask(`${this.source}&${where}`);
      if (!answer.ok) return null;
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const page = holder.content.querySelector("[data-log-page]");
      localiseTimes(holder.content);
      return page;
    } catch {
      return null; // the next scroll, or the next event, tries again
    } finally {
      this.isLoading = false;
    }
  }
}
