/** Media of a run: one slider for the steps of all series, keys for it, and a picture as large as the window. */

import { onKey } from "./keyboard.js";
import { reload } from "./parts.js";

const PAUSE_MS = 60; // while the slider is drawn, the last place counts
const ZOOMS = [0, 1, 2, 4, 8]; // 0: fitted to the window
let timer = 0;

export function listenToMedia() {
  document.addEventListener("input", (/** @type {At<Event, HTMLInputElement>} */ { target }) => {
    if (target.matches?.("[data-media-slider]")) go(Number(target.value));
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest?.("[data-media-go]");
    if (link) {
      event.preventDefault();
      step(link.dataset.mediaGo);
      return;
    }
    const picture = event.target.closest?.("a.file-image");
    if (!picture) return;
    event.preventDefault();
    openPicture(picture);
  });
  onKey("ArrowLeft ArrowRight", "Step before, next step", ({ key, target }) => {
    if (document.querySelector(".lightbox") || target.closest?.("input, .log, .chart-plot, [tabindex='0']")) return false;
    return step(key === "ArrowLeft" ? "prev" : "next");
  }, "Media");
  collectMedia();
}

/** The slider is of use only here; called again after the part was swapped. */
export function collectMedia() {
  const slider = document.querySelector("[data-media-slider]");
  if (slider) slider.hidden = false;
}

const bar = () => document.querySelector("[data-media-steps]");

/** @param {string} where first, prev, next or last */
function step(where) {
  const steps = bar();
  if (!steps) return false;
  const last = JSON.parse(steps.dataset.mediaSteps).length - 1;
  const place = Number(steps.dataset.mediaPlace);
  go({ first: 0, prev: Math.max(place - 1, 0), next: Math.min(place + 1, last), last }[where], where);
  return true;
}

/** Have all series stand at the step with this place. @param {number} place @param {string} [from] the link that has the focus */
function go(place, from = "") {
  const steps = bar();
  const at = JSON.parse(steps.dataset.mediaSteps)[place];
  if (at === undefined || String(place) === steps.dataset.mediaPlace) return;
  steps.dataset.mediaPlace = String(place);
  const slider = steps.querySelector("[data-media-slider]");
  const isSliding = document.activeElement === slider;
  slider.value = String(place);
  const address = new URL(location.href);
  address.searchParams.set("at", String(at));
  history.replaceState(history.state, "", address);
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await reload(document.getElementById("run-media")).catch(() => {}); // the server is away; the next step tries again
    collectMedia();
    const focus = isSliding ? "[data-media-slider]" : from && `[data-media-go="${from}"]`;
    if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
  }, PAUSE_MS);
}

/** @param {HTMLAnchorElement} picture */
function openPicture(picture) {
  const pictures = [...document.querySelectorAll("a.file-image")];
  let at = pictures.indexOf(picture);
  let zoom = 0;
  const box = document.createElement("dialog");
  box.className = "lightbox";
  box.setAttribute("aria-label", "Picture");
  const image = document.createElement("img");
  const name = Object.assign(document.createElement("span"), { className: "lightbox-name mono" });
  const text = Object.assign(document.createElement("p"), { className: "lightbox-text" });
  const view = Object.assign(document.createElement("div"), { className: "lightbox-view", tabIndex: 0 });
  view.append(image);
  const scale = button("Fit", () => resize(1));
  const show = () => {
    const of = pictures[at].closest("figure, section");
    image.src = pictures[at].href;
    image.alt = pictures[at].querySelector("img").alt;
    name.textContent = of?.querySelector(".media-name, h2")?.textContent.trim() ?? "";
    text.textContent = of?.querySelector(".media-description")?.textContent ?? "";
    resize(0);
  };
  /** @param {number} by 0: fitted again */
  const resize = (by) => {
    zoom = by ? (zoom + by + ZOOMS.length) % ZOOMS.length : 0;
    view.classList.toggle("is-fitted", zoom === 0);
    scale.textContent = zoom ? `${ZOOMS[zoom]} : 1` : "Fit";
    if (zoom) image.width = image.naturalWidth * ZOOMS[zoom];
    else image.removeAttribute("width");
  };
  const move = (by) => {
    at = (at + by + pictures.length) % pictures.length;
    show();
  };
  const head = Object.assign(document.createElement("div"), { className: "lightbox-bar" });
  head.append(name, scale);
  if (pictures.length > 1) head.append(button("‹", () => move(-1), "Picture before"), button("›", () => move(1), "Next picture"));
  head.append(button("Close", () => box.close()));
  const frame = Object.assign(document.createElement("div"), { className: "lightbox-frame" });
  frame.append(head, view, text);
  box.append(frame);
  image.addEventListener("click", () => resize(1));
  box.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") move(-1);
    else if (key === "ArrowRight") move(1);
    else if (key === "+") resize(1);
    else if (key === "-") resize(-1);
  });
  box.addEventListener("close", () => {
    box.remove();
    pictures[at].focus({ preventScroll: true });
  });
  document.body.append(box);
  show();
  box.showModal();
}

/** @param {string} label @param {() => void} act @param {string} [name] read aloud instead of the label */
function button(label, act, name = "") {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: label });
  if (name) made.setAttribute("aria-label", name);
  made.addEventListener("click", act);
  return made;
}
