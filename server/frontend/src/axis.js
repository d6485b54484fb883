/** The x axis in one word. @param {import("./view.js").View} view */
export const axisOf = (view) => (view.x === "metric" ? `metric ${view.xPath}` : view.x);
