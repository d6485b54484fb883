/**
 * Tells the reader when the server does not answer, and looks for it until it is back; then the page is brought up to date.
 *
 * Whatever asks the server for something does so by `ask`, so that the first request without an answer is noticed; a page that
 * asks for nothing looks now and then. A bar at the foot of the window says since when, and what the page does about it.
 */

import { say } from "./messages.js";

const LOOK_MS = 20_000; // between two looks while all seems well
const RETRY_MS = 3000; // while the server is away
const CONFIRM_MS = 500; // between two requests that say that it is away
const PATIENCE_MS = 10_000; // a server that takes longer is away, too
const GATEWAY = new Set([502, 503, 504]); // what stands before a server says so in its place

let timer = 0;
let isLooking = false;
/** @type {Date|null} since when there was no answer */
let since = null;
let onBack = () => {};

/** As `fetch`. Where no answer comes the page looks for the server. @param {string} address @param {RequestInit} [options] */
export async function ask(address, options) {
  try {
    const answer = await fetch(address, options);
    if (GATEWAY.has(answer.status)) look();
    return answer;
  } catch (error) {
    if (!options?.signal?.aborted) look();
    throw error;
  }
}

/** Notice when the server goes away. @param {() => void} back called when it answers again */
export function watchServer(back) {
  onBack = back;
  for (const name of ["htmx:sendError", "htmx:timeout", "tidelog:silence"]) document.addEventListener(name, look);
  document.addEventListener("htmx:responseError", ({ detail }) => GATEWAY.has(detail.xhr.status) && look());
  document.addEventListener("visibilitychange", look);
  document.addEventListener("submit", holdBack, { capture: true });
  addEventListener("offline", look);
  addEventListener("online", look);
  schedule();
}

/** Look whether the server answers, and say so when that has changed. */
async function look() {
  if (document.hidden) return; // it is looked for when somebody sees the page again
  if (isLooking) return;
  isLooking = true;
  const isThere = await answers();
  isLooking = false;
  if (!isThere) showAway();
  else if (since) welcome();
  schedule();
}

/** Asked twice: one request may fail because the page is being left. */
const answers = async () => (await answersNow()) || (await pause(CONFIRM_MS), answersNow());

/** @param {number} delay_ms */
const pause = (delay_ms) => new Promise((resolve) => setTimeout(resolve, delay_ms));

async function answersNow() {
  try {
    const answer = await fetch("/api/health", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return !GATEWAY.has(answer.status);
  } catch {
    return false;
  }
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? schedule() : look()), since ? RETRY_MS : LOOK_MS);
}

function showAway() {
  const bar = document.querySelector("#away") ?? newBar();
  since ??= new Date();
  const time = since.toLocaleTimeString("en-GB");
  bar.querySelector("span").textContent = navigator.onLine
    ? `The server has not answered since ${time}. This page shows what it knew then. It tries again every ${RETRY_MS / 1000} seconds and goes on by itself.`
    : `This device has been offline since ${time}. This page shows what it knew then, and goes on by itself.`;
}

function newBar() {
  const bar = document.createElement("div");
  bar.id = "away";
  bar.className = "away";
  bar.setAttribute("role", "alert");
  const button = document.createElement("button");
  button.className = "button";
  button.type = "button";
  button.append("Try now");
  button.addEventListener("click", look);
  bar.append(document.createElement("span"), button);
  document.body.append(bar);
  return bar;
}

function welcome() {
  since = null;
  document.querySelector("#away")?.remove();
  say("The server answers again.");
  onBack();
}

/** What somebody wrote would be lost on the browser's own page of errors. @param {At<SubmitEvent, HTMLFormElement>} event */
function holdBack(event) {
  if (!since || event.target.method !== "post") return;
  event.preventDefault();
  event.stopPropagation();
  say("Not sent: the server does not answer. What you wrote stays here.");
  look();
}
