/** Conditions put together by choosing, written into the filter's box in the query language. */

import { changeTable, shownColumns, tablePart } from "./address.js";
import { button } from "./menu.js";
import { ask } from "../away.js";

const OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "CONTAINS", "NOT CONTAINS", "MATCHES", "NOT MATCHES", "exists"];
const SYSTEM = ["sys/state", "sys/name", "sys/id", "sys/tags", "sys/creation_time", "sys/owner", "sys/hostname"];

/** Let the panel of conditions write the filter. */
export function listenToBuilder() {
  const menu = document.querySelector("#builder");
  if (!menu || !tablePart()) return;
  const rows = menu.querySelector("[data-builder-rows]");
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    const conditions = JSON.parse(menu.dataset.conditions);
    menu.querySelector("[data-builder-involved]").hidden = conditions !== null;
    rows.replaceChildren(...(conditions?.length ? conditions : [{ subject: "", operator: "=", value: "" }]).map(rowOf));
    offerPaths(menu);
    rows.querySelector("input").focus();
  });
  menu.querySelector("[data-builder-add]").addEventListener("click", () => {
    rows.append(rowOf({ subject: "", operator: "=", value: "" }));
    rows.lastElementChild.querySelector("input").focus();
  });
  const apply = () => {
    const q = [...rows.children].map(conditionOf).filter(Boolean).join(" AND ");
    document.querySelector("#query").value = q;
    menu.open = false;
    changeTable({ q, unfold: null, within: null });
  };
  menu.querySelector("[data-builder-apply]").addEventListener("click", apply);
  rows.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    apply();
  });
  document.addEventListener("tidelog:table", () => {
    const written = document.querySelector("#runs")?.dataset.conditions;
    if (written) menu.dataset.conditions = written;
  });
}

/** @param {{subject: string, operator: string, value: string}} condition */
function rowOf({ subject, operator, value }) {
  const row = document.createElement("div");
  row.className = "builder-row";
  const attribute = field("text", "Attribute", subject.replace(/^`([^`]*)`$/, "$1"));
  attribute.setAttribute("list", "builder-paths");
  attribute.placeholder = "attribute";
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", "Comparison");
  for (const one of OPERATORS) choice.add(new Option(one, one, false, one === operator));
  const wanted = field("text", "Value", value);
  wanted.placeholder = 'number, text or true';
  const toggle = () => (wanted.hidden = choice.value === "exists");
  choice.addEventListener("change", toggle);
  toggle();
  row.append(attribute, choice, wanted, button("", () => row.remove(), { label: "Remove this condition", icon: "close", name: "icon-button" }));
  return row;
}

function field(type, label, value) {
  const made = document.createElement("input");
  made.type = type;
  made.className = "mono";
  made.setAttribute("aria-label", label);
  made.autocomplete = "off";
  made.spellcheck = false;
  made.value = value;
  return made;
}

/** The condition of a row in the query language; empty while no attribute is named. @param {Element} row */
function conditionOf(row) {
  const [attribute, value] = row.querySelectorAll("input");
  const operator = row.querySelector("select").value;
  const subject = subjectOf(attribute.value.trim());
  if (!subject) return "";
  return operator === "exists" ? `exists(${subject})` : `${subject} ${operator} ${literalOf(value.value, operator)}`;
}

/** @param {string} text as it was typed: a path, an aggregate, or either as the language writes it */
function subjectOf(text) {
  if (!text) return "";
  const aggregate = /^(last|min|max|mean|average|avg|variance|count)\s*\((.+)\)$/is.exec(text);
  if (aggregate) return `${aggregate[1].toLowerCase()}(${subjectOf(aggregate[2].trim())})`;
  if (/^`(?:[^`]|``)*`(:\w+)?$/.test(text)) return text;
  const typed = /^(.*?):(float|int|bool|string|datetime|stringSet|floatSeries|runState)$/s.exec(text);
  const [path, type] = typed ? [typed[1], `:${typed[2]}`] : [text, ""];
  return `\`${path.replaceAll("`", "``")}\`${type}`;
}

/** Numbers, true and false as they are, everything else as a text. @param {string} text @param {string} operator */
function literalOf(text, operator = "=") {
  const value = text.trim();
  const isText = /CONTAINS|MATCHES/.test(operator);
  if (/^"(?:[^"\\]|\\.)*"$/s.test(value)) return value;
  if (!isText && (/^(true|false)$/i.test(value) || /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))) return value;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** @param {Element} menu */
async function offerPaths(menu) {
  const list = menu.querySelector("datalist");
  const offer = (paths) => list.replaceChildren(...[...new Set(paths)].map((path) => new Option(path, path)));
  offer([...shownColumns(), ...SYSTEM]);
  const answer = await ask(document.querySelector("#columns").dataset.columnsAddress, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  offer([...SYSTEM, ...[...holder.content.querySelectorAll("[data-path]")].map(({ dataset }) => dataset.path)]);
}
