// What was sent from this tab and may not have arrived.
// 1. Forms with autosave (autosave.js keeps their copies). Their copies are forgotten once a page shows that the server took them,
// and stay when the answer was the door or a refusal.
// 2. Every other long form: kept for this tab while it is under way; given back only if the door or a refusal came between.
import { phrase } from "./phrases.js";

const LIST = "sent";

// Whoever signs in next on this device is not shown what another person typed, not even one of the same name.
function who() {
  return document.body.dataset.person ?? "";
}

export function draftKey(form) {
  return `draft:${who()}:${form.dataset.autosave ?? form.dataset.keep}`;
}

function listed() {
  try {
    return JSON.parse(sessionStorage.getItem(LIST)) ?? [];
  } catch {
    return [];
  }
}

export function noteSent(key) {
  try {
    sessionStorage.setItem(LIST, JSON.stringify([...new Set([...listed(), key])]));
  } catch {
    /* a browser that stores nothing: the copy is offered once more, nothing is lost */
  }
}

export function settleSent() {
  const keys = listed();
  if (!keys.length) return;
  const refused = document.body.classList.contains("bare") || document.querySelector("[data-refused]");
  const here = [...document.querySelectorAll("[data-autosave], [data-keep]")].map((form) => draftKey(form));
  try {
    sessionStorage.removeItem(LIST);
    if (!refused) for (const key of keys) if (!here.includes(key)) localStorage.removeItem(key);
  } catch {
    /* nothing stored, nothing to settle */
  }
}

const FORM = "sent-form";
const LONG = 3; // a form with this many fields to type in is worth keeping

function fieldsOf(form) {
  return [...form.elements].filter(
    (field) => field.name && !["hidden", "file", "password", "submit", "button"].includes(field.type) && field.name !== "csrf_token",
  );
}


export function keepForm(form) {
  if (form.dataset.autosave || form.dataset.keep || form.querySelector("[type=password]")) return;
  const fields = fieldsOf(form);
  if (!form.querySelector("textarea") && fields.length < LONG) return;
  const values = fields.map((field) => [field.name, field.value, field.checked === true]);
  try {
    sessionStorage.setItem(FORM, JSON.stringify({ who: who(), action: new URL(form.action).pathname, values }));
  } catch {
    /* a browser that stores nothing */
  }
}

function fill(form, values) {
  const left = new Map();
  for (const [name, value, checked] of values) left.set(name, [...(left.get(name) ?? []), [value, checked]]);
  let changed = false;
  for (const field of fieldsOf(form)) {
    const given = left.get(field.name);
    if (!given) continue;
    const before = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
    if (field.type === "checkbox" || field.type === "radio") field.checked = given.some(([value, on]) => on && value === field.value);
    else field.value = given.shift()?.[0] ?? field.value;
    changed ||= before !== (field.type === "checkbox" || field.type === "radio" ? field.checked : field.value);
  }
  return changed;
}

export function settleForm() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(FORM));
    if (kept && (document.body.classList.contains("bare") || document.querySelector("[data-refused]"))) {
      sessionStorage.setItem(FORM, JSON.stringify({ ...kept, refused: true }));
      return;
    }
    if (!kept?.refused) return sessionStorage.removeItem(FORM);
  } catch {
    return;
  }
  if (kept.who !== who()) return sessionStorage.removeItem(FORM);
  const form = [...document.forms].find((one) => one.method === "post" && new URL(one.action).pathname === kept.action);
  if (!form) return; // not there yet: the way back may lead over another page
  sessionStorage.removeItem(FORM);
  if (!fill(form, kept.values)) return;
  const bar = document.createElement("div");
  bar.className = "flash todo";
  bar.setAttribute("role", "status");
  bar.textContent = phrase("givenBack");
  form.prepend(bar);
}
