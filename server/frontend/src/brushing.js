/** Parallel coordinates: a stretch of an axis that is chosen leaves only the runs that pass through it. */

const ZONE_PX = 26; // width of what can be dragged, around an axis
const LEAST_PX = 3;
const STEP_PX = 10;
const SVG = "http://www.w3.org/2000/svg";

/** Forms of a comparison are sent as soon as something else is chosen. */
export function listenToAsked() {
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("[data-asked]");
    if (form) form.requestSubmit();
  });
  for (const name of ["DOMContentLoaded", "htmx:afterSettle"]) document.addEventListener(name, prepare);
  prepare();
}

function prepare() {
  for (const place of document.querySelectorAll("[data-brush]:not([data-ready])")) {
    place.dataset.ready = "";
    new Brushes(place);
  }
}

class Brushes {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.svg = place.querySelector("svg");
    this.words = document.querySelector("[data-brushed]");
    this.lines = [...this.svg.querySelectorAll("polyline")].map((line) => ({
      mark: line.closest("a") ?? line,
      spots: new Map(line.getAttribute("points").split(" ").map((spot) => spot.split(",").map(Number)).map(([x, y]) => [x, y])),
    }));
    /** @type {Map<number, [number, number]>} the stretch that is chosen of each axis, by its x */
    this.chosen = new Map();
    for (const axis of this.svg.querySelectorAll(".plot-axis")) this.addZone(axis);
  }

  /** @param {SVGPathElement} axis */
  addZone(axis) {
    const { x, y, height } = axis.getBBox();
    const name = this.nameAt(x);
    const brush = element("rect", { class: "brush", x: x - ZONE_PX / 4, width: ZONE_PX / 2, y: 0, height: 0, visibility: "hidden" });
    const zone = element("rect", { class: "brush-zone", x: x - ZONE_PX / 2, width: ZONE_PX, y, height, tabindex: 0, role: "slider", "aria-label": `Stretch of ${name}`, "aria-valuetext": "all", "aria-valuenow": 0 });
    this.svg.append(brush, zone);
    const key = [...this.spotsAt()].find((spot) => Math.abs(spot - x) < 0.6) ?? x;
    const set = (from, to) => {
      const [low, high] = [Math.max(y, Math.min(from, to)), Math.min(y + height, Math.max(from, to))];
      if (high - low < LEAST_PX) this.chosen.delete(key);
      else this.chosen.set(key, [low, high]);
      const isChosen = this.chosen.has(key);
      brush.setAttribute("visibility", isChosen ? "visible" : "hidden");
      brush.setAttribute("y", String(low));
      brush.setAttribute("height", String(Math.max(high - low, 0)));
      zone.setAttribute("aria-valuetext", isChosen ? `${Math.round((100 * (high - low)) / height)} % of the axis` : "all");
      this.show();
    };
    zone.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      zone.setPointerCapture(event.pointerId);
      const from = this.yOf(event);
      const move = (moved) => set(from, this.yOf(moved));
      set(from, from);
      zone.addEventListener("pointermove", move);
      zone.addEventListener("pointerup", () => zone.removeEventListener("pointermove", move), { once: true });
    });
    zone.addEventListener("keydown", (event) => {
      const [low, high] = this.chosen.get(key) ?? [y, y + height];
      const moves = { ArrowUp: [low, high - STEP_PX], ArrowDown: [low + STEP_PX, high], Escape: [0, 0] }[event.key];
      if (!moves) return;
      event.preventDefault();
      set(...moves);
    });
  }

  *spotsAt() {
    for (const { spots } of this.lines) yield* spots.keys();
  }

  nameAt(x) {
    const names = [...this.svg.querySelectorAll(".plot-name")];
    return names.find((name) => Math.abs(Number(name.getAttribute("x")) - x) < 1)?.textContent ?? "an axis";
  }

  /** @param {PointerEvent} event */
  yOf(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return point.y;
  }

  show() {
    let shown = 0;
    for (const { mark, spots } of this.lines) {
      const isIn = [...this.chosen].every(([x, [low, high]]) => spots.has(x) && spots.get(x) >= low && spots.get(x) <= high);
      mark.classList.toggle("is-brushed-out", !isIn);
      if (isIn) shown++;
    }
    if (this.words) this.words.textContent = this.chosen.size ? `${shown} of ${this.lines.length} runs pass.` : "";
  }
}

/** @param {string} name @param {Record<string, string|number>} attributes */
function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
