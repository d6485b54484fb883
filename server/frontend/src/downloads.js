/** A chart as a file: a picture (PNG, SVG) as it is shown, or its numbers (CSV) as it was drawn from them. */

import { planeOf } from "./lines.js";
import { SvgInk, escaped } from "./svg.js";

const HEAD_PX = 26;
const LEGEND_ROW_PX = 18;
const MAX_NAMED = 12;

/** @param {import("./chart.js").Chart|import("./heatmap.js").HeatMap} chart @param {"png"|"svg"|"csv"} kind */
export async function download(chart, kind) {
  const blob = kind === "png" ? await pngOf(chart) : new Blob([kind === "svg" ? svgOf(chart) : csvOf(chart)], { type: kind === "svg" ? "image/svg+xml" : "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${chart.title.replace(/[^\w.-]+/g, "_").slice(0, 80)}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What the numbers of a CSV are: every point, or buckets. @param {import("./board.js").Item} chart */
export function csvNote(chart) {
  const curves = chart.shownCurves();
  const points = curves.reduce((sum, curve) => sum + curve.points, 0);
  const rows = curves.reduce((sum, curve) => sum + curve.x.length, 0);
  if (curves.some((curve) => curve.n)) return `${rows.toLocaleString("en-US")} buckets of groups`;
  return curves.some((curve) => curve.low)
    ? `${rows.toLocaleString("en-US")} buckets of ${points.toLocaleString("en-US")} points; zoom in for single points`
    : `every point, ${points.toLocaleString("en-US")}`;
}

/** @param {import("./board.js").Item} chart */
function csvOf(chart) {
  const curves = chart.shownCurves();
  const names = [...new Set(curves.flatMap((curve) => Object.keys(curve.series.columns)))];
  const isSmoothed = curves.some((curve) => curve.smooth);
  const head = ["name", "label", "path", "kind", ...names, ...(isSmoothed ? ["smoothed"] : [])];
  const lines = [head.join(",")];
  for (const curve of curves) {
    const entry = chart.entries.get(curve.key);
    const { columns } = curve.series;
    const kind = "value" in columns ? "point" : "n" in columns ? "bucket of a group" : "bucket";
    const start = [entry?.name ?? "", entry?.label ?? "", curve.series.path ?? chart.title, kind].map(quoted).join(",");
    for (let i = 0; i < curve.x.length; i++) {
      const row = names.map((name) => (columns[name] ? columns[name][i] : ""));
      if (isSmoothed) row.push(curve.smooth ? curve.smooth[i] : "");
      lines.push(`${start},${row.join(",")}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A text that a spreadsheet would take for a formula gets a quote in front. @param {string} text */
function quoted(text) {
  const plain = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** @param {import("./board.js").Item} chart @returns {Promise<Blob>} */
function pngOf(chart) {
  const ratio = window.devicePixelRatio || 1;
  const plot = chart.plot.ctx.canvas;
  const named = namedEntries(chart);
  const canvas = document.createElement("canvas");
  canvas.width = plot.width;
  canvas.height = plot.height + (HEAD_PX + named.length * LEGEND_ROW_PX) * ratio;
  const ink = canvas.getContext("2d");
  const { ground, ink: text } = chart.board.theme;
  ink.fillStyle = ground;
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.fillStyle = text;
  ink.font = `600 ${13 * ratio}px system-ui, sans-serif`;
  ink.fillText(chart.title, 10 * ratio, 18 * ratio);
  ink.drawImage(plot, 0, HEAD_PX * ratio);
  ink.font = `${11 * ratio}px system-ui, sans-serif`;
  named.forEach((entry, row) => {
    const top = plot.height + (HEAD_PX + row * LEGEND_ROW_PX) * ratio;
    ink.fillStyle = entry.colour;
    ink.fillRect(10 * ratio, top + 5 * ratio, 14 * ratio, 3 * ratio);
    ink.fillStyle = text;
    ink.fillText(entry.name, 30 * ratio, top + 11 * ratio);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** @param {import("./board.js").Item} chart */
function namedEntries(chart) {
  const keys = new Set(chart.shownCurves().map((curve) => curve.key));
  return chart.entries.size > 1 ? [...chart.entries.values()].filter(({ key }) => keys.has(key)).slice(0, MAX_NAMED) : [];
}

/** @param {import("./board.js").Item} chart */
function svgOf(chart) {
  const { plot, board } = chart;
  const ratio = window.devicePixelRatio || 1;
  const plane = { ...planeOf(plot) };
  const ink = new SvgInk();
  chart.drawOn(ink, plane);
  const named = namedEntries(chart);
  const [width, height] = [plot.width, plot.height + HEAD_PX + named.length * LEGEND_ROW_PX];
  const legend = named.map((entry, row) => {
    const top = HEAD_PX + plot.height + row * LEGEND_ROW_PX;
    return `<rect x="10" y="${top + 5}" width="14" height="3" fill="${escaped(entry.colour)}"/><text x="30" y="${top + 11}">${escaped(entry.name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="${escaped(board.theme.ink)}">`,
    `<title>${escaped(chart.title)}</title><rect width="100%" height="100%" fill="${escaped(board.theme.ground)}"/>`,
    `<text x="10" y="18" font-size="13" font-weight="600">${escaped(chart.title)}</text>`,
    `<g transform="translate(0 ${HEAD_PX})">${axesOf(plot, plane, ratio, board.theme.grid)}<g transform="scale(${1 / ratio})">${ink.text()}</g></g>`,
    ...legend,
    "</svg>",
  ].join("\n");
}

/** Grid, where there is one, and labels where uPlot has put them. */
function axesOf(plot, plane, ratio, grid) {
  const [left, top, right, bottom] = [plane.left, plane.top, plane.right, plane.bottom].map((pixels) => pixels / ratio);
  const parts = [];
  plot.axes.forEach((axis, side) => {
    const ticks = axis._splits ?? [];
    const labels = axis._values ?? [];
    ticks.forEach((tick, place) => {
      if (tick === null) return;
      const at = (side ? plane.y(tick) : plane.x(tick)) / ratio;
      if (axis.grid.show) parts.push(`<path d="${side ? `M${left} ${at}H${right}` : `M${at} ${top}V${bottom}`}" stroke="${escaped(grid)}"/>`);
      const lines = String(labels[place] ?? "").split("\n");
      lines.forEach((line, row) => {
        parts.push(side ? `<text x="${left - 5}" y="${at + 4}" text-anchor="end">${escaped(line)}</text>` : `<text x="${at}" y="${bottom + 15 + row * 13}" text-anchor="middle">${escaped(line)}</text>`);
      });
    });
  });
  return parts.join("");
}
