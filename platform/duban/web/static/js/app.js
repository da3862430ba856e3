// Entry of every page: loads a part only when the page has something for it.
import { phrase, sayAtFile } from "./phrases.js";
import { keepForm, settleForm, settleSent } from "./sent.js";

const PARTS = [
  ["[data-autosave], [data-keep]", "./autosave.js"],
  ["[data-outbox]", "./outbox.js"],
  ["[data-grid]", "./grid.js"],
  ["[data-form]", "./forms.js"],
  ["[data-designer]", "./designer.js"],
  ["[data-chart]", "./charts.js"],
  ["[data-picker]", "./picker.js"],
  ["[data-fits]", "./fits.js"],
  ["[data-keys], [data-ticks]", "./keys.js"],
  ["[data-confirm], [data-menu]", "./confirm.js"],
  ["[data-matrix]", "./matrix.js"],
  ["[data-offline]", "./offline.js"],
  ["[data-when]", "./when.js"],
];

async function wake(root) {
  await Promise.all(
    PARTS.map(async ([selector, file]) => {
      const found = [...root.querySelectorAll(selector)];
      if (root.matches?.(selector)) found.push(root);
      if (found.length) (await import(file)).start(found);
    }),
  );
  document.documentElement.dataset.awake = "1";
}

const token = document.querySelector('meta[name="csrf-token"]')?.content;
document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt === document.body) return;
  nameErrors(event.detail.elt);
  wake(event.detail.elt);
});

// Filters keep the address short: fields left empty are not sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-filters]")) return;
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// "Please fill this in" in the summary says which: the field's own label goes before it.
function nameErrors(root) {
  for (const link of root.querySelectorAll('.errors li a[href^="#"]')) {
    const target = document.getElementById(link.getAttribute("href").slice(1));
    const label = target?.querySelector(":scope > legend") ?? target?.labels?.[0];
    const said = [...(label?.childNodes ?? [])].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())?.data;
    const own = (said ?? target?.getAttribute("aria-label"))?.trim();
    const table = target?.closest("[data-rows]")?.querySelector(":scope > legend")?.firstChild?.data?.trim();
    const name = own && table && own !== table ? `${table} · ${own}` : own; // of a cell: which table's
    if (!name || link.dataset.named || link.textContent.includes(name)) continue;
    link.dataset.named = "1";
    link.prepend(phrase("label", { name }));
  }
}

// A file too big, or of a kind nobody takes, is said where it was chosen, before it travels and before any other part hears of it.
// Photographs that are made smaller on their way (photos.js) may be as big as they like.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.type !== "file") return;
  const files = [...input.files];
  const kinds = input.accept.toLowerCase().split(",").filter((kind) => kind.startsWith("."));
  const wrong = files.map((file) => file.name).filter((name) => kinds.length && name.includes(".") && !kinds.some((kind) => name.toLowerCase().endsWith(kind)));
  const weighed = input.dataset.most ? files.filter((file) => !(input.form?.matches("[data-outbox]") && file.type.startsWith("image/"))) : [];
  const big = weighed.filter((file) => file.size > Number(input.dataset.most)).map((file) => file.name);
  const total = weighed.reduce((sum, file) => sum + file.size, 0);
  const words = wrong.length
    ? phrase("wrongKind", { names: wrong.join(phrase("comma")), kinds: kinds.map((kind) => kind.slice(1).toUpperCase()).join(phrase("comma")) })
    : big.length
    ? phrase("tooBig", { names: big.join(phrase("comma")), limit: input.dataset.mostShown })
    : total > Number(input.dataset.together) ? phrase("tooBigTogether", { limit: input.dataset.togetherShown }) : "";
  sayAtFile(input, words);
  if (!words) return;
  input.value = "";
  event.stopImmediatePropagation();
}, true);

// A form is sent once: the second press of an impatient finger does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  keepForm(form);
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

function arrive() {
  settleSent();
  settleForm();
  nameErrors(document);
  document.querySelector("[data-focus]")?.focus();
  wake(document);
}
arrive();
// another page has taken this one's place
document.addEventListener("duban:page", () => {
  self.htmx?.process(document.body);
  arrive();
});

// Forms kept on the device for the time without a network are the person's who is signed in, and nobody else's.
function settleDevice() {
  const person = document.body.dataset.person;
  try {
    if (document.body.dataset.kept || document.querySelector("[data-offline]")) return; // nobody knows who is signed in
    const owner = localStorage.getItem("forms-of");
    if (owner && owner !== person) navigator.serviceWorker?.controller?.postMessage({ kind: "forget" });
    person ? localStorage.setItem("forms-of", person) : localStorage.removeItem("forms-of");
    if (!person && localStorage.getItem("outbox")) import("./outbox.js").then((outbox) => outbox.noteAtDoor()).catch(() => {});
    if (!person) return;
    if (localStorage.getItem("outbox")) sendWaiting();
    window.addEventListener("online", () => localStorage.getItem("outbox") && sendWaiting());
    window.addEventListener("storage", (event) => event.key === "outbox" && import("./outbox.js").then((outbox) => outbox.heard()));
  } catch {
    /* a browser that stores nothing keeps nothing */
  }
}
function sendWaiting() {
  import("./outbox.js").then((outbox) => outbox.sendElsewhere()).catch(() => {});
}
settleDevice();
document.addEventListener("duban:line", settleDevice); // the page a device kept has become an ordinary one

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
