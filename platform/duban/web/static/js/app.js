// Entry of every page: loads a part only when the page has something for it.
import { phrase } from "./phrases.js";

const PARTS = [
  ["[data-autosave]", "./autosave.js"],
  ["[data-grid]", "./grid.js"],
  ["[data-chart]", "./charts.js"],
  ["[data-picker]", "./picker.js"],
  ["[data-confirm], [data-menu]", "./confirm.js"],
  ["[data-matrix]", "./matrix.js"],
];

async function wake(root) {
  for (const [selector, file] of PARTS) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.push(root);
    if (found.length) (await import(file)).start(found);
  }
}

const token = document.querySelector('meta[name="csrf-token"]')?.content;
document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) wake(event.detail.elt);
});

// Filters keep the address short: fields left empty are not sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-filters]")) return;
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
});

// A form is sent once: the second press of an impatient finger does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

function showConnection() {
  let bar = document.querySelector(".offline");
  if (navigator.onLine) return bar?.remove();
  if (bar) return;
  bar = document.createElement("div");
  bar.className = "offline";
  bar.setAttribute("role", "status");
  bar.textContent = phrase("offline");
  document.body.append(bar);
}
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);

document.querySelector("[data-focus]")?.focus();
wake(document);

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
