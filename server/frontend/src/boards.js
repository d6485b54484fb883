/** All boards of a page: made where the HTML has one, kept while parts of the page are swapped. */

import { Board } from "./board.js";

/** @type {Map<string, Board>} by the id of the element */
const boards = new Map();

/** Find the boards of the page; called again after a part of it was swapped. */
export function collectBoards() {
  for (const root of document.querySelectorAll("[data-board]")) {
    const board = boards.get(root.id);
    if (board) board.collect(root);
    else boards.set(root.id, new Board(root));
  }
  for (const [id, board] of boards) {
    if (document.getElementById(id)) continue;
    board.leave();
    boards.delete(id);
  }
}

/** New points were logged in these runs; null: perhaps in any. @param {number[]|null} runs */
export const refreshBoards = (runs) => boards.forEach((board) => board.refresh(runs));

/** Draw what is drawn in the colours of the theme that is on now, without waiting for a frame. */
export const drawAllAtOnce = () => boards.forEach((board) => board.drawAtOnce());

/** The board and the chart that an element stands in. @param {Element|null} element */
export function chartAt(element) {
  const figure = element?.closest("figure.chart");
  const board = figure && boards.get(figure.closest("[data-board]")?.id);
  const chart = board && board.items.get(figure);
  return chart ? { board, chart } : null;
}

/** The board whose view the page's address holds. */
export const pageBoard = () => [...boards.values()].find((board) => board.root.dataset.view === undefined) ?? null;
